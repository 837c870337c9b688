"""Events: what changed, as the reader is told: a type, a time, ids, and where to ask for the rest.

Most are records as the chain wrote them, found by their place; the node's own (alerts, certificates, what is overdue,
what was refused) are rows. An event is thin: what it is about in figures is asked for, and then written on the access
log like every reading. Who is told of it: `api.sight`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection

from api import loan_events, present
from api.access import Caller
from api.sight import Basis, Openness, Sight, note_reads, owner_of
from carbonledger import jcs
from carbonledger.assessment.filing import STATES
from ledger_node.queries import feed, node_events, records
from ledger_node.queries.node_events import NodeEvent
from ledger_node.queries.records import Kept, Position

Type = Literal[
    "code.changed",
    "grade.changed",
    "report.changed",
    "settlement.changed",
    "pledge.changed",
    "holding.changed",
    "credential.changed",
    "alert.opened",
    "alert.acknowledged",
    "alert.escalated",
    "alert.past",
    "project.changed",
    "loan.changed",
    "loan.refused",
    "borrower.changed",
    "checkup.changed",
    "checkup.overdue",
    "support.changed",
    "support.checked",
    "disclosure.changed",
    "pledge.enforced",
]
TYPES: Final[tuple[Type, ...]] = get_args(Type)


class Place(NamedTuple):
    """How far somebody was told: the place of a record on the chain, and the number of an event of the node."""

    block: int
    log_index: int
    number: int

    @property
    def position(self) -> Position:
        """On the chain."""
        return self.block, self.log_index

    def text(self) -> str:
        """As a cursor, and as the id of a server-sent event."""
        return f"{self.block}.{self.log_index}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Inverse of `text`; None for what is none."""
        match = _PLACE.fullmatch(text)
        return None if match is None else cls(*(int(part) for part in match.groups()))


START: Final = Place(-1, -1, 0)
PLACE_PATTERN: Final = "^(?:-1|[0-9]{1,12})\\.(?:-1|[0-9]{1,9})\\.[0-9]{1,9}$"
_PLACE: Final = re.compile(r"(-1|[0-9]{1,12})\.(-1|[0-9]{1,9})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `at` in seconds, `member` whom it is about, `place` behind it, `record` what it was made of."""

    id: str
    type: Type
    at: int
    member: str
    data: Mapping[str, Any]
    place: Place
    record: Kept | None

    def payload(self) -> dict[str, Any]:
        """What is told."""
        return {"id": self.id, "type": self.type, "timestamp": present.time(self.at), "data": dict(self.data)}


def _code(kept: Kept) -> dict[str, Any]:
    state = STATES[int(kept["state"]) - 1]
    colour = state if state in ("green", "grey") else "red"
    of_project = "" if kept["project"] == present.ZERO else f"?project={kept['project']}"
    links = {"code": f"/v1/codes/{kept['member']}{of_project}"}
    return {"state": state, "colour": colour, **_quarter(kept), "links": links}


def _grade(kept: Kept) -> dict[str, Any]:
    links = {"grades": f"/v1/grades/{kept['member']}", "explain": f"/v1/assessments/{kept.id}"}
    return {"scheme": present.text_of(kept["schemeKey"]), **_quarter(kept), "links": links}


def _report(kept: Kept) -> dict[str, Any]:
    links = {"report": f"/v1/reports/{kept.id}"}
    return {"year": kept["year"], "status": present.report_status(kept), "links": links}


def _settlement(kept: Kept) -> dict[str, Any]:
    return {"year": kept["year"], "links": {"obligations": f"/v1/obligations?member={kept['member']}"}}


def _pledge(kept: Kept) -> dict[str, Any]:
    links = {"collateral": f"/v1/members/{kept['bank']}/collateral"}
    return {"bank": kept["bank"], "lot": kept["lot"], "links": links}


def _holding(kept: Kept) -> dict[str, Any]:
    return {"lot": kept["lot"], "links": {"holdings": f"/v1/members/{kept['member']}/holdings"}}


def _quarter(kept: Kept) -> dict[str, Any]:
    project = present.id_or_none(kept["project"])
    return {"project": project, "year": kept["year"], "quarter": kept["quarter"]}


@dataclass(frozen=True, slots=True)
class Told:
    """How records of a kind are told: `data` is what the event says beside member and record, None: no event."""

    type: Type
    kinds: tuple[str, ...]
    data: Callable[[Connection, Kept], dict[str, Any] | None]


def _plain(data: Callable[[Kept], dict[str, Any]]) -> Callable[[Connection, Kept], dict[str, Any]]:
    return lambda _, kept: data(kept)


OF_RECORDS: Final[tuple[Told, ...]] = (
    Told("code.changed", ("code",), _plain(_code)),
    Told("grade.changed", ("grade",), _plain(_grade)),
    Told("report.changed", ("report",), _plain(_report)),
    Told("settlement.changed", ("year",), _plain(_settlement)),
    Told("pledge.changed", ("pledge",), _plain(_pledge)),
    Told("holding.changed", ("position",), _plain(_holding)),
    Told("project.changed", ("loanproject",), loan_events.project),
    Told("loan.changed", ("loan",), loan_events.loan),
    Told("borrower.changed", ("code", "grade"), loan_events.borrower),
    Told("checkup.changed", ("checkup",), _plain(loan_events.checkup)),
    Told("support.changed", ("support",), loan_events.support),
    Told("support.checked", ("supportcheck",), loan_events.support_check),
    Told("disclosure.changed", ("loandisclosure",), _plain(loan_events.disclosure)),
    Told("pledge.enforced", ("enforcement",), loan_events.enforcement),
)
OF_NODE: Final[Mapping[str, Openness]] = {
    "credential.changed": "consent",  # a certificate's id opens it: its member decides who has it
    "alert.opened": "statutory",
    "alert.acknowledged": "statutory",
    "alert.escalated": "statutory",
    "alert.past": "statutory",
    "loan.refused": "statutory",
    "checkup.overdue": "statutory",
}
PARTY: Final = "bank"
"""What the node tells of a loan names its bank, which is a party."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in their order, and how far that is: behind the last one, or at the end of what there is."""

    events: Sequence[Event]
    place: Place
    more: bool


def newest(connection: Connection) -> Place:
    """Behind all that there is."""
    return Place(*feed.newest(connection), node_events.newest(connection))


def since(connection: Connection, after: Place, types: Collection[str], limit: int) -> Batch:
    """About `limit` events of these types at most (those of one record come together): the chain's, then the node's."""
    end = newest(connection)
    wanted = [told for told in OF_RECORDS if told.type in types]
    kinds = sorted({kind for told in wanted for kind in told.kinds})
    kept = feed.since(connection, after.position, kinds, limit) if kinds else []
    times = records.times(connection, [one.block_number for one in kept])
    found: list[Event] = []
    place = after
    for one in kept:
        at = times.get(one.block_number, 0)
        made = [event for told in wanted if (event := _of_record(connection, told, one, at, after.number)) is not None]
        if found and len(found) + len(made) > limit:
            return Batch(found, place, True)
        found += made
        place = Place(one.block_number, one.log_index, after.number)
    if len(kept) == limit or len(found) >= limit:
        return Batch(found, place, True)
    position = max(end.position, after.position)
    own = [name for name in OF_NODE if name in types]
    rows = node_events.since(connection, after.number, own, limit - len(found)) if own else []
    more = len(rows) == limit - len(found)
    found += [_of_node(row, position) for row in rows]
    if own and more:
        return Batch(found, found[-1].place, True)
    return Batch(found, Place(*position, max(end.number, after.number)), False)


def basis_of(sight: Sight, event: Event) -> Basis | None:
    """On what basis a reader is told of an event; None: not at all."""
    if event.record is None:
        parties = {str(event.data[PARTY])} if PARTY in event.data else set()
        return sight.of(OF_NODE[event.type], event.member, lambda: parties)
    return sight.of_borrower(event.member) if event.type == "borrower.changed" else sight.of_record(event.record)


def note(connection: Connection, caller: Caller, told: Sequence[tuple[Event, Basis]], at: int) -> None:
    """Write what was told of others' affairs on their access logs."""
    note_reads(connection, caller, [(event.member, f"event {event.type}", basis) for event, basis in told], at)


def _of_record(connection: Connection, told: Told, kept: Kept, at: int, number: int) -> Event | None:
    if kept.kind not in told.kinds:
        return None
    said = told.data(connection, kept)
    member = owner_of(connection, kept)
    if said is None or member is None:
        return None
    ref = {"kind": kept.kind, "id": kept.id, "block": kept.block_number}
    data = {"member": member, "record": ref, **said}
    # the place and the content: what the chain wrote again elsewhere, after it took blocks back, is another event
    content = [kept.kind, kept.id, kept.block_number, kept.log_index, dict(kept.fields)]
    if told.type == "borrower.changed":
        content.append(told.type)  # the second event of its record
    identifier = hashlib.sha256(b"carbonledger/event/v1\0" + jcs.encode(content)).hexdigest()[:32]
    place = Place(kept.block_number, kept.log_index, number)
    return Event(f"evt_{identifier}", told.type, at, member, data, place, kept)


def _of_node(row: NodeEvent, position: Position) -> Event:
    type_ = next(name for name in TYPES if name == row.type)
    data = {"member": row.member, **row.data}
    return Event(row.id, type_, row.at, row.member, data, Place(*position, row.number), None)
