"""Units, years of obligation, disposals and pledges, as the chain holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from carbonledger.evm import abi
from carbonledger.keccak import keccak256
from carbonledger.records import KINDS
from ledger_node.db.schema import record
from ledger_node.queries import market, records
from ledger_node.queries.records import Kept, Position

STATES: Final = ("registered", "trading", "frozen", "pledged", "pending", "provincial")
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Holding:
    """A member's units of one lot, and the lot."""

    position: Kept
    lot: Kept

    @property
    def total(self) -> int:
        """Units in all states."""
        return sum(int(self.position[state]) for state in STATES)


@dataclass(frozen=True, slots=True)
class Close:
    """The last close of a class of units: fen per tonne, and the day (since 1970-01-01 at UTC+08:00)."""

    fen: int
    day: int


def class_id(kind: int, vintage: int, project: str) -> str:
    """Id (hex) of a class of units: keccak256(kind ‖ vintage ‖ project) as words; `project` in hex."""
    words = abi.word("uint8", kind) + abi.word("uint16", vintage) + bytes.fromhex(project)
    return keccak256(words).hex()


def lot(connection: Connection, identifier: str) -> Kept | None:
    """One lot by id (hex)."""
    return records.one(connection, "lot", identifier)


def holdings(connection: Connection, member: str) -> list[Holding]:
    """What a member holds, in the order in which the chain last wrote it; emptied positions are left out."""
    positions = records.of_member(connection, "position", member)
    wanted = [position["lot"] for position in positions]
    lots: dict[str, Kept] = {}
    for at in range(0, len(wanted), _CHUNK):
        rows = records.rows(record.c.kind == "lot", record.c.id.in_(wanted[at : at + _CHUNK]))
        lots |= {row.id: records.kept(row) for row in connection.execute(rows)}
    found = [Holding(position, lots[position["lot"]]) for position in positions if position["lot"] in lots]
    return [holding for holding in found if holding.total]


def holders(connection: Connection, identifier: str) -> list[Kept]:
    """Positions of a lot that are not empty."""
    rows = records.rows(record.c.kind == "position", record.c.about == identifier)
    found = [records.kept(row) for row in connection.execute(rows.order_by(record.c.block_number, record.c.log_index))]
    return [position for position in found if any(int(position[state]) for state in STATES)]


def history(connection: Connection, identifier: str, *, after: Position | None, limit: int) -> list[Kept]:
    """All that the ledger wrote of a lot, oldest first: the lot, positions and the tally, as they changed."""
    of_lot = (record.c.kind == "position") & (record.c.about == identifier)
    keys = [KINDS[kind].key(bytes.fromhex(identifier)).hex() for kind in ("lot", "tally")]
    parts = []
    for where in (of_lot, record.c.record_key.in_(keys)):
        rows = records.rows(where, latest=False)
        if after is not None:
            rows = rows.where(records.later(after))
        # each part by its own index: one condition with an `or` would read the whole table
        ordered = rows.order_by(record.c.block_number, record.c.log_index).limit(limit)
        parts += [records.kept(row) for row in connection.execute(ordered)]
    return sorted(parts, key=lambda kept: (kept.block_number, kept.log_index))[:limit]


def years(
    connection: Connection, *, member: str | None, year: int | None, after: Position | None, limit: int
) -> list[Kept]:
    """Years of obligation in the order in which the chain last wrote them."""
    where = [record.c.kind == "year"]
    if member is not None:
        where.append(record.c.member == member)
    if year is not None:
        where.append(record.c.year == year)
    return records.page(connection, *where, after=after, limit=limit)


def year_of(connection: Connection, member: str, year: int) -> Kept | None:
    """What a member owes for a year; None where nothing is fixed."""
    found = records.of_member(connection, "year", member, year)
    return found[-1] if found else None


def rules_of(connection: Connection, year: int) -> Kept | None:
    """The rules of surrender for a year that were published last."""
    rows = records.rows(record.c.kind == "compliancerules", record.c.year == year)
    found = [records.kept(row) for row in connection.execute(rows)]
    return max(found, key=lambda rules: int(rules["edition"]), default=None)


def disposal(connection: Connection, identifier: str) -> Kept | None:
    """One disposal by id (hex)."""
    return records.one(connection, "disposal", identifier)


def disposals(connection: Connection, member: str, *, after: Position | None, limit: int) -> list[Kept]:
    """A member's disposals in the order in which the chain last wrote them."""
    return records.page(connection, record.c.kind == "disposal", record.c.member == member, after=after, limit=limit)


def pledges_of(connection: Connection, member: str) -> list[Kept]:
    """Pledges that a member gave or offered."""
    return records.of_member(connection, "pledge", member)


def pledges_to(connection: Connection, bank: str) -> list[Kept]:
    """Pledges to a bank, in the order of the chain."""
    rows = records.rows(record.c.kind == "pledge", record.c.about == bank)
    return [records.kept(row) for row in connection.execute(rows.order_by(record.c.block_number, record.c.log_index))]


def last_close(connection: Connection, instrument: str) -> Close | None:
    """The close of the newest day on which a class was traded; None where it never was."""
    found = market.latest_bar(connection, instrument)
    # a day of blocks or auctions alone has no close of its own
    return None if found is None or int(found["close"]) == 0 else Close(int(found["close"]), int(found["day"]))
