"""Credentials secured with JOSE: a compact JWS of media type vc+jwt (Securing VCs using JOSE and COSE, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from carbonledger import jcs
from carbonledger.credential import multibase
from carbonledger.credential.objects import read_object
from carbonledger.errors import BadSignature, Malformed, Unknown
from carbonledger.keys import PrivateKey, PublicKey, low_s

TYPE: Final = "vc+jwt"
MAX_CHARACTERS: Final = 100_000
_ALGORITHMS: Final = {"ed25519": "EdDSA", "es256": "ES256"}
"""RFC 8037 and RFC 7518; the names that verifiers know today."""


@dataclass(frozen=True, slots=True)
class Token:
    """A JWS, taken apart; nothing is verified yet. `header` and `payload` are JSON objects."""

    header: Mapping[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def method(self) -> str:
        """The URL of the key that the header names; Malformed if it names none."""
        kid = self.header.get("kid")
        if not isinstance(kid, str):
            raise Malformed("kid of the token", expected="the URL of a key", found=repr(kid)[:80])
        return kid


def sign(document: Mapping[str, Any], key: PrivateKey, method: str) -> str:
    """The credential as a token; its payload is the credential itself (no `vc` claim)."""
    algorithm = _ALGORITHMS.get(key.algorithm)
    if algorithm is None:
        raise Unknown("algorithm of a token", expected=", ".join(_ALGORITHMS), found=key.algorithm)
    header = {"alg": algorithm, "cty": "vc", "kid": method, "typ": TYPE}
    signed = f"{multibase.base64url(jcs.encode(header))}.{multibase.base64url(jcs.encode(dict(document)))}"
    return f"{signed}.{multibase.base64url(key.sign(signed.encode()))}"


def parse(token: str) -> Token:
    """Take a token apart; Malformed if it is none, Unknown where its header asks for what is not known here."""
    if len(token) > MAX_CHARACTERS:
        raise Malformed("token", expected=f"at most {MAX_CHARACTERS} characters", found=len(token))
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed("token", expected="three parts", found=len(parts))
    header = read_object(multibase.parse_base64url(parts[0], "header of the token"), "header of the token")
    payload = read_object(multibase.parse_base64url(parts[1], "payload of the token"), "payload of the token")
    if header.get("typ") != TYPE or header.get("cty", "vc") != "vc":
        raise Malformed("type of the token", expected=f"{TYPE}, vc", found=f"{header.get('typ')!r}"[:80])
    if unknown := set(header) - {"alg", "cty", "kid", "typ", "iss"}:
        raise Unknown("header of the token", expected="alg cty kid typ iss", found=" ".join(sorted(unknown))[:200])
    signature = multibase.parse_base64url(parts[2], "signature of the token")
    return Token(header, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def check(token: Token, key: PublicKey) -> None:
    """BadSignature unless the token is signed by this key under its own algorithm; the header does not choose."""
    expected = _ALGORITHMS.get(key.algorithm)
    if expected is None or token.header.get("alg") != expected:
        raise BadSignature("algorithm of the token", expected=expected, found=repr(token.header.get("alg"))[:80])
    key.verify(token.signed, low_s(key.algorithm, token.signature))  # JOSE leaves s as it is
