"""Records about units as documents. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from api import quota_schemas as schemas
from api.present import id_or_none, time, time_or_none
from api.schemas import Amount
from ledger_node.queries.quota import STATES, Close, Holding
from ledger_node.queries.records import Kept

KINDS: Final = {1: "CEA", 2: "CCER"}
YEAR_STATUS: Final = {1: "open", 2: "compliant", 3: "short"}
PURPOSES: Final = {1: "surrender", 2: "cancellation", 3: "carry-over", 4: "forced-surrender"}
DISPOSAL_STATUS: Final = {1: "pending", 2: "done", 3: "returned"}
PLEDGE_STATUS: Final = {1: "offered-by-member", 2: "offered-by-bank", 3: "in-force", 4: "ended"}
EPOCH: Final = date(1970, 1, 1)
CANCELLATION, CARRY_OVER, DONE = 2, 3, 2
IN_FORCE: Final = 3


def tonnes(value: object) -> Amount:
    """Whole tonnes."""
    return Amount(value=str(value), unit="t")


def fen(value: object) -> Amount:
    """Money."""
    return Amount(value=str(value), unit="fen")


def lot(record: Kept) -> schemas.Lot:
    """A lot."""
    first = int(record["serialFrom"])
    return schemas.Lot(
        id=record.id,
        kind=KINDS.get(record["kind"], str(record["kind"])),
        vintage=record["vintage"],
        project=id_or_none(record["project"]),
        amount=tonnes(record["amount"]),
        serial_from=first,
        serial_to=first + int(record["amount"]) - 1,
        first_holder=record["member"],
        registered_at=time_or_none(record["registeredAt"]),
        issued_at=time(record["issuedAt"]),
        decision=record["decision"],
        plan=id_or_none(record["plan"]),
        carried_from=id_or_none(record["source"]),
    )


def states(position: Kept) -> schemas.States:
    """A position."""
    return schemas.States(**{state: int(position[state]) for state in STATES})


def entry(record: Kept, at: int, told: bool) -> schemas.LotEntry:
    """One record of a lot's history; of a position that is not told, its time alone."""
    tally = record.kind == "tally"
    return schemas.LotEntry(
        kind=record.kind,
        block=record.block_number,
        at=time(at),
        member=record["member"] if told and not tally else None,
        states=states(record) if told and record.kind == "position" else None,
        ended={name: int(record[name]) for name in ("surrendered", "cancelled", "carried")} if tally else None,
    )


def holding(found: Holding) -> schemas.Holding:
    """A member's units of a lot."""
    member, lot_id = found.position["member"], found.lot.id
    return schemas.Holding(
        lot=lot(found.lot),
        units=tonnes(found.total),
        states=states(found.position),
        title=f"/v1/lots/{lot_id}/title?holder={member}",
    )


def holdings(member: str, block: int | None, found: Sequence[Holding]) -> schemas.Holdings:
    """All of a member's units."""
    classes: dict[tuple[int, int, str], list[Holding]] = {}
    for one in found:
        classes.setdefault((one.lot["kind"], one.lot["vintage"], one.lot["project"]), []).append(one)
    return schemas.Holdings(
        member=member,
        block=block,
        classes=[
            schemas.ClassTotal(
                kind=KINDS.get(kind, str(kind)),
                vintage=vintage,
                project=id_or_none(project),
                units=tonnes(sum(one.total for one in ones)),
                states=schemas.States(**{s: sum(int(one.position[s]) for one in ones) for s in STATES}),
            )
            for (kind, vintage, project), ones in sorted(classes.items())
        ],
        lots=[holding(one) for one in found],
    )


def obligation(record: Kept) -> schemas.Obligation:
    """A year."""
    met = int(record["surrendered"]) + int(record["pending"]) + int(record["arrears"]) + int(record["deducted"])
    return schemas.Obligation(
        member=record["member"],
        year=record["year"],
        status=YEAR_STATUS.get(record["status"], str(record["status"])),
        obligation=tonnes(record["obligation"]),
        surrendered=tonnes(record["surrendered"]),
        pending=tonnes(record["pending"]),
        offsets=tonnes(record["offsets"]),
        missing=tonnes(max(0, int(record["obligation"]) - met)),
        late=tonnes(record["late"]),
        deduction=tonnes(record["deduction"]),
        due_at=time(record["dueAt"]),
        report=id_or_none(record["report"]),
    )


def disposal(record: Kept) -> schemas.Disposal:
    """A disposal."""
    ended = record["status"] == DONE and record["purpose"] != CARRY_OVER
    return schemas.Disposal(
        id=record.id,
        member=record["member"],
        lot=record["lot"],
        amount=tonnes(record["amount"]),
        purpose=PURPOSES.get(record["purpose"], str(record["purpose"])),
        year=record["year"] or None,
        beneficiary=id_or_none(record["note"]) if record["purpose"] == CANCELLATION else None,
        status=DISPOSAL_STATUS.get(record["status"], str(record["status"])),
        late=bool(record["late"]),
        requested_at=time(record["requestedAt"]),
        decided_at=time_or_none(record["decidedAt"]),
        certificate=f"/v1/disposals/{record.id}/certificate" if ended else None,
    )


def close(found: Close | None) -> schemas.Close | None:
    """A close with its day."""
    if found is None:
        return None
    return schemas.Close(fen=found.fen, day=(EPOCH + timedelta(days=found.day)).isoformat())


def collateral(pledge: Kept, of_lot: Kept, found: Close | None) -> schemas.Collateral:
    """A pledge with the value of what it holds."""
    return schemas.Collateral(
        id=pledge.id,
        member=pledge["member"],
        status=PLEDGE_STATUS.get(pledge["status"], str(pledge["status"])),
        lot=lot(of_lot),
        held=tonnes(pledge["held"]),
        released=tonnes(pledge["released"]),
        enforced=tonnes(pledge["enforced"]),
        loan=pledge["loan"],
        principal=fen(pledge["principal"]),
        term_to=time(pledge["termTo"]),
        pledged_at=time_or_none(pledge["pledgedAt"]),
        close=close(found),
        value=None if found is None else fen(int(pledge["held"]) * found.fen),
    )
