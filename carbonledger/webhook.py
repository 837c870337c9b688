"""Standard Webhooks 1.0: id, time and body of a message, signed by HMAC-SHA256 (`v1`) or by Ed25519 (`v1a`).

What is signed is `{id}.{timestamp}.{body}`, the body as the bytes that travel. A signature stands among others in one
header, so that keys change without a gap: a receiver takes a message that one of its keys made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from carbonledger.errors import BadSignature, Invalid, Malformed
from carbonledger.keys import PrivateKey, PublicKey

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S: Final = 300
LEAST_SECRET, MOST_SECRET = 24, 64
"""Bytes of a shared secret: 192 to 512 bits."""
MOST_SIGNATURES: Final = 32
SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"

# no full stop in an id: the parts of what is signed could be moved against each other
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The key of `v1`, 24 to 64 bytes; it never shows itself in `repr`."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not LEAST_SECRET <= len(self.key) <= MOST_SECRET:
            raise Malformed(
                "secret of a webhook", expected=f"{LEAST_SECRET} to {MOST_SECRET} bytes", found=len(self.key)
            )

    def text(self) -> str:
        """As its receiver is given it."""
        return SECRET_PREFIX + base64.b64encode(self.key).decode()


SigningKey = SharedSecret | PrivateKey
VerifyingKey = SharedSecret | PublicKey


@dataclass(frozen=True, slots=True)
class Message:
    """What was signed beside the body: the id, the same at each attempt, and the time of the attempt in Unix s."""

    id: str
    timestamp: int

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise Malformed(ID, expected="letters, digits, - and _, at most 256", found=repr(self.id)[:80])
        if not 0 <= self.timestamp < 10**12:
            raise Malformed(TIMESTAMP, expected="seconds since 1970", found=self.timestamp)

    def signed(self, body: bytes) -> bytes:
        """The bytes that a signature covers."""
        return f"{self.id}.{self.timestamp}.".encode() + body


def parse_key(text: str) -> VerifyingKey:
    """The key of a receiver: `whsec_` (shared) or `whpk_` (public); Malformed for another form."""
    if text.startswith(SECRET_PREFIX):
        return SharedSecret(_decode(text.removeprefix(SECRET_PREFIX), "secret of a webhook"))
    if text.startswith(PUBLIC_PREFIX):
        return PublicKey("ed25519", _decode(text.removeprefix(PUBLIC_PREFIX), "public key of a webhook"))
    # what was found is left out: it may be a secret of another kind
    raise Malformed("key of a webhook", expected=f"{SECRET_PREFIX}… or {PUBLIC_PREFIX}…", found="another prefix")


def parse_private_key(text: str) -> PrivateKey:
    """The sender's `whsk_`; Malformed for another form."""
    if not text.startswith(PRIVATE_PREFIX):
        raise Malformed("private key of a webhook", expected=f"{PRIVATE_PREFIX}…", found="another prefix")
    return PrivateKey("ed25519", _decode(text.removeprefix(PRIVATE_PREFIX), "private key of a webhook"))


def public_text(key: PublicKey) -> str:
    """A public key as a receiver is given it."""
    return PUBLIC_PREFIX + base64.b64encode(key.data).decode()


def signature(key: SigningKey, message: Message, body: bytes) -> str:
    """One signature, `version,base64`."""
    signed = message.signed(body)
    match key:
        case SharedSecret():
            return "v1," + base64.b64encode(hmac.digest(key.key, signed, hashlib.sha256)).decode()
        case PrivateKey():
            return "v1a," + base64.b64encode(key.sign(signed)).decode()
        case _:
            assert_never(key)


def headers(keys: Sequence[SigningKey], message: Message, body: bytes) -> dict[str, str]:
    """The three headers, signed by every key."""
    return {
        ID: message.id,
        TIMESTAMP: str(message.timestamp),
        SIGNATURE: " ".join(signature(key, message, body) for key in keys),
    }


def verify(
    keys: Sequence[VerifyingKey],
    received: Mapping[str, str],
    body: bytes,
    now: int,
    tolerance_s: int = TOLERANCE_S,
) -> Message:
    """The message, if one of the keys signed it and it is of about now (Unix s).

    Malformed for headers that are none, BadSignature if no signature is of a key, Invalid for one too old or too new.
    """
    named = {name.lower(): value for name, value in received.items()}
    message = _message(named)
    given = named[SIGNATURE].split(" ")
    if len(given) > MOST_SIGNATURES:
        raise Malformed(SIGNATURE, expected=f"at most {MOST_SIGNATURES} signatures", found=len(given))
    if not any(_is_of(key, message, body, one) for key in keys for one in given):
        raise BadSignature(
            "no signature is of this key",
            expected="one over the body as it came",
            found=", ".join(sorted({one.partition(",")[0][:8] for one in given})),
            remedy="Verify the bytes before they are parsed; after a change of the secret take the new one",
        )
    if abs(now - message.timestamp) > tolerance_s:
        raise Invalid(
            "the message is too old or too new",
            expected=f"within {tolerance_s} s of {now}",
            found=message.timestamp,
            remedy="Compare the clocks; refuse what is old, it may be sent again by somebody else",
        )
    return message


def _message(named: Mapping[str, str]) -> Message:
    for name in (ID, TIMESTAMP, SIGNATURE):
        if not named.get(name):
            raise Malformed("headers of a webhook", expected=name, found="none")
    if _TIMESTAMP.fullmatch(named[TIMESTAMP]) is None:
        raise Malformed(TIMESTAMP, expected="seconds since 1970", found=repr(named[TIMESTAMP])[:80])
    return Message(named[ID], int(named[TIMESTAMP]))


def _is_of(key: VerifyingKey, message: Message, body: bytes, given: str) -> bool:
    match key:
        case SharedSecret():
            return hmac.compare_digest(signature(key, message, body).encode(), given.encode("utf-8", "replace"))
        case PublicKey():
            version, _, text = given.partition(",")
            if version != "v1a":
                return False
            try:
                key.verify(message.signed(body), _decode(text, SIGNATURE))
            except (Malformed, BadSignature):
                return False
            return True
        case _:
            assert_never(key)


def _decode(text: str, what: str) -> bytes:
    """Strict base64: the one text of these bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed(what, expected="base64", found="something else") from error
    if base64.b64encode(raw).decode() != text:
        raise Malformed(what, expected="base64 without spare bits", found="something else")
    return raw
