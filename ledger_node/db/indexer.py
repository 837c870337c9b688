"""Follow the chain into SQL.

One rule serves every contract: `RecordWritten(tag, id, words)` tells each record that a contract wrote
(docs/formats/records.md), so a record of a known kind becomes one row of `record`. Only the contracts that the
Directory names are listened to, each for its own kinds; anybody may emit an event, few are believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from carbonledger.records import Record
from ledger_node.chain.interface import Chain
from ledger_node.chain.records import RECORD_WRITTEN, parse_record
from ledger_node.chain.types import Block, Log
from ledger_node.db import schema

STEP_BLOCKS: Final = 500
_BLOCKS_BACK: Final = 10

Describe = Callable[[str, Log], tuple[str, Mapping[str, Any]] | None]
"""(contract name, log) → (event name, arguments fit for JSON), or None for an event the contract does not declare."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step did: blocks taken in, blocks taken back, and how far the chain is."""

    followed: int
    taken_back: int
    at: int
    head: int


class Indexer:
    """Follows one chain under one Directory into one database; `step()` is the whole loop body."""

    def __init__(self, engine: Engine, chain: Chain, directory: bytes, describe: Describe) -> None:
        self._engine = engine
        self._chain = chain
        self._directory = directory
        self._describe = describe

    def step(self) -> Progress:
        """Take back what a reorganisation dropped, then take in the next blocks, in one transaction."""
        head = self._chain.head()
        with self._engine.begin() as connection:
            taken_back = self._take_back(connection)
            first = self._next_number(connection)
            last = min(head.number, first + STEP_BLOCKS - 1)
            if first <= last:
                self._take_in(connection, first, last)
        return Progress(max(0, last - first + 1), taken_back, max(last, first - 1), head.number)

    def catch_up(self, progress: Callable[[Progress], None] | None = None) -> Progress:
        """Step until the head is reached."""
        while True:
            done = self.step()
            if progress:
                progress(done)
            if done.at >= done.head and not done.taken_back:
                return done

    def _next_number(self, connection: Connection) -> int:
        last = connection.execute(select(func.max(schema.block.c.number))).scalar()
        return 0 if last is None else int(last) + 1

    def _take_back(self, connection: Connection) -> int:
        """Delete the rows above the last block that the chain still has; the number of blocks deleted."""
        rows = connection.execute(
            select(schema.block.c.number, schema.block.c.hash).order_by(schema.block.c.number.desc()),
            execution_options={"yield_per": _BLOCKS_BACK},  # a driver would else fetch the whole table in each step
        )
        above = 0
        fork = -1
        for number, block_hash in rows:
            block = self._chain.block(int(number))
            if block is not None and block.hash == block_hash:
                fork = int(number)
                break
            above += 1
        rows.close()
        if above:
            for table, column in (
                (schema.record, schema.record.c.block_number),
                (schema.event, schema.event.c.block_number),
                (schema.block, schema.block.c.number),
            ):
                connection.execute(delete(table).where(column > fork))
            self._mark_latest(connection)
        return above

    def _mark_latest(self, connection: Connection) -> None:
        """After a take-back the last remaining row of each key is the latest again."""
        table = schema.record
        position = table.c.block_number * 1_000_000 + table.c.log_index
        newest = (
            select(table.c.record_key, func.max(position).label("position")).group_by(table.c.record_key).subquery()
        )
        connection.execute(update(table).values(latest=0))
        connection.execute(update(table).where(position.in_(select(newest.c.position))).values(latest=1))

    def _take_in(self, connection: Connection, first: int, last: int) -> None:
        blocks = [self._block(number) for number in range(first, last + 1)]
        last_known = connection.execute(select(schema.block.c.hash).where(schema.block.c.number == first - 1)).scalar()
        for parent, block in zip([last_known, *(b.hash for b in blocks)], blocks, strict=False):
            if parent is not None and block.parent_hash != parent:
                raise Invalid(
                    "the chain changed while it was read", expected=parent.hex(), found=block.parent_hash.hex()
                )
        values = [
            {"number": b.number, "hash": b.hash, "parent_hash": b.parent_hash, "timestamp": b.timestamp} for b in blocks
        ]
        connection.execute(insert(schema.block), values)
        for contract, log in self._believed(connection, first, last):
            if log.topics and log.topics[0] == RECORD_WRITTEN:
                self._write_record(connection, contract, log)
            elif described := self._describe(contract, log):
                name, arguments = described
                connection.execute(
                    insert(schema.event).values(
                        block_number=log.block_number,
                        log_index=log.index,
                        address=log.address,
                        contract=contract,
                        name=name,
                        arguments=dict(arguments),
                        transaction_hash=log.transaction_hash,
                    )
                )

    def _block(self, number: int) -> Block:
        block = self._chain.block(number)
        if block is None:
            raise Invalid("the chain changed while it was read", expected=f"block {number}", found="none")
        return block

    def _believed(self, connection: Connection, first: int, last: int) -> Iterable[tuple[str, Log]]:
        """The logs of the Directory's contracts in order; a contract entered in this range is heard within it too."""
        names = contract_names(connection, self._directory)
        while True:
            logs = self._chain.logs(first, last, addresses=sorted(names))
            entered = {self._directory: "Directory"}
            for log in logs:
                if log.address == self._directory and log.topics and log.topics[0] == RECORD_WRITTEN:
                    record = parse_record(log)
                    if record is not None and record.kind == "contract":
                        entered[_address(record.field("location"))] = _name(record.field("name"))
            if not entered.keys() - names.keys():
                return [(names[log.address], log) for log in logs]
            names = {**names, **entered}

    def _write_record(self, connection: Connection, contract: str, log: Log) -> None:
        try:
            record = parse_record(log)
        except CarbonLedgerError as error:
            raise Invalid(
                f"record written in block {log.block_number} by {contract} cannot be read",
                expected="the words of its kind",
                found=str(error),
            ) from error
        if record is None or record.definition.contract != contract:
            return
        kind = record.definition
        table = schema.record
        fields = record.fields()
        key = kind.key(log.topics[2]).hex()
        member = fields.get("member", fields.get("owner"))
        year = fields.get("year")
        about = fields.get(schema.ABOUT.get(kind.name, ""))
        connection.execute(update(table).where(table.c.record_key == key, table.c.latest == 1).values(latest=0))
        connection.execute(
            insert(table).values(
                block_number=log.block_number,
                log_index=log.index,
                kind=kind.name,
                record_key=key,
                id=log.topics[2].hex(),
                fields=record.to_json(),
                member=member.hex() if isinstance(member, bytes) else None,
                year=year if isinstance(year, int) else None,
                latest=1,
                about=about.hex() if isinstance(about, bytes) else None,
            )
        )


def contract_names(connection: Connection, directory: bytes) -> dict[bytes, str]:
    """Address → name of every contract the Directory ever named, as far as the index goes; the Directory itself too."""
    names = {directory: "Directory"}
    rows = connection.execute(
        select(schema.record.c.fields)
        .where(schema.record.c.kind == "contract")
        .order_by(schema.record.c.block_number, schema.record.c.log_index)
    )
    for (fields,) in rows:
        record = Record.from_json("contract", fields)
        names[_address(record.field("location"))] = _name(record.field("name"))
    return names


def reindex(engine: Engine) -> None:
    """Empty the views; the next steps fill them again from the chain."""
    with engine.begin() as connection:
        for table in (schema.record, schema.event, schema.block):
            connection.execute(delete(table))


def _address(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != 20:
        raise Malformed("contract record", expected="an address", found=repr(value))
    return value


def _name(value: object) -> str:
    if not isinstance(value, bytes):
        raise Malformed("contract record", expected="a name", found=repr(value))
    return value.rstrip(b"\0").decode("ascii", errors="replace")
