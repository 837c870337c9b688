"""Identifiers of members, devices and logs, and their 32-byte ids (docs/formats/encodings.md)."""

from __future__ import annotations

import hashlib
from typing import Final

from carbonledger.errors import Malformed

# GB 32100-2015: the characters of a code (no I, O, S, V, Z) and the weights of its check character
_CODE_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def check_credit_code(code: str) -> str:
    """The code if it is a valid unified social credit code (统一社会信用代码); Malformed says what is wrong."""
    if len(code) != 18 or any(character not in _CODE_CHARACTERS for character in code):
        raise Malformed("unified social credit code", expected=f"18 of {_CODE_CHARACTERS}", found=repr(code)[:40])
    expected = credit_code_check_character(code[:17])
    if code[17] != expected:
        raise Malformed("unified social credit code: check character", expected=expected, found=code[17])
    return code


def credit_code_check_character(body: str) -> str:
    """Check character over the first 17 characters (GB 32100-2015, 31 - sum mod 31)."""
    total = sum(_CODE_CHARACTERS.index(c) * weight for c, weight in zip(body, _CODE_WEIGHTS, strict=True))
    return _CODE_CHARACTERS[(31 - total % 31) % 31]


def member_id(credit_code: str) -> bytes:
    """32 bytes: SHA-256 of a valid unified social credit code."""
    return hashlib.sha256(check_credit_code(credit_code).encode()).digest()


def object_id(identifier: str) -> bytes:
    """32 bytes: SHA-256 of the identifier of a device, gateway, production unit or person, or of a log's origin."""
    if not identifier:
        raise Malformed("identifier", expected="at least one character", found="none")
    return hashlib.sha256(identifier.encode()).digest()


def chain_name(name: str) -> bytes:
    """32 bytes: an ASCII name of at most 31 characters, right-padded with zeros."""
    if not name.isascii() or not name.isprintable() or not 0 < len(name) <= 31:
        raise Malformed("a name on the chain", expected="1 to 31 printable ASCII characters", found=repr(name)[:60])
    return name.encode().ljust(32, b"\0")


def parse_chain_name(raw: bytes) -> str:
    """Inverse of `chain_name`."""
    text = raw.rstrip(b"\0")
    if len(raw) != 32 or not text.isascii() or not text.decode().isprintable() or not 0 < len(text) <= 31:
        raise Malformed("a name on the chain", expected="ASCII padded with zeros to 32 bytes", found=raw.hex()[:80])
    return text.decode()
