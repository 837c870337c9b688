"""Signing keys: the closed list of algorithms, key ids, verification, and keys at rest under a passphrase.

Signatures are 64 bytes in all algorithms: Ed25519 (RFC 8032), or ECDSA over SHA-256 as r || s with low s. Key
pairs are drawn from the system only in `PrivateKey.generate`, salts only where a key is put at rest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import coincurve
import nacl.bindings
import nacl.exceptions
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from carbonledger import numbered, secp256k1
from carbonledger.errors import BadSignature, Malformed, Refused, Unknown
from carbonledger.keccak import keccak256
from carbonledger.numbered import numbers

ALGORITHMS = numbers(numbered.ALGORITHMS)
SIGNATURE_SIZE = 64
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_ORDERS = {"es256": P256_ORDER, "es256k": secp256k1.ORDER}
_KEY_ID_PREFIX = b"carbonledger/key/v1\0"
_MAX_SCRYPT_N = 1 << 20
_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def algorithm_name(number: int) -> str:
    """The name of an algorithm's number; Unknown if there is none."""
    if number not in numbered.ALGORITHMS:
        raise Unknown("no signature algorithm has this number", expected=sorted(numbered.ALGORITHMS), found=number)
    return numbered.ALGORITHMS[number]


def low_s(algorithm: str, signature: bytes) -> bytes:
    """The low-s twin of an ECDSA signature, 64 bytes r || s, for taking in what devices make; others unchanged."""
    order = _ORDERS.get(_supported(algorithm))
    if order is None or len(signature) != SIGNATURE_SIZE:
        return signature
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (order - s).to_bytes(32, "big") if order // 2 < s < order else signature


@dataclass(frozen=True)
class PublicKey:
    """A public key that was checked when it was made.

    `data` is 32 bytes for Ed25519 (canonical, of prime order: then libsodium, OpenSSL and WebCrypto agree on every
    signature) and a 33-byte compressed SEC1 point otherwise. Raises Malformed for other bytes, Unknown for other
    algorithms, Refused for `sm2-sm3`, which this build does not have.
    """

    algorithm: str
    data: bytes
    _key: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", _load(_supported(self.algorithm), self.data))

    @property
    def number(self) -> int:
        """The algorithm's number, 1 to 4."""
        return ALGORITHMS[self.algorithm]

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256("carbonledger/key/v1" || 0x00 || u8 algorithm || public key): 32 bytes."""
        return hashlib.sha256(_KEY_ID_PREFIX + bytes([self.number]) + self.data).digest()

    @property
    def short_id(self) -> bytes:
        """The first 8 bytes of the key id: how evidence names the key."""
        return self.key_id[:8]

    @property
    def address(self) -> bytes:
        """The 20-byte Ethereum address; Malformed unless the key is of secp256k1."""
        if self.algorithm != "es256k":
            raise Malformed("only a secp256k1 key has an address", expected="es256k", found=self.algorithm)
        return secp256k1.address(self.data)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises BadSignature unless `signature`, 64 bytes, is this key's over `message`."""
        if len(signature) != SIGNATURE_SIZE:
            raise BadSignature(
                "the signature has the wrong length", expected="64 bytes", found=f"{len(signature)} bytes"
            )
        if self.algorithm == "ed25519":
            try:
                nacl.bindings.crypto_sign_open(signature + message, self.data)
            except nacl.exceptions.BadSignatureError as error:
                raise self._refuse() from error
            return
        secp256k1.require_low_s(signature, _ORDERS[self.algorithm])
        der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        if self.algorithm == "es256":
            try:
                self._key.verify(der, message, _ES256)
            except InvalidSignature as error:
                raise self._refuse() from error
        elif not self._key.verify(der, message):
            raise self._refuse()

    def _refuse(self) -> BadSignature:
        return BadSignature(
            f"the {self.algorithm} signature does not verify", expected=f"one by key {self.short_id.hex()}"
        )


@dataclass(frozen=True)
class PrivateKey:
    """A private key of 32 bytes: the Ed25519 seed, or the big-endian scalar. It never shows itself in `repr`."""

    algorithm: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        order = _ORDERS.get(_supported(self.algorithm))
        if len(self.seed) != 32 or (order is not None and not 0 < int.from_bytes(self.seed, "big") < order):
            raise Malformed(
                f"not an {self.algorithm} private key",
                expected="32 bytes, 1 to the group order - 1",
                found=f"{len(self.seed)} bytes",
            )

    @classmethod
    def generate(cls, algorithm: str, entropy: Callable[[int], bytes] = os.urandom) -> PrivateKey:
        """A new key from `entropy`, the system's by default."""
        while True:  # a draw outside the group order has a chance of 2^-32 (P-256) or 2^-127
            seed = entropy(32)
            order = _ORDERS.get(_supported(algorithm))
            if order is None or 0 < int.from_bytes(seed, "big") < order:
                return cls(algorithm, seed)

    @classmethod
    def from_seed(cls, algorithm: str, seed: bytes) -> PrivateKey:
        """The key of these 32 bytes."""
        return cls(algorithm, seed)

    @cached_property
    def public(self) -> PublicKey:
        """Its public key."""
        if self.algorithm == "ed25519":
            return PublicKey(self.algorithm, nacl.bindings.crypto_sign_seed_keypair(self.seed)[0])
        if self.algorithm == "es256k":
            return PublicKey(self.algorithm, secp256k1.public_key(self.seed))
        point = self._p256.public_key()
        return PublicKey(
            self.algorithm,
            point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint),
        )

    @cached_property
    def _p256(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.seed, "big"), ec.SECP256R1())

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same for the same message (RFC 8032, RFC 6979), with low s."""
        if self.algorithm == "ed25519":
            return bytes(nacl.bindings.crypto_sign(message, self.seed + self.public.data)[:SIGNATURE_SIZE])
        if self.algorithm == "es256k":
            return secp256k1.sign_digest(self.seed, hashlib.sha256(message).digest())[:SIGNATURE_SIZE]
        r, s = decode_dss_signature(self._p256.sign(message, _ES256))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")

    def to_pem(self, passphrase: bytes) -> bytes:
        """PKCS#8 PEM encrypted under the passphrase, for Ed25519 and P-256."""
        if self.algorithm == "es256k":
            raise Refused("a secp256k1 key is not kept as PEM", expected="a keystore", remedy="Use to_keystore")
        if not passphrase:
            raise Refused(
                "a private key is not written without a passphrase", expected="at least one byte", found="none"
            )
        key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
        key = ed25519.Ed25519PrivateKey.from_private_bytes(self.seed) if self.algorithm == "ed25519" else self._p256
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes) -> PrivateKey:
        """The inverse of `to_pem`; Refused for another passphrase or a file without one, Malformed otherwise."""
        try:
            key = serialization.load_pem_private_key(pem, passphrase)
        except TypeError as error:
            raise Refused(
                "the private key is not encrypted", expected="encrypted PKCS#8 PEM", remedy="Encrypt it"
            ) from error
        except ValueError as error:
            raise Refused(
                "the private key cannot be opened", expected="encrypted PKCS#8 PEM and its passphrase"
            ) from error
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls("ed25519", key.private_bytes_raw())
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls("es256", key.private_numbers().private_value.to_bytes(32, "big"))
        raise Malformed("the PEM holds a key of another kind", expected="Ed25519 or P-256", found=type(key).__name__)

    def to_keystore(self, passphrase: bytes, n: int = 1 << 17, entropy: Callable[[int], bytes] = os.urandom) -> bytes:
        """Web3 Secret Storage version 3 (scrypt, r 8, p 1; AES-128-CTR) as JSON, for secp256k1."""
        if self.algorithm != "es256k":
            raise Refused(
                "only a secp256k1 key is kept in a keystore",
                expected="es256k",
                found=self.algorithm,
                remedy="Use to_pem",
            )
        if not passphrase:
            raise Refused(
                "a private key is not written without a passphrase", expected="at least one byte", found="none"
            )
        salt, iv, name = entropy(32), entropy(16), bytearray(entropy(16))
        name[6], name[8] = name[6] & 0x0F | 0x40, name[8] & 0x3F | 0x80  # RFC 9562: a version 4 UUID
        derived = _scrypt(passphrase, salt, n, 8, 1)
        ciphertext = _aes_ctr(derived[:16], iv, self.seed)
        h = name.hex()
        return json.dumps(
            {
                "address": self.public.address.hex(),
                "crypto": {
                    "cipher": "aes-128-ctr",
                    "cipherparams": {"iv": iv.hex()},
                    "ciphertext": ciphertext.hex(),
                    "kdf": "scrypt",
                    "kdfparams": {"dklen": 32, "n": n, "p": 1, "r": 8, "salt": salt.hex()},
                    "mac": keccak256(derived[16:32] + ciphertext).hex(),
                },
                "id": f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}",
                "version": 3,
            }
        ).encode()

    @classmethod
    def from_keystore(cls, data: bytes, passphrase: bytes) -> PrivateKey:
        """Opens a version 3 keystore with scrypt; Refused for another passphrase, Malformed for another form."""
        try:
            document = json.loads(data)
            crypto, parameters = document["crypto"], document["crypto"]["kdfparams"]
            shape = (document["version"], crypto["kdf"], crypto["cipher"], parameters["dklen"])
            n, r, p = (int(parameters[name]) for name in ("n", "r", "p"))
            salt, iv, ciphertext, mac = (
                bytes.fromhex(text)
                for text in (parameters["salt"], crypto["cipherparams"]["iv"], crypto["ciphertext"], crypto["mac"])
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Malformed("not a keystore", expected="Web3 Secret Storage version 3") from error
        if shape != (3, "scrypt", "aes-128-ctr", 32) or len(ciphertext) != 32 or len(iv) != 16:
            raise Malformed(
                "a keystore of another kind", expected="version 3, scrypt, aes-128-ctr, 32 bytes", found=shape
            )
        derived = _scrypt(passphrase, salt, n, r, p)
        if not hmac.compare_digest(keccak256(derived[16:32] + ciphertext), mac):
            raise Refused("the keystore cannot be opened", expected="its passphrase")
        key = cls("es256k", _aes_ctr(derived[:16], iv, ciphertext))
        if "address" in document and str(document["address"]).lower().removeprefix("0x") != key.public.address.hex():
            raise Malformed(
                "the keystore names another address", expected=key.public.address.hex(), found=document["address"]
            )
        return key


def _supported(algorithm: str) -> str:
    if algorithm == "sm2-sm3":
        raise Refused("this build has no sm2-sm3", expected="ed25519, es256 or es256k", remedy="Enrol a key of these")
    if algorithm not in ALGORITHMS:
        raise Unknown("not a signature algorithm", expected=", ".join(ALGORITHMS), found=repr(algorithm))
    return algorithm


def _load(algorithm: str, data: bytes) -> Any:
    size = 32 if algorithm == "ed25519" else 33
    if len(data) != size:
        raise Malformed(f"not an {algorithm} public key", expected=f"{size} bytes", found=f"{len(data)} bytes")
    if algorithm == "ed25519":
        if not nacl.bindings.crypto_core_ed25519_is_valid_point(data):
            raise Malformed("not an ed25519 public key", expected="a canonical point of prime order", found=data.hex())
        return None
    try:
        if algorithm == "es256":
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
        return coincurve.PublicKey(data)
    except ValueError as error:
        raise Malformed(f"not an {algorithm} public key", expected="a point of the curve", found=data.hex()) from error


def _scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    if not (1 < n <= _MAX_SCRYPT_N and n & (n - 1) == 0 and 1 <= r <= 8 and 1 <= p <= 8):
        raise Malformed(
            "scrypt parameters out of range", expected="n a power of two to 2^20, r and p to 8", found=(n, r, p)
        )
    return hashlib.scrypt(passphrase, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=128 * n * r + (1 << 21))


def _aes_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    transform = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return transform.update(data) + transform.finalize()
