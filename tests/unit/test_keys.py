"""Keys: ids, what is refused, signatures that stay the same, and keys at rest."""

from __future__ import annotations

import contextlib
import json
from hashlib import sha256

import pytest
from eth_account import Account

from carbonledger import keys, secp256k1
from carbonledger.errors import BadSignature, Malformed, Refused, Unknown
from carbonledger.keys import PrivateKey, PublicKey

SEED = sha256(b"meter 1").digest()
ALGORITHMS = ["ed25519", "es256", "es256k"]


@pytest.mark.parametrize(("algorithm", "number", "size"), [("ed25519", 1, 32), ("es256", 2, 33), ("es256k", 3, 33)])
def test_the_key_id_covers_algorithm_and_key(algorithm: str, number: int, size: int) -> None:
    public = PrivateKey.from_seed(algorithm, SEED).public
    assert (public.number, len(public.data)) == (number, size)
    assert public.key_id == sha256(b"carbonledger/key/v1\x00" + bytes([number]) + public.data).digest()
    assert public.short_id == public.key_id[:8]
    assert keys.algorithm_name(number) == algorithm


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_deterministic_and_counts_for_one_message_and_key(algorithm: str) -> None:
    meter, other = PrivateKey.from_seed(algorithm, SEED), PrivateKey.generate(algorithm)
    signature = meter.sign(b"reading")
    assert signature == meter.sign(b"reading")
    meter.public.verify(b"reading", signature)
    for public, message, altered in (
        (meter.public, b"readinh", signature),
        (other.public, b"reading", signature),
        (meter.public, b"reading", signature[:-1]),
        (meter.public, b"reading", signature + b"\0"),
        (meter.public, b"reading", b""),
        (meter.public, b"reading", bytes(64)),
        (meter.public, b"reading", bytes([signature[0] ^ 1]) + signature[1:]),
    ):
        with pytest.raises(BadSignature):
            public.verify(message, altered)


@pytest.mark.parametrize("algorithm", ["es256", "es256k"])
def test_the_high_twin_of_a_signature_is_refused_until_it_is_made_low(algorithm: str) -> None:
    meter = PrivateKey.from_seed(algorithm, SEED)
    low = meter.sign(b"reading")
    order = keys.P256_ORDER if algorithm == "es256" else secp256k1.ORDER
    high = low[:32] + (order - int.from_bytes(low[32:], "big")).to_bytes(32, "big")
    with pytest.raises(BadSignature, match="high"):
        meter.public.verify(b"reading", high)
    assert keys.low_s(algorithm, high) == low
    assert keys.low_s(algorithm, low) == low


@pytest.mark.parametrize(
    ("algorithm", "data", "error"),
    [
        ("ed25519", bytes(31), Malformed),
        ("es256", b"\x04" + bytes(64), Malformed),
        ("es256", b"\x02" + b"\xff" * 32, Malformed),
        ("es256k", b"\x02" + b"\xff" * 32, Malformed),
        ("es256k", b"\x05" + bytes(32), Malformed),
        ("sm2-sm3", bytes(33), Refused),
        ("rsa", bytes(33), Unknown),
    ],
)
def test_what_is_no_key_of_this_build_is_refused(algorithm: str, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        PublicKey(algorithm, data)


def test_there_is_no_private_key_of_sm2_or_out_of_range() -> None:
    with pytest.raises(Refused, match="no sm2-sm3"):
        PrivateKey.generate("sm2-sm3")
    for algorithm in ("es256", "es256k"):
        for seed in (bytes(32), b"\xff" * 32, b"\x01"):
            with pytest.raises(Malformed):
                PrivateKey.from_seed(algorithm, seed)


def test_a_private_key_does_not_show_itself() -> None:
    assert SEED.hex() not in repr(PrivateKey.from_seed("es256k", SEED))
    assert repr(SEED) not in repr(PrivateKey.from_seed("ed25519", SEED))


def test_a_key_is_generated_again_until_it_is_of_the_group() -> None:
    draws = iter([bytes(32), b"\xff" * 32, SEED])
    assert PrivateKey.generate("es256", lambda _: next(draws)).seed == SEED


@pytest.mark.parametrize("algorithm", ["ed25519", "es256"])
def test_a_key_at_rest_opens_with_its_passphrase_only(algorithm: str) -> None:
    key = PrivateKey.from_seed(algorithm, SEED)
    pem = key.to_pem(b"open sesame")
    assert b"ENCRYPTED PRIVATE KEY" in pem
    assert PrivateKey.from_pem(pem, b"open sesame") == key
    for data, passphrase in ((pem, b"sesame"), (pem, b""), (b"no pem", b"x")):
        with pytest.raises(Refused):
            PrivateKey.from_pem(data, passphrase)
    with pytest.raises(Refused):
        key.to_pem(b"")


def test_a_keystore_is_read_by_other_software_and_the_other_way_round() -> None:
    key = PrivateKey.from_seed("es256k", SEED)
    store = key.to_keystore(b"open sesame", n=1 << 10)
    assert bytes(Account.decrypt(store.decode(), "open sesame")) == SEED
    assert PrivateKey.from_keystore(store, b"open sesame") == key
    theirs = Account.encrypt(SEED, "their passphrase", kdf="scrypt", iterations=1 << 10)
    assert PrivateKey.from_keystore(json.dumps(theirs).encode(), b"their passphrase") == key
    with pytest.raises(Refused, match="passphrase"):
        PrivateKey.from_keystore(store, b"sesame")
    for field, value in (("n", 1 << 30), ("n", 1000), ("r", 1000), ("dklen", 64)):
        document = json.loads(store)
        document["crypto"]["kdfparams"][field] = value
        with pytest.raises(Malformed):
            PrivateKey.from_keystore(json.dumps(document).encode(), b"open sesame")
    for data in (b"", b"{}", b"[]", b"\xff", store[:-1]):
        with pytest.raises(Malformed):
            PrivateKey.from_keystore(data, b"open sesame")


def test_an_address_and_signature_are_those_of_eth_account() -> None:
    account, digest = Account.from_key(SEED), sha256(b"digest").digest()
    assert "0x" + secp256k1.address(secp256k1.public_key(SEED)).hex() == account.address.lower()
    assert PrivateKey.from_seed("es256k", SEED).public.address == secp256k1.address(secp256k1.public_key(SEED))
    assert secp256k1.sign_digest(SEED, digest) == bytes(account.unsafe_sign_hash(digest).signature)


def test_recovery_takes_one_form_of_a_signature_only() -> None:
    digest = sha256(b"digest").digest()
    signature = secp256k1.sign_digest(SEED, digest)
    assert secp256k1.recover(digest, signature) == secp256k1.address(secp256k1.public_key(SEED))
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    twin = r + (secp256k1.ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    order = secp256k1.ORDER.to_bytes(32, "big")
    for altered in (
        twin,
        bytes(32) + signature[32:],
        r + bytes(32) + signature[64:],
        order + signature[32:],
        b"\xff" * 64 + b"\x1b",
    ):
        with pytest.raises(BadSignature):
            secp256k1.recover(digest, altered)
    for altered in (signature[:64], signature + b"\0", signature[:64] + bytes([v - 27]), signature[:64] + b"\x1d"):
        with pytest.raises(Malformed):
            secp256k1.recover(digest, altered)
    with pytest.raises(Malformed):
        secp256k1.recover(digest[:-1], signature)
    other = signature[:64] + bytes([55 - v])
    with contextlib.suppress(BadSignature):
        assert secp256k1.recover(digest, other) != secp256k1.recover(digest, signature)
