"""Multibase strings and Multikey public keys (W3C Controlled Identifiers 1.0, sections 2.4 and 2.2.2)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from carbonledger.errors import Malformed, Unknown
from carbonledger.keys import PublicKey

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS: Final = {character: value for value, character in enumerate(_BASE58)}
_MAX_BASE58: Final = 200
_MULTICODEC: Final = {"ed25519": bytes([0xED, 0x01]), "es256": bytes([0x80, 0x24]), "es256k": bytes([0xE7, 0x01])}


def base58(data: bytes) -> str:
    """`z` and the bytes in base58-btc."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, rest = divmod(number, 58)
        digits.append(_BASE58[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + "".join(reversed(digits))


def parse_base58(text: object, what: str) -> bytes:
    """The inverse of `base58`; Malformed for anything else."""
    if not isinstance(text, str) or not 1 < len(text) <= _MAX_BASE58 or text[0] != "z":
        raise Malformed(what, expected="z and base58-btc digits", found=repr(text)[:80])
    number = 0
    for character in text[1:]:
        value = _DIGITS.get(character)
        if value is None:
            raise Malformed(what, expected="base58-btc digits", found=repr(character))
        number = number * 58 + value
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base64url(data: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def parse_base64url(text: object, what: str) -> bytes:
    """The inverse of `base64url`: the one form of these bytes, or Malformed."""
    if not isinstance(text, str):
        raise Malformed(what, expected="base64url", found=type(text).__name__)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(what, expected="base64url without padding", found=repr(text)[:80]) from error
    if base64url(data) != text:
        raise Malformed(what, expected="base64url without padding, in its one form", found=repr(text)[:80])
    return data


def multikey(key: PublicKey) -> str:
    """A public key as Multikey: multicodec prefix and bytes, base58-btc."""
    prefix = _MULTICODEC.get(key.algorithm)
    if prefix is None:
        raise Unknown("Multikey of a public key", expected=", ".join(_MULTICODEC), found=key.algorithm)
    return base58(prefix + key.data)


def parse_multikey(text: object, what: str = "public key") -> PublicKey:
    """The inverse of `multikey`; Unknown for keys of other kinds."""
    data = parse_base58(text, what)
    for algorithm, prefix in _MULTICODEC.items():
        if data.startswith(prefix):
            return PublicKey(algorithm, data[len(prefix) :])
    raise Unknown(what, expected="a Multikey of " + ", ".join(_MULTICODEC), found=data[:2].hex())
