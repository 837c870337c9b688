"""The two files of a stretch of entries, cut: the leaves, and beside each its body, evidence and salt."""

from __future__ import annotations

from typing import NamedTuple

from carbonledger.errors import Malformed


class Frames(NamedTuple):
    """What is beside each leaf: R, A, and the salt where R has no nonce (else zeros)."""

    bodies: list[bytes]
    evidences: list[bytes]
    salts: list[bytes]


def split_bundle(data: bytes, count: int) -> list[bytes]:
    """As `tiles.parse_bundle`, faster: the `count` entries of a bundle; Malformed if bytes are missing or left over."""
    entries, at = [], 0
    try:
        for _ in range(count):
            start = at + 2
            at = start + (data[at] << 8 | data[at + 1])
            entries.append(data[start:at])
    except IndexError:
        at = -1
    if at != len(data):
        raise Malformed(
            "bundle of entries", expected=f"{count} entries behind their lengths", found="bytes of another form"
        )
    return entries


def split_evidence(data: bytes, first: int, count: int) -> Frames:
    """`count` times u16 R u16 A and a salt of 16 bytes, of the entries from log index `first` on; Malformed if not."""
    bodies, evidences, salts = [], [], []
    at, end = 0, len(data)
    try:
        for _ in range(count):
            start = at + 2
            at = start + (data[at] << 8 | data[at + 1])
            bodies.append(data[start:at])
            start = at + 2
            at = start + (data[at] << 8 | data[at + 1])
            evidences.append(data[start:at])
            salts.append(data[at : at + 16])
            at += 16
            if at > end:
                raise IndexError
    except IndexError:
        raise Malformed(
            f"evidence of entry {first + len(salts)}", expected="u16 R, u16 A and a salt", found="the end of the file"
        ) from None
    if at != end:
        raise Malformed("bytes follow the evidence of the last entry", expected=f"{at} bytes", found=f"{end} bytes")
    return Frames(bodies, evidences, salts)
