"""Documents about units and years of obligation. Units are whole tonnes, money is fen."""

from __future__ import annotations

from pydantic import Field

from api.schemas import Amount, Document


class Lot(Document):
    """One issuance: a block of serials of one class with its origin."""

    id: str
    kind: str = Field(examples=["CEA"])
    vintage: int
    project: str | None
    amount: Amount
    serial_from: int
    serial_to: int
    first_holder: str
    registered_at: str | None
    issued_at: str
    decision: str
    plan: str | None
    carried_from: str | None


class States(Document):
    """Units by state."""

    registered: int
    trading: int
    frozen: int
    pledged: int
    pending: int
    provincial: int


class Holding(Document):
    """A member's units of one lot."""

    lot: Lot
    units: Amount
    states: States
    title: str = Field(description="Where the certificate of title is")


class ClassTotal(Document):
    """A member's units of one class: kind, vintage, project."""

    kind: str
    vintage: int
    project: str | None
    units: Amount
    states: States


class Holdings(Document):
    """All that a member holds, by lot and by class; `block` is the last one in the view."""

    member: str
    block: int | None
    classes: list[ClassTotal]
    lots: list[Holding]


class Holder(Document):
    """A member that holds units of a lot."""

    member: str
    states: States


class LotDetail(Document):
    """A lot, who holds it, and what became of its units; `withheld` is with holders that the reader is not told of."""

    lot: Lot
    holders: list[Holder]
    withheld: Amount
    surrendered: Amount
    cancelled: Amount
    carried: Amount


class LotEntry(Document):
    """What the ledger wrote of a lot: the lot itself, a holder's position, or the tally, as it then stood.

    Of a position that the reader is not told of, it says when it changed and nothing else.
    """

    kind: str = Field(examples=["position"])
    block: int
    at: str
    member: str | None = Field(description="None of the tally, and of a holder that the reader is not told of")
    states: States | None
    ended: dict[str, int] | None = Field(description="Of the tally: surrendered, cancelled, carried")


class Obligation(Document):
    """A year of a member: what it owes and what met it. `missing` is what is neither surrendered nor asked for."""

    member: str
    year: int
    status: str = Field(examples=["open"])
    obligation: Amount
    surrendered: Amount
    pending: Amount
    offsets: Amount
    missing: Amount
    late: Amount
    deduction: Amount
    due_at: str
    report: str | None


class Disposal(Document):
    """A request to end units, and what was decided."""

    id: str
    member: str
    lot: str
    amount: Amount
    purpose: str
    year: int | None
    beneficiary: str | None
    status: str
    late: bool
    requested_at: str
    decided_at: str | None
    certificate: str | None = Field(description="Where the certificate of retirement is, once the units have ended")


class Close(Document):
    """The close of the last day on which a class was traded."""

    fen: int
    day: str


class Collateral(Document):
    """A pledge to the bank. `value` is null where the class has no close: unknown, not zero."""

    id: str
    member: str
    status: str
    lot: Lot
    held: Amount
    released: Amount
    enforced: Amount
    loan: str
    principal: Amount
    term_to: str
    pledged_at: str | None
    close: Close | None
    value: Amount | None


class CollateralBook(Document):
    """A bank's pledges. `value` sums those with a close; `unpriced` are tonnes held without one."""

    bank: str
    pledges: list[Collateral]
    held: Amount
    value: Amount
    unpriced: Amount


class PlanningQuota(Document):
    """A planning quota as it was entered."""

    member: str
    year: int
    tonnes: Amount
    at: str
    by: str
