"""What an assessor files: lists of codes and of grades of one quarter, and the commitments they carry.

A list is signed once for all of its items. Inputs and explain record of an item are committed to with a salt: the
figures in them are few, and a bare digest could be guessed.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

COLOURS: Final = ("green", "red", "grey")
"""On the chain 1, 2, 3."""
STATES: Final = ("green", "grey", "opened", "explaining", "inspecting", "rectifying", "confirmed")
"""On the chain 1 to 7."""
FINDINGS: Final = ("error", "no-fault", "fraud")
"""On the chain 1, 2, 3."""
LEVEL_NUMBERS: Final = {"4-digit": 1, "3-digit": 2, "2-digit": 3, "all": 4}
CODE_ITEM: Final = (
    *(("bytes32", "member"), ("bytes32", "project"), ("uint16", "revision"), ("uint8", "colour"), ("uint8", "points")),
    *(("uint64", "reasons"), ("bytes32", "inputsDigest"), ("bytes32", "explainDigest")),
    *(("bytes32", "statisticsDigest"), ("bytes32", "lot"), ("bytes32", "candidatesDigest")),
)
GRADE_ITEM: Final = (
    *(("bytes32", "member"), ("bytes32", "project"), ("uint16", "revision"), ("uint8", "grade"), ("uint8", "reached")),
    *(("uint32", "score"), ("bytes32", "inputsDigest"), ("bytes32", "explainDigest")),
    ("bytes32", "statisticsDigest"),
)
"""The structs of the lists' items, as (type, name)."""
SALT_BYTES: Final = 16
_COMMIT: Final = b"carbonledger/assessment/v1\0"
_SOFT_SHIFT: Final = 31
HARD_MASK: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One subject's code: the fields of the Solidity struct, in order. `project` zeros: the member itself."""

    member: bytes
    project: bytes
    revision: int
    colour: int
    points: int
    reasons: int
    inputs_digest: bytes
    explain_digest: bytes
    statistics_digest: bytes
    lot: bytes
    candidates_digest: bytes

    def values(self) -> tuple[bytes | int, ...]:
        """In the order of the struct."""
        return (
            *(self.member, self.project, self.revision, self.colour, self.points, self.reasons, self.inputs_digest),
            *(self.explain_digest, self.statistics_digest, self.lot, self.candidates_digest),
        )


@dataclass(frozen=True, slots=True)
class GradeItem:
    """One subject's grade, likewise; `grade` and `reached` are places in the scheme, `score` in hundredths."""

    member: bytes
    project: bytes
    revision: int
    grade: int
    reached: int
    score: int
    inputs_digest: bytes
    explain_digest: bytes
    statistics_digest: bytes

    def values(self) -> tuple[bytes | int, ...]:
        """In the order of the struct."""
        return (
            *(self.member, self.project, self.revision, self.grade, self.reached, self.score, self.inputs_digest),
            *(self.explain_digest, self.statistics_digest),
        )


def items_digest(items: Sequence[CodeItem] | Sequence[GradeItem]) -> bytes:
    """keccak256 of the words of all items, in order: what a list's act names."""
    words = [value for item in items for value in item.values()]
    return keccak256(b"".join(word if isinstance(word, bytes) else word.to_bytes(32, "big") for word in words))


def reasons_mask(rules: Sequence[str]) -> int:
    """Ids of rules as the chain's bits: Hn is bit n−1, Sn bit 31+n; Malformed for another id."""
    mask = 0
    for rule in rules:
        number = int(rule[1:]) if rule[1:].isascii() and rule[1:].isdigit() else 0
        if rule[:1] not in ("H", "S") or not 1 <= number <= 32:
            raise Malformed("a reason", expected="H01 to H32 or S01 to S32", found=rule)
        mask |= 1 << (number - 1 if rule[0] == "H" else _SOFT_SHIFT + number)
    return mask


def reasons_of(mask: int) -> tuple[str, ...]:
    """Inverse of `reasons_mask`, ascending."""
    hard = [f"H{n + 1:02d}" for n in range(32) if mask >> n & 1]
    return (*hard, *(f"S{n + 1:02d}" for n in range(32) if mask >> (32 + n) & 1))


def commitment(salt: bytes, document: bytes) -> bytes:
    """SHA-256("carbonledger/assessment/v1\\0" ‖ salt ‖ document), the salt of 16 bytes."""
    if len(salt) != SALT_BYTES:
        raise Malformed("a salt", expected=f"{SALT_BYTES} bytes", found=len(salt))
    return sha256(_COMMIT + salt + document).digest()


def salt_of(secret: bytes, what: str, assessment: bytes) -> bytes:
    """The salt of one record (by its id): HMAC-SHA256, so that a job that starts again finds the same."""
    return hmac.digest(secret, what.encode() + b"\0" + assessment, "sha256")[:SALT_BYTES]


# The lot: who inspects. The assessor fixes a secret and the candidates with the red code; the subject's explanation
# comes after it, the secret is shown after that: neither of the two can choose.


def lot(secret: bytes) -> bytes:
    """What a red code is filed with: keccak256 of the secret (32 bytes)."""
    return keccak256(secret)


def candidates_digest(candidates: Sequence[bytes]) -> bytes:
    """keccak256 of the candidates' ids, in order."""
    return keccak256(b"".join(candidates))


def draw(secret: bytes, other: bytes, candidates: Sequence[bytes], may: Sequence[bytes]) -> bytes | None:
    """The candidate at place keccak256(secret ‖ other) mod n, or the next round the list that is in `may`.

    `other` is the id of the explanation's act, or the case's where the subject gave none.
    """
    start = int.from_bytes(keccak256(secret + other), "big") % len(candidates)
    rotated = (*candidates[start:], *candidates[:start])
    return next((candidate for candidate in rotated if candidate in may), None)
