"""Issuers as did:web: the name of one by its address, and the document that says which keys are its own.

did:web method specification, sections 2.1 and 2.5; keys as in Controlled Identifiers 1.0 (Multikey and JsonWebKey).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from carbonledger.credential import multibase
from carbonledger.credential.objects import read_object
from carbonledger.errors import Malformed, Unknown
from carbonledger.keys import PublicKey

PATH: Final = "/.well-known/did.json"
CONTEXT: Final = (
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    "https://w3id.org/security/jwk/v1",
)
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([1-9][0-9]{0,4}))?")


def did_of(base_url: str) -> str:
    """The DID of who answers at an address: its host, and its port if it names one. Malformed for a path."""
    match = _ORIGIN.fullmatch(base_url)
    if match is None or int(match[3] or 0) > 65535:
        raise Malformed(
            "address of an issuer", expected="https://host or https://host:port, lower-case", found=base_url[:200]
        )
    port = quote(f":{match[3]}", safe="") if match[3] else ""
    return f"did:web:{match[2]}{port}"


def proof_method(did: str, key: PublicKey) -> str:
    """URL of a key as proofs name it: its fragment is the Multikey."""
    return f"{did}#{multibase.multikey(key)}"


def token_method(did: str, key: PublicKey) -> str:
    """URL of a key as tokens name it: its fragment is the thumbprint of its JWK (RFC 7638)."""
    canonical = json.dumps(jwk(key), separators=(",", ":"), sort_keys=True)
    return f"{did}#{multibase.base64url(sha256(canonical.encode()).digest())}"


def jwk(key: PublicKey) -> dict[str, str]:
    """The required members of a public key as JWK (RFC 8037)."""
    if key.algorithm != "ed25519":
        raise Unknown("key of an issuer", expected="ed25519", found=key.algorithm)
    return {"crv": "Ed25519", "kty": "OKP", "x": multibase.base64url(key.data)}


def document(did: str, keys: Sequence[PublicKey]) -> dict[str, Any]:
    """The DID document: every key in both forms, all of them for assertions."""
    methods: list[dict[str, Any]] = []
    for key in keys:
        multikey = {"publicKeyMultibase": multibase.multikey(key), "type": "Multikey"}
        methods.append({"controller": did, "id": proof_method(did, key), **multikey})
        methods.append(
            {"controller": did, "id": token_method(did, key), "publicKeyJwk": jwk(key), "type": "JsonWebKey"}
        )
    return {
        "@context": list(CONTEXT),
        "assertionMethod": [method["id"] for method in methods],
        "id": did,
        "verificationMethod": methods,
    }


def keys_of(text: bytes) -> tuple[str, tuple[PublicKey, ...]]:
    """The DID and the Multikeys that its document gives for assertions, each once; others are passed over.

    Malformed for a document that is none, or a key that another controls.
    """
    found = read_object(text, "DID document")
    did, methods = found.get("id"), found.get("verificationMethod")
    if not isinstance(did, str) or not did.startswith("did:"):
        raise Malformed("id of the DID document", expected="a DID", found=repr(did)[:200])
    if not isinstance(methods, list) or not all(isinstance(method, dict) for method in methods):
        raise Malformed("verificationMethod", expected="a list of objects", found=type(methods).__name__)
    asserting = found.get("assertionMethod")
    if not isinstance(asserting, list):
        raise Malformed("assertionMethod", expected="a list", found=type(asserting).__name__)
    keys = [
        _multikey(did, method)
        for method in methods
        if method.get("type") == "Multikey" and method.get("id") in asserting
    ]
    return did, tuple(dict.fromkeys(keys))


def _multikey(did: str, method: Mapping[str, Any]) -> PublicKey:
    if method.get("controller") != did:
        raise Malformed("controller of a key", expected=did, found=repr(method.get("controller"))[:200])
    return multibase.parse_multikey(method.get("publicKeyMultibase"), "publicKeyMultibase")
