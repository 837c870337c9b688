"""What the twin of the quota contracts keeps: one frozen value per entry, whole tonnes, instants in Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

from carbonledger.errors import Refused
from carbonledger.keccak import keccak256

ZERO: Final = bytes(32)
CEA, CCER = 1, 2
DRAFT: Final = 4
"""Evidence word of rules that nothing may be decided by."""
MOST: Final = (1 << 40) - 1
"""Most units of a lot."""


class State(IntEnum):
    """Where units of a position stand; the numbers are those of the contract AllowanceLedger."""

    REGISTERED = 1
    TRADING = 2
    FROZEN = 3
    PLEDGED = 4
    PENDING = 5
    PROVINCIAL = 6


class Purpose(IntEnum):
    """Why units are asked to end, or were ended by force."""

    SURRENDER = 1
    CANCELLATION = 2
    CARRY_OVER = 3
    FORCED = 4


class YearStatus(IntEnum):
    """How a year of obligation stands."""

    OPEN = 1
    COMPLIANT = 2
    SHORT = 3


class DisposalStatus(IntEnum):
    """How a request stands."""

    PENDING = 1
    DONE = 2
    RETURNED = 3


class QuotaRefused(Refused):
    """An act that the contracts refuse; `name` is that of their error."""

    def __init__(self, name: str, **values: object) -> None:
        self.name = name
        shown = ", ".join(
            f"{key} {value.hex() if isinstance(value, bytes) else value}" for key, value in values.items()
        )
        super().__init__(f"{name}: {shown}" if shown else name)


@dataclass(frozen=True, slots=True)
class Lot:
    """One issuance; the record `lot`."""

    lot: bytes
    member: bytes
    kind: int
    vintage: int
    project: bytes
    amount: int
    serialFrom: int
    registeredAt: int
    decision: bytes
    plan: bytes
    source: bytes
    issuedAt: int

    @property
    def class_id(self) -> bytes:
        """Of what its units are fungible with in an account: kind, vintage, project."""
        return class_id(self.kind, self.vintage, self.project if self.kind == CCER else ZERO)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a lot's units."""

    surrendered: int = 0
    cancelled: int = 0
    carried: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """A member's units of a class; `year` is that of the last change, `heldAtStart` what was held when it began."""

    held: int = 0
    heldAtStart: int = 0
    issued: int = 0
    year: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Sold and bought in a calendar year."""

    sold: int = 0
    bought: int = 0


@dataclass(frozen=True, slots=True)
class Freeze:
    """Units frozen on an order; the record `freeze`."""

    freezeId: bytes
    member: bytes
    lot: bytes
    amount: int
    order: bytes
    regulator: bytes
    frozenAt: int
    thawedAt: int = 0
    thawOrder: bytes = ZERO


@dataclass(frozen=True, slots=True)
class Year:
    """A year of obligation; the record `year` without its member and year."""

    obligation: int = 0
    settled: int = 0
    surrendered: int = 0
    pending: int = 0
    offsets: int = 0
    borrowed: int = 0
    late: int = 0
    arrears: int = 0
    deduction: int = 0
    deducted: int = 0
    dueAt: int = 0
    part: int = 0
    status: int = 0
    report: bytes = ZERO

    @property
    def owed(self) -> int:
        """What is owed and not asked to be surrendered."""
        return max(0, self.obligation - self.surrendered - self.pending - self.deducted)


@dataclass(frozen=True, slots=True)
class Disposal:
    """A request or a forced surrender; the record `disposal`."""

    disposalId: bytes
    member: bytes
    lot: bytes
    amount: int
    purpose: int
    year: int
    note: bytes
    requestedAt: int
    late: bool
    status: int
    decidedAt: int


@dataclass(frozen=True, slots=True)
class Project:
    """An offset project; the record `offsetproject`."""

    project: bytes
    owner: bytes
    methodology: bytes
    covered: bool
    documentDigest: bytes
    registeredAt: int


@dataclass(frozen=True, slots=True)
class Report:
    """An approved report in force: its id, and the emission in g."""

    id: bytes
    emission: int


def values(entry: Any) -> dict[str, Any]:
    """The fields of an entry by name, as its record has them."""
    return {field.name: getattr(entry, field.name) for field in fields(entry)}


def class_id(kind: int, vintage: int, project: bytes) -> bytes:
    """As AllowanceLedger.classOf."""
    return keccak256(kind.to_bytes(32, "big") + vintage.to_bytes(32, "big") + project)
