"""Bitstring Status List 1.0: one bit for each certificate, so many in one list that asking tells little."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable
from typing import Final

from carbonledger.credential import multibase
from carbonledger.errors import Invalid, Malformed

ENTRIES: Final = 131_072
"""The least that the standard allows (section 2.1): 16 KiB."""

MAX_BYTES: Final = 1 << 20
"""Uncompressed: what a reader unpacks of a list, so that a small file does not fill its memory."""


def encode(set_bits: Iterable[int], entries: int = ENTRIES) -> str:
    """`encodedList`: `u`, and the gzipped bits in base64url; index 0 is the left-most bit. Same bits, same text."""
    if entries < ENTRIES or entries % 8:
        raise Malformed("entries of a status list", expected=f"a multiple of 8 from {ENTRIES}", found=entries)
    bits = bytearray(entries // 8)
    for index in set_bits:
        if not 0 <= index < entries:
            raise Invalid("index of a status list", expected=f"0 to {entries - 1}", found=index)
        bits[index >> 3] |= 0x80 >> (index & 7)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=9) as out:
        out.write(bytes(bits))
    return "u" + multibase.base64url(packed.getvalue())


def decode(text: object) -> bytes:
    """The bits of an `encodedList`; Malformed for another form, too few entries, or more than a reader takes."""
    if not isinstance(text, str) or text[:1] != "u":
        raise Malformed("encodedList", expected="u and base64url", found=repr(text)[:80])
    packed = multibase.parse_base64url(text[1:], "encodedList")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        bits = unpacker.decompress(packed, MAX_BYTES + 1)
    except zlib.error as error:
        raise Malformed("encodedList", expected="gzip", found=str(error)) from error
    if len(bits) > MAX_BYTES or not unpacker.eof or unpacker.unused_data:
        raise Malformed("encodedList", expected=f"one gzip member of at most {MAX_BYTES} bytes", found="another")
    if len(bits) * 8 < ENTRIES:
        raise Malformed("encodedList", expected=f"at least {ENTRIES} entries", found=len(bits) * 8)
    return bits


def is_set(bits: bytes, index: int) -> bool:
    """The bit at an index; Malformed (RANGE_ERROR of section 3.2) beyond the list."""
    if not 0 <= index < len(bits) * 8:
        raise Malformed("statusListIndex", expected=f"0 to {len(bits) * 8 - 1}", found=index)
    return bool(bits[index >> 3] & 0x80 >> (index & 7))
