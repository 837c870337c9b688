"""Whether a certificate still stands, by the records of its subject alone: the same records, the same answer.

suspended   while the code of the subject is red, from its opening to its clearance; or while the chain does not hold
            the certified record (it was taken back by a reorganisation)
revoked     fraud: an inspection of the subject found it, at or after the certified record was written;
            restated: a later revision of the same quarter takes its place. A later revision of a code that is red
            does not: the old one is suspended, and gives way when the re-run is there
Units that have ended stay so: a retirement is neither, but by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ledger_node.credentials.claims import Claim
from ledger_node.queries.records import Kept

Suspension = Literal["red", "not-on-chain"]
Revocation = Literal["fraud", "restated", "wrong-issuance", "key-compromised"]
REASONS: Final[tuple[Revocation, ...]] = get_args(Revocation)

_RED_FROM: Final = 3
"""State of a code from which it is red."""
_RED_COLOUR: Final = 2
_FRAUD: Final = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """The records of one subject, a member or one of its projects: all that its certificates depend on."""

    code: Kept | None
    assessments: Sequence[Kept]
    grades: Sequence[Kept]
    inspections: Sequence[Kept]
    disposals: Sequence[Kept]

    @property
    def red(self) -> bool:
        """Whether the subject's code is red now."""
        return self.code is not None and int(self.code["state"]) >= _RED_FROM

    def records(self) -> dict[str, Kept]:
        """What may be certified, by id."""
        return {kept.id: kept for kept in (*self.assessments, *self.grades, *self.disposals)}


def suspension(claim: Claim, subject: Subject) -> Suspension | None:
    """Why a certificate is suspended; None if it is not."""
    if claim.record not in subject.records():
        return "not-on-chain"
    return "red" if claim.kind != "retirement" and subject.red else None


def revocation(claim: Claim, subject: Subject) -> Revocation | None:
    """Why the records revoke a certificate; None if they do not."""
    if claim.kind == "retirement":
        return None
    if any(int(i["finding"]) == _FRAUD and int(i["foundAt"]) >= claim.valid_from for i in subject.inspections):
        return "fraud"
    return "restated" if _replaced(claim, subject) else None


def _replaced(claim: Claim, subject: Subject) -> bool:
    assert claim.period is not None
    year, quarter = claim.period // 4, claim.period % 4 + 1
    same = subject.assessments if claim.kind == "code" else subject.grades
    later = [
        kept
        for kept in same
        if (int(kept["year"]), int(kept["quarter"])) == (year, quarter) and int(kept["revision"]) > claim.revision
    ]
    if claim.kind == "code":
        return any(int(kept["colour"]) != _RED_COLOUR for kept in later)
    own = subject.records().get(claim.record)
    return own is not None and any(kept["schemeKey"] == own["schemeKey"] for kept in later)
