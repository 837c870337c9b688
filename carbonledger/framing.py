"""Framed bytes and exact text: big-endian integers with strict bounds, canonical base64, plain decimals."""

from __future__ import annotations

import binascii
from base64 import b64encode

from carbonledger.errors import Malformed

_PLAIN_LIMIT = 20  # digits of 2^64 - 1


class Reader:
    """Reads `data` from the front; Malformed where bytes are missing or, at `end()`, left over."""

    def __init__(self, data: bytes, what: str = "framed bytes") -> None:
        self._data = bytes(data)
        self._at = 0
        self._what = what

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def take(self, n: int) -> bytes:
        """The next `n` bytes."""
        if n < 0 or n > self.left:
            raise Malformed(
                f"{self._what} end too early", expected=f"{n} bytes at offset {self._at}", found=f"{self.left} bytes"
            )
        piece = self._data[self._at : self._at + n]
        self._at += n
        return piece

    def u8(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """The next 2 bytes as an unsigned big-endian integer."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """The next 4 bytes as an unsigned big-endian integer."""
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        """The next 8 bytes as an unsigned big-endian integer."""
        return int.from_bytes(self.take(8), "big")

    def prefixed16(self) -> bytes:
        """A u16 length and as many bytes."""
        return self.take(self.u16())

    def prefixed32(self) -> bytes:
        """A u32 length and as many bytes."""
        return self.take(self.u32())

    def end(self) -> None:
        """Malformed unless everything was read."""
        if self.left:
            raise Malformed(f"bytes follow the {self._what}", expected="the end", found=f"{self.left} bytes")


class Writer:
    """The inverse of `Reader`: calls may be chained, `bytes()` gives the result."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def _unsigned(self, value: int, size: int) -> Writer:
        if not 0 <= value < 1 << 8 * size:
            raise Malformed(f"the number does not fit u{8 * size}", expected=f"0 <= n < 2^{8 * size}", found=value)
        self._parts.append(value.to_bytes(size, "big"))
        return self

    def u8(self, value: int) -> Writer:
        """Appends 1 byte."""
        return self._unsigned(value, 1)

    def u16(self, value: int) -> Writer:
        """Appends 2 bytes, big-endian."""
        return self._unsigned(value, 2)

    def u32(self, value: int) -> Writer:
        """Appends 4 bytes, big-endian."""
        return self._unsigned(value, 4)

    def u64(self, value: int) -> Writer:
        """Appends 8 bytes, big-endian."""
        return self._unsigned(value, 8)

    def put(self, data: bytes) -> Writer:
        """Appends the bytes as they are."""
        self._parts.append(bytes(data))
        return self

    def prefixed16(self, data: bytes) -> Writer:
        """Appends a u16 length and the bytes."""
        return self.u16(len(data)).put(data)

    def prefixed32(self, data: bytes) -> Writer:
        """Appends a u32 length and the bytes."""
        return self.u32(len(data)).put(data)

    def bytes(self) -> bytes:
        """All that was written."""
        return b"".join(self._parts)


def decode_base64(text: str, what: str = "a field") -> bytes:
    """Standard base64 with padding and zero pad bits (RFC 4648 section 4); Malformed for any other spelling."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError) as error:
        raise Malformed(f"{what} is not base64", expected="RFC 4648 section 4", found=repr(text[:80])) from error
    if encode_base64(data) != text:
        raise Malformed(f"{what} is not canonical base64", expected=encode_base64(data)[:80], found=text[:80])
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode("ascii")


def decode_decimal(text: str, what: str = "a number", limit: int = 2**64) -> int:
    """ASCII decimal without leading zeros or sign, below `limit` (at most 2^64); Malformed otherwise."""
    plain = 0 < len(text) <= _PLAIN_LIMIT and text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    if not plain or int(text) >= limit:
        raise Malformed(
            f"{what} is not a plain decimal", expected=f"digits, no leading zero, below {limit}", found=repr(text[:80])
        )
    return int(text)
