"""Events: what changed, as the reader is told: a type, a time, ids, and where to ask for the rest.

Most are records as the chain wrote them, found by their place; the node's own (alerts, certificates) are rows. An event
is thin: what it is about in figures is asked for, and then written on the access log like every reading.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection

from api import present
from api.access import STATUTORY, Caller
from carbonledger import jcs
from carbonledger.assessment.filing import STATES
from carbonledger.sharing import standing_scope
from ledger_node.queries import access, feed, grants, node_events, records
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
]
TYPES: Final[tuple[Type, ...]] = get_args(Type)
Openness = Literal["open", "consent", "statutory"]
"""Who is told: everybody; the member, statutory roles, parties and grantees; the member and statutory roles."""
Basis = Literal["public", "owner", "party", "statutory", "grant"]


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
    """One event: `at` in seconds, `member` whom it is about, `parties` who signed it too, `place` behind it."""

    id: str
    type: Type
    at: int
    member: str
    parties: tuple[str, ...]
    data: Mapping[str, Any]
    place: Place

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
    """How records of a kind are told."""

    type: Type
    openness: Openness
    data: Callable[[Kept], dict[str, Any]]
    parties: tuple[str, ...] = ()


BY_KIND: Final[Mapping[str, Told]] = {
    "code": Told("code.changed", "open", _code),
    "grade": Told("grade.changed", "open", _grade),
    "report": Told("report.changed", "open", _report),
    "year": Told("settlement.changed", "consent", _settlement),
    "pledge": Told("pledge.changed", "consent", _pledge, ("bank",)),
    "position": Told("holding.changed", "consent", _holding),
}
OF_NODE: Final[Mapping[str, Openness]] = {
    "credential.changed": "consent",  # a certificate's id opens it: its member decides who has it
    "alert.opened": "statutory",
    "alert.acknowledged": "statutory",
    "alert.escalated": "statutory",
    "alert.past": "statutory",
}
OPENNESS: Final[Mapping[str, Openness]] = {told.type: told.openness for told in BY_KIND.values()} | dict(OF_NODE)


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
    """At most `limit` events of these types: those of the chain first, then the node's."""
    end = newest(connection)
    kinds = [kind for kind, told in BY_KIND.items() if told.type in types]
    kept = feed.since(connection, after.position, kinds, limit) if kinds else []
    times = records.times(connection, [one.block_number for one in kept])
    number = after.number
    found = [_of_record(one, times.get(one.block_number, 0), number) for one in kept]
    if len(kept) == limit:
        return Batch(found, found[-1].place, True)
    position = max(end.position, after.position)
    own = [name for name in OF_NODE if name in types]
    rows = node_events.since(connection, number, own, limit - len(kept)) if own else []
    found += [_of_node(row, position) for row in rows]
    if len(found) == limit:
        return Batch(found, found[-1].place, True)
    return Batch(found, Place(*position, max(end.number, number)), False)


class Sight:
    """Whom one reader may be told of, and on what basis: as a standing is opened (decision 0021).

    Grants are judged at the time of the last block in the view. One object serves one batch.
    """

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self._connection = connection
        self._caller = caller
        self._granted: dict[str, bool] = {}

    def basis(self, event: Event) -> Basis | None:
        """On what basis the reader is told; None: not at all."""
        caller, openness = self._caller, OPENNESS[event.type]
        if openness == "open":
            return "public"
        if caller.member is not None and caller.member == event.member:
            return "owner"
        if caller.role in STATUTORY:
            return "statutory"
        if openness == "statutory" or caller.member is None:
            return None
        if caller.member in event.parties:
            return "party"
        return "grant" if self._has_grant(caller.member, event.member) else None

    def _has_grant(self, grantee: str, owner: str) -> bool:
        if owner not in self._granted:
            head = records.head(self._connection)
            scope = standing_scope(bytes.fromhex(owner)).hex()
            found = None if head is None else grants.in_force(self._connection, owner, grantee, scope, head[1])
            self._granted[owner] = found is not None
        return self._granted[owner]


def _of_record(kept: Kept, at: int, number: int) -> Event:
    told = BY_KIND[kept.kind]
    ref = {"kind": kept.kind, "id": kept.id, "block": kept.block_number}
    data = {"member": kept["member"], "record": ref, **told.data(kept)}
    # the place and the content: what the chain wrote again elsewhere, after it took blocks back, is another event
    content = [kept.kind, kept.id, kept.block_number, kept.log_index, dict(kept.fields)]
    identifier = hashlib.sha256(b"carbonledger/event/v1\0" + jcs.encode(content)).hexdigest()[:32]
    parties = tuple(str(kept[name]) for name in told.parties)
    place = Place(kept.block_number, kept.log_index, number)
    return Event(f"evt_{identifier}", told.type, at, str(kept["member"]), parties, data, place)


def _of_node(row: NodeEvent, position: Position) -> Event:
    type_ = next(name for name in TYPES if name == row.type)
    return Event(
        row.id, type_, row.at, row.member, (), {"member": row.member, **row.data}, Place(*position, row.number)
    )


def note_reads(connection: Connection, caller: Caller, told: Sequence[tuple[Event, Basis]], at: int) -> None:
    """Write what was told of others' affairs on their access logs: one row an owner, type and basis."""
    found: dict[tuple[str, str, Basis], int] = {}
    for event, basis in told:
        if basis not in ("public", "owner"):
            key = event.member, event.type, basis
            found[key] = found.get(key, 0) + 1
    for (owner, type_, basis), count in found.items():
        what = f"{count} event{'s' if count > 1 else ''} {type_}"
        access.write(connection, at=at, reader=caller.reader, owner=owner, what=what, basis=basis)
