"""Loans, their projects, check-ups, disclosures and the support behind them, as the chain holds them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, Connection, select, type_coerce

from carbonledger.loans.duties import Duty, Edition, Lent, Quarter, Supported, check_ups, disclosures, terms
from ledger_node.db.schema import record
from ledger_node.queries import records, standing
from ledger_node.queries.records import Kept, Position

_ENDED_AT: Final = 15
"""Place of the field `endedAt` of a loan."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A disclosure on the chain, and the one that replaced it; None while it stands."""

    record: Kept
    replaced_by: Kept | None


def of_borrower(connection: Connection, member: str) -> list[Kept]:
    """All loans to a member, also those that ended."""
    return records.of_member(connection, "loan", member)


def of_bank(connection: Connection, bank: str, *, live: bool) -> list[Kept]:
    """A bank's loans in the order of the chain; with `live` those that have not ended."""
    rows = records.rows(record.c.kind == "loan", record.c.about == bank)
    found = [records.kept(row) for row in connection.execute(rows.order_by(record.c.block_number, record.c.log_index))]
    return [loan for loan in found if not live or not int(loan["endedAt"])]


def page(
    connection: Connection,
    *,
    borrower: str | None,
    bank: str | None,
    live: bool | None,
    after: Position | None,
    limit: int,
) -> list[Kept]:
    """Loans in the order in which the chain last wrote them; `live`: those that have not ended, or those that have."""
    where = [record.c.kind == "loan"]
    if borrower is not None:
        where.append(record.c.member == borrower)
    if bank is not None:
        where.append(record.c.about == bank)
    if live is not None:
        ended = type_coerce(record.c.fields, JSON)[_ENDED_AT].as_integer()
        where.append(ended == 0 if live else ended != 0)
    return records.page(connection, *where, after=after, limit=limit)


def loan(connection: Connection, identifier: str) -> Kept | None:
    """One loan by id (hex)."""
    return records.one(connection, "loan", identifier)


def checkups(connection: Connection, of: Kept) -> list[Kept]:
    """All check-ups of a loan's project, by quarter, as they were made."""
    found = [one for one in records.of_member(connection, "checkup", of["member"]) if one["project"] == of["project"]]
    return sorted(found, key=_quarter)


def checks(connection: Connection, of: Kept) -> list[Kept]:
    """A third party's check of a loan: one, the latest, or none."""
    found = records.one(connection, "supportcheck", of.id)
    return [] if found is None else [found]


def supports(connection: Connection, of: Kept) -> list[Kept]:
    """The applications that stand behind a loan now or ended with it."""
    return [one for one in records.of_member(connection, "support", of["bank"]) if one["loan"] == of.id]


def project(connection: Connection, identifier: str) -> Kept | None:
    """One project by id (hex)."""
    return records.one(connection, "loanproject", identifier)


def disclosures_of(connection: Connection, document: str) -> list[Filed]:
    """Who disclosed a document (SHA-256, hex), and what took its place since."""
    rows = records.rows(record.c.kind == "loandisclosure", record.c.about == document)
    ordered = rows.order_by(record.c.block_number, record.c.log_index)
    found = [records.kept(row) for row in connection.execute(ordered)]
    return [Filed(one, _replacement(connection, one)) for one in found]


def _replacement(connection: Connection, filed: Kept) -> Kept | None:
    every = records.of_member(connection, "loandisclosure", filed["member"], int(filed["year"]))
    return next((one for one in every if one["replaces"] == filed.id), None)


def banks(connection: Connection) -> list[str]:
    """All who ever lent, in their order."""
    query = select(record.c.about).where(record.c.kind == "loan", record.c.latest == 1).distinct()
    return sorted(str(bank) for (bank,) in connection.execute(query))


def duties(connection: Connection, bank: str, time: int) -> list[Duty]:
    """What a bank has to do by a time (s), what is due first at the head; what has no day last."""
    editions = _editions(connection)
    lent = of_bank(connection, bank, live=True)
    checked = _checked(connection, {str(loan["member"]) for loan in lent})
    given = [one for one in records.of_member(connection, "support", bank) if int(one["fundedAt"])]
    ended = [one.block_number for one in given if not int(one["outstanding"])]
    times = records.times(connection, ended) if ended else {}
    supports = [_supported(one, times.get(one.block_number)) for one in given]
    disclosed = {(one["tool"], _quarter(one)) for one in records.of_member(connection, "loandisclosure", bank)}
    found = [
        *check_ups([Lent(loan["project"], int(loan["drawnAt"])) for loan in lent], checked, editions, time),
        *disclosures(supports, disclosed, editions, time),
        *terms(supports, editions, time),
    ]
    return sorted(found, key=lambda duty: (duty.due is None, duty.due, duty.kind, duty.about))


def _editions(connection: Connection) -> list[Edition]:
    return [
        Edition(one["tool"], int(one["validFrom"]), int(one["disclosureDays"]), int(one["rollovers"]))
        for one in map(records.kept, connection.execute(records.rows(record.c.kind == "supportrules")))
    ]


def _checked(connection: Connection, borrowers: Collection[str]) -> set[tuple[str, Quarter]]:
    by_member = standing.by_member(connection, sorted(borrowers), ("checkup",))
    return {(one["project"], _quarter(one)) for by_kind in by_member.values() for one in by_kind.get("checkup", ())}


def _supported(kept: Kept, ended_at: int | None) -> Supported:
    """What is paid back whole was written last when it was; `ended_at` is the time of that block, of no other."""
    given_at, due_at, rollovers = int(kept["fundedAt"]), int(kept["dueAt"]), int(kept["rollovers"])
    return Supported(kept.id, kept["tool"], given_at, due_at, rollovers, None if int(kept["outstanding"]) else ended_at)


def _quarter(kept: Kept) -> Quarter:
    return Quarter(int(kept["year"]), int(kept["quarter"]))
