"""Data Integrity proofs of the cryptosuite eddsa-jcs-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.credential import multibase
from carbonledger.errors import BadSignature, Malformed, Unknown
from carbonledger.keys import PrivateKey, PublicKey

TYPE: Final = "DataIntegrityProof"
SUITE: Final = "eddsa-jcs-2022"
PURPOSE: Final = "assertionMethod"
_REQUIRED: Final = {"type", "cryptosuite", "proofPurpose", "verificationMethod", "proofValue"}
_OPTIONAL: Final = {"@context", "created", "expires", "id"}


def add(document: Mapping[str, Any], key: PrivateKey, method: str, created: str) -> dict[str, Any]:
    """The document with its proof; `method` is the URL of the key, `created` RFC 3339."""
    proof: dict[str, Any] = {
        "type": TYPE,
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": method,
        "proofPurpose": PURPOSE,
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    value = multibase.base58(key.sign(signed_bytes(document, proof)))
    return {**document, "proof": {**proof, "proofValue": value}}


def signed_bytes(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """What the signature is over: SHA-256 of the canonical options, then SHA-256 of the canonical document."""
    return sha256(jcs.encode(dict(options))).digest() + sha256(jcs.encode(dict(document))).digest()


def method_of(document: Mapping[str, Any]) -> str:
    """The URL of the key that the proof names."""
    return str(_proof(document)["verificationMethod"])


def check(document: Mapping[str, Any], key: PublicKey) -> None:
    """BadSignature unless the proof is this key's over this document; Unknown for another suite."""
    proof = _proof(document)
    if key.algorithm != "ed25519":
        raise BadSignature("key of an eddsa-jcs-2022 proof", expected="ed25519", found=key.algorithm)
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in options:
        given, own = _as_list(options["@context"]), _as_list(document.get("@context"))
        if own[: len(given)] != given:
            raise BadSignature("@context of the proof", expected="the first of the document's", found=repr(given)[:200])
        unsecured["@context"] = options["@context"]
    signature = multibase.parse_base58(proof["proofValue"], "proofValue")
    key.verify(signed_bytes(unsecured, options), signature)


def _proof(document: Mapping[str, Any]) -> dict[str, Any]:
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise Malformed("proof", expected="one Data Integrity proof", found=type(proof).__name__)
    if proof.get("type") != TYPE or proof.get("cryptosuite") != SUITE:
        found = f"{proof.get('type')!r} {proof.get('cryptosuite')!r}"[:200]
        raise Unknown("proof", expected=f"{TYPE}, {SUITE}", found=found)
    if missing := _REQUIRED - set(proof):
        raise Malformed("proof", expected=" ".join(sorted(_REQUIRED)), found="without " + " ".join(sorted(missing)))
    if unknown := set(proof) - _REQUIRED - _OPTIONAL:
        raise Unknown("proof", expected="no field that this version does not judge", found=" ".join(sorted(unknown)))
    if proof["proofPurpose"] != PURPOSE:
        raise Malformed("purpose of the proof", expected=PURPOSE, found=repr(proof["proofPurpose"])[:80])
    return proof


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
