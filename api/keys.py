"""API keys `cl_<id>_<secret>`: made once, kept as the SHA-256 of the secret, found and compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from api.access import KEYED, PUBLIC, ROLES, Caller
from api.problems import Problem
from carbonledger.errors import Malformed
from ledger_node.queries import keys, pact
from ledger_node.queries.keys import KnownKey

_TOKEN: Final = re.compile(r"clt_[0-9a-f]{64}")
_KEY: Final = re.compile(r"cl_([0-9a-z]{12})_([0-9a-f]{64})")


def new_key(
    connection: Connection,
    *,
    name: str,
    role: str,
    member: str | None,
    now: int,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """Make a key; the text that is returned is not kept anywhere. Malformed for a role that takes no key."""
    if role not in KEYED:
        raise Malformed("role of an API key", expected=", ".join(sorted(KEYED)), found=role)
    if (member is None) != (role == "operator"):
        raise Malformed(
            "member of an API key", expected="none for an operator, else a member's id", found=member or "none"
        )
    identifier, secret = entropy(6).hex(), entropy(32).hex()
    keys.add(connection, KnownKey(identifier, _digest(secret), name[:80], role, member, now, None))
    return f"cl_{identifier}_{secret}"


def caller_of(
    connection: Connection, authorization: str | None, api_key: str | None, now: int, *, by_form: bool = False
) -> Caller:
    """Who sent `Authorization: Bearer …` (or `X-API-Key`); the public without either. Problem 401 for a wrong key.

    `by_form`: a browser may send the key as the password of `Basic`, whatever the name. For reading only: a browser
    sends it by itself, so that a foreign page could write with it.
    A token of PACT (`clt_…`) stands for its key until it ends; `now` in seconds.
    """
    text = api_key
    if authorization is not None:
        kind, _, text = authorization.partition(" ")
        if by_form and kind.lower() == "basic":
            text = _password(text)
        elif kind.lower() != "bearer":
            raise _refused(f"authorization {kind[:20]!r}")
    if text is None:
        return PUBLIC
    if _TOKEN.fullmatch(text.strip()):
        return _of_token(connection, text.strip(), now)
    match = _KEY.fullmatch(text.strip())
    known = None if match is None else keys.find(connection, match[1])
    if match is None or known is None:
        raise _refused("a key that is not known here")
    if not hmac.compare_digest(known.secret_sha256, _digest(match[2])):
        raise _refused("another secret")
    return _caller(known)


def _password(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except ValueError as error:
        raise _refused("Basic credentials that cannot be read") from error


def _of_token(connection: Connection, text: str, now: int) -> Caller:
    token = pact.find_token(connection, _digest(text))
    known = None if token is None else keys.find(connection, token.key_id)
    if token is None or known is None:
        raise _refused("a token that is not known here")
    if token.expires_at <= now:
        raise _refused("a token that has ended")
    return _caller(known)


def _caller(known: KnownKey) -> Caller:
    if known.revoked_at is not None:
        raise _refused("a key that was revoked")
    role = next((role for role in ROLES if role == known.role), None)
    if role is None or role == "public":
        raise _refused(f"a key of unknown role {known.role!r}")
    return Caller(known.name, role, known.member)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _refused(found: str) -> Problem:
    return Problem(
        "not-authenticated",
        "The API key is not valid.",
        expected="Authorization: Bearer cl_<id>_<secret>",
        found=found,
        headers={"WWW-Authenticate": 'Bearer realm="carbonledger"'},
    )
