"""Chain signatures: secp256k1 over a 32-byte digest, 65 bytes r || s || v, recovered to an Ethereum address."""

from __future__ import annotations

import coincurve

from carbonledger.errors import BadSignature, Malformed
from carbonledger.keccak import keccak256

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNATURE_SIZE = 65


def address(public: bytes) -> bytes:
    """The 20-byte address of a SEC1 public key (33 bytes compressed or 65 uncompressed)."""
    if len(public) not in (33, 65):
        raise Malformed("not a secp256k1 public key", expected="33 or 65 bytes", found=f"{len(public)} bytes")
    try:
        point = coincurve.PublicKey(public).format(compressed=False)
    except ValueError as error:
        raise Malformed("not a secp256k1 public key", expected="a point of the curve", found=public.hex()) from error
    return keccak256(point[1:])[12:]


def public_key(private: bytes) -> bytes:
    """The compressed public key, 33 bytes, of a 32-byte private key."""
    return bytes(_private(private).public_key.format(compressed=True))


def sign_digest(private: bytes, digest: bytes) -> bytes:
    """Signs a 32-byte digest with a 32-byte key (RFC 6979, low s): 65 bytes r || s || v, v 27 or 28."""
    signature = _private(private).sign_recoverable(_digest(digest), hasher=None)
    if signature[64] > 1:  # r above the group order: once in 2^127
        raise Malformed("the signature cannot be written with v 27 or 28", found=signature[64])
    return bytes(signature[:64]) + bytes([27 + signature[64]])


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address that signed the digest.

    Raises Malformed for another length or v than 27 and 28; BadSignature for r or s out of range, a high s, or
    a signature from which no key follows.
    """
    return address(recover_public_key(digest, signature))


def recover_public_key(digest: bytes, signature: bytes) -> bytes:
    """As `recover`, but the compressed public key, 33 bytes."""
    _digest(digest)
    if len(signature) != SIGNATURE_SIZE:
        raise Malformed(
            "the signature has the wrong length", expected="65 bytes r, s, v", found=f"{len(signature)} bytes"
        )
    if signature[64] not in (27, 28):
        raise Malformed("the signature's v is out of range", expected="27 or 28", found=signature[64])
    require_low_s(signature[:64], ORDER)
    try:
        point = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception where no key follows
        raise BadSignature("no key can have made the signature", found=signature.hex()) from error
    return bytes(point.format(compressed=True))


def require_low_s(signature: bytes, order: int) -> None:
    """BadSignature unless 0 < r < order and 0 < s <= order / 2, for 64 bytes r || s."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < order and 0 < s < order):
        raise BadSignature(
            "r or s of the signature is out of range", expected="1 to the group order - 1", found=signature.hex()
        )
    if s > order // 2:
        raise BadSignature(
            "s of the signature is high",
            expected="at most half the group order",
            found=f"{s:064x}",
            remedy="Negate s when taking it in",
        )


def _private(private: bytes) -> coincurve.PrivateKey:
    if len(private) != 32 or not 0 < int.from_bytes(private, "big") < ORDER:
        raise Malformed(
            "not a secp256k1 private key", expected="32 bytes, 1 to the group order - 1", found=f"{len(private)} bytes"
        )
    return coincurve.PrivateKey(private)


def _digest(digest: bytes) -> bytes:
    if len(digest) != 32:
        raise Malformed("the digest has the wrong length", expected="32 bytes", found=f"{len(digest)} bytes")
    return digest
