"""Whatever happens to an enterprise, and however often a node looks: the certificates that stand are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from carbonledger.records import Record
from ledger_node.db.schema import block, credential, metadata, node_event, record, status_list
from ledger_node.jobs import credentials as jobs
from ledger_node.queries import credentials
from tests.support import certificates as of
from tests.support.certificates import FILED, FIRM, ISSUER, NOW, write

TABLES = [block, record, credential, status_list, node_event]
Kind = Literal["code", "grade", "fraud", "clear"]
GREEN, RED, GREY = 1, 2, 3
GRADES = {GREEN: "deep", RED: "non-green", GREY: "not-rated"}
QUARTERS = st.sampled_from([1, 2, 3])
HAPPENINGS = st.tuples(
    st.sampled_from(["code", "code", "grade", "fraud", "clear"]), QUARTERS, st.sampled_from([GREEN, RED, GREY])
)
Happening = tuple[Kind, int, int]


class History:
    """What the chain writes of an enterprise, one happening after the other."""

    def __init__(self) -> None:
        self.red = False
        self.revisions: dict[tuple[str, int], int] = {}
        self.filed: list[tuple[int, Kind, int, int, Record]] = []  # time, kind, quarter, colour, record
        self.frauds: list[int] = []

    def write(self, happening: Happening) -> list[Record]:
        kind, quarter, colour = happening
        at = FILED + 10 * (len(self.filed) + len(self.frauds))
        match kind:
            case "code":
                return [self._file(kind, quarter, colour, at), self._standing(self.red or colour == RED)]
            case "grade":
                return [self._file(kind, quarter, colour, at)]
            case "fraud":
                self.frauds.append(at)
                return [of.inspection(3, quarter, foundAt=at), self._standing(True)]
            case "clear":
                return [self._standing(False)]

    def stands(self) -> set[str]:
        """Ids of the records whose certificates stand at the end, by the words of docs/credentials.md."""
        if self.red:
            return set()
        found = set()
        for place, (at, kind, quarter, colour, filed) in enumerate(self.filed):
            later = [c for _, k, q, c, _ in self.filed[place + 1 :] if (k, q) == (kind, quarter)]
            replaced = any(c != RED for c in later) if kind == "code" else bool(later)
            merit = colour == GREEN if kind == "code" else colour != GREY
            if merit and not replaced and not any(fraud >= at for fraud in self.frauds):
                found.add(filed.id.hex())
        return found

    def _file(self, kind: Kind, quarter: int, colour: int, at: int) -> Record:
        revision = self.revisions[kind, quarter] = self.revisions.get((kind, quarter), 0) + 1
        if kind == "code":
            made = of.code(colour, quarter, revision, assessedAt=at)
        else:
            made = of.grade(GRADES[colour], quarter, revision, gradedAt=at)
        self.filed.append((at, kind, quarter, colour, made))
        return made

    def _standing(self, red: bool) -> Record:
        self.red = red
        return of.standing(3 if red else 1)


def node() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine, tables=TABLES)
    write(engine, of.contracts())
    return engine


def look(engine: Engine) -> None:
    with engine.begin() as connection:
        jobs.bring_up(connection, ISSUER, FIRM.hex(), "0" * 64, NOW)


def standing(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        found = credentials.of_member(connection, FIRM.hex())
    return {one.claim.record for one in found if one.standing(NOW) == "valid"}


@given(st.lists(st.tuples(HAPPENINGS, st.booleans()), max_size=12))
@example([(("code", 2, GREEN), True), (("code", 2, RED), True), (("clear", 2, GREEN), True)])  # no fault was found
@example(
    [(("grade", 2, GREEN), True), (("code", 3, RED), True), (("fraud", 3, GREEN), False), (("clear", 3, GREEN), True)]
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_stands_follows_from_the_records_and_not_from_when_one_looked(
    course: Sequence[tuple[Any, bool]],
) -> None:
    often, once, history = node(), node(), History()
    for happening, looks in course:
        records = history.write(happening)
        for engine in (often, once):
            write(engine, records)
        if looks:
            look(often)
    for engine in (often, once):
        look(engine)
        assert standing(engine) == history.stands()
        before = standing(engine)
        look(engine)
        assert standing(engine) == before
        engine.dispose()
