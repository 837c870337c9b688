"""Ed25519 and ECDSA against RFC 8032, Wycheproof and the cases on which libraries disagree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nacl.bindings
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from carbonledger import keys
from carbonledger.errors import BadSignature, Malformed
from carbonledger.keys import PrivateKey, PublicKey

Vectors = Callable[[str], Path]


def verifies(key: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except BadSignature:
        return False
    return True


def wycheproof(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in json.loads(path.read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def test_rfc_8032(vectors: Vectors) -> None:
    cases = json.loads(vectors("ed25519/rfc8032_7_1.json").read_text())["tests"]
    for case in cases:
        message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
        private = PrivateKey.from_seed("ed25519", bytes.fromhex(case["sk"]))
        assert private.public.data.hex() == case["pk"]
        assert private.sign(message) == signature
        private.public.verify(message, signature)
    assert len(cases) == 5


def test_on_keys_we_take_all_libraries_agree(vectors: Vectors) -> None:
    taken = 0
    for case in json.loads(vectors("ed25519/speccheck_cases.json").read_text()):
        public, message, signature = (bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature"))
        try:
            key = PublicKey("ed25519", public)
        except Malformed:
            continue
        taken += 1
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
            openssl = True
        except InvalidSignature:
            openssl = False
        assert verifies(key, message, signature) is openssl
    assert taken > 0


def test_keys_of_small_or_mixed_order_or_not_canonical_are_refused(vectors: Vectors) -> None:
    order_two = bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
    y_is_p_plus_one = bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
    honest = json.loads(vectors("ed25519/torsion_R_own.json").read_text())["pub_key"]
    mixed = nacl.bindings.crypto_core_ed25519_add(bytes.fromhex(honest), order_two)
    for data in (bytes(32), b"\x01" + bytes(31), order_two, y_is_p_plus_one, mixed, b"\xff" * 32, bytes(31), bytes(33)):
        with pytest.raises(Malformed):
            PublicKey("ed25519", data)


def test_a_signature_with_torsion_in_r_is_refused(vectors: Vectors) -> None:
    case = json.loads(vectors("ed25519/torsion_R_own.json").read_text())
    key = PublicKey("ed25519", bytes.fromhex(case["pub_key"]))
    assert not verifies(key, bytes.fromhex(case["message"]), bytes.fromhex(case["signature"]))


def test_wycheproof_ed25519(vectors: Vectors) -> None:
    count = 0
    for group, test in wycheproof(vectors("wycheproof/ed25519_test.json")):
        key = PublicKey("ed25519", bytes.fromhex(group["publicKey"]["pk"]))
        assert verifies(key, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])) is (test["result"] == "valid"), (
            test
        )
        count += 1
    assert count == 151


def compressed(group: dict[str, Any]) -> bytes:
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    return bytes([2 + (point[64] & 1)]) + point[1:33]


@pytest.mark.parametrize(("algorithm", "curve"), [("es256", "secp256r1"), ("es256k", "secp256k1")])
def test_wycheproof_ecdsa_of_r_and_s(vectors: Vectors, algorithm: str, curve: str) -> None:
    """A valid signature with high s is refused as it is, and verifies as its low-s twin."""
    high = 0
    for group, test in wycheproof(vectors(f"wycheproof/ecdsa_{curve}_sha256_p1363_test.json")):
        key = PublicKey(algorithm, compressed(group))
        message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
        low = keys.low_s(algorithm, signature)
        assert verifies(key, message, low) is (test["result"] == "valid"), test
        if low != signature:
            high += 1
            assert not verifies(key, message, signature)
    assert high > 0


def test_wycheproof_secp256k1_of_bitcoin(vectors: Vectors) -> None:
    count = 0
    for group, test in wycheproof(vectors("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json")):
        key = PublicKey("es256k", compressed(group))
        try:  # the file is in DER, the ledger has r || s only: what is not strict DER never gets that far
            r, s = decode_dss_signature(bytes.fromhex(test["sig"]))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        except (ValueError, OverflowError):
            assert test["result"] == "invalid", test
            continue
        assert verifies(key, bytes.fromhex(test["msg"]), signature) is (test["result"] == "valid"), test
        count += 1
    assert count > 200
