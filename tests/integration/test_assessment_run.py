"""A run over a quarter: what is filed follows from what was given, once, whoever is killed when."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, update

import ledger_node.scoring
from carbonledger import jcs
from carbonledger.acts import Act
from carbonledger.assessment import filing, library, on_chain
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.errors import Refused, Unknown
from carbonledger.identifiers import object_id
from carbonledger.records import KINDS, Record
from ledger_node.__main__ import main
from ledger_node.assessment import compose, inputs, kept
from ledger_node.assessment.compose import Terms
from ledger_node.assessment.inputs import ITSELF, Given
from ledger_node.assessment.run import Assessor, Order, Run, open_run
from ledger_node.commands.scoring import InSteps
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.queries import scores
from ledger_node.scoring.quarter import Quarter, repeat
from ledger_node.scoring.scoring import Parameters
from tests.support import databases

(RULES,) = library.code_rules()
SCHEMES = {scheme.head.key: scheme for scheme in library.schemes()}
GCG = SCHEMES["gcg-1"]
REGULATOR = object_id("regulator")
ASSESSOR = Assessor(REGULATOR, b"\x07" * 32)
FIRMS = sorted(object_id(f"firm {n}") for n in range(24))
SILENT, NEWCOMER, OUTLIER, FROZEN = FIRMS[3], FIRMS[4], FIRMS[5], FIRMS[8]
ADMITTED = on_chain.start_of(date(2026, 7, 3))
"""When the newcomer was admitted: after the quarter."""
PERIOD = 4 * 2026 + 1  # 2026Q2
ORDER = Order(PERIOD, date(2026, 8, 20), RULES, (GCG,), Terms(40, 90))
EMPTY: dict[str, Any] = {
    "evidence": [], "uses": [], "totals": [], "factors": {"register": [], "used": []}, "purchases": {"carriers": []},
    "tests": [], "meters": [], "methods": [], "residuals": [],
}  # fmt: skip


def record(kind: str, /, **values: Any) -> Record:
    zero = {"bytes32": bytes(32), "bool": False}
    return Record.of(kind, **{field.name: zero.get(field.type, 0) for field in KINDS[kind].fields} | values)


def write(engine: Engine, records: list[Record]) -> None:
    """Into the view, as the indexer does."""
    with engine.begin() as connection:
        height = len(connection.execute(select(schema.record.c.id)).all())
        for number, one in enumerate(records, height):
            fields = one.fields()
            member = fields.get("member")
            connection.execute(
                insert(schema.record).values(
                    block_number=number,
                    log_index=0,
                    kind=one.kind,
                    record_key=one.key().hex(),
                    id=one.id.hex(),
                    fields=one.to_json(),
                    member=member.hex() if isinstance(member, bytes) else None,
                    year=fields.get("year"),
                    latest=1,
                )
            )


def given(engine: Engine, member: bytes, period: int, section: str, content: Any) -> None:
    value = {"member": member.hex(), "period": {"quarter": period % 4 + 1, "year": period // 4}}
    with engine.begin() as connection:
        inputs.keep(connection, Given.parse(value | {"section": section, "source": "test", "content": content}), 1)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Engine]]:
    """Databases that are all alike: 24 firms, a bank and a verifier, months filed in time, figures of nine quarters."""
    made = []

    def build(name: str) -> Engine:
        engine = open_database(databases.url(tmp_path / name))
        migrate(engine)
        made.append(engine)
        kinds = [*((firm, 2) for firm in FIRMS), (object_id("bank"), 16), (object_id("verifier"), 8)]
        since = {NEWCOMER: ADMITTED}
        rows = [record("member", member=m, kinds=kind, status=1, since=since.get(m, 0)) for m, kind in kinds]
        for firm in FIRMS:
            if firm in (SILENT, NEWCOMER):
                continue
            for at in range(12 * 2025 + 6, 12 * 2026 + 6):
                filed = on_chain.start_of(date((at + 1) // 12, (at + 1) % 12 + 1, 8))
                identifier = object_id(f"{firm.hex()} {at}")
                rows.append(
                    record("month", monthId=identifier, member=firm, year=at // 12, month=at % 12 + 1, filedAt=filed)
                )
            filed = on_chain.start_of(date(2026, 3, 1))
            rows.append(record("report", reportId=object_id(firm.hex()), member=firm, year=2025, filedAt=filed))
        write(engine, rows)
        for number, firm in enumerate(FIRMS):
            for period in range(PERIOD - 8, PERIOD + 1):
                factor = 60 if firm == OUTLIER and period == PERIOD else 1
                figures = {
                    "industry": "2511" if number % 2 else "2521",
                    "emission": str(factor * (100 + 3 * number + period % 4)),
                    "value_added": str(150 + number),
                    "output": str(1000 + number),
                    "electricity": "50000",
                    "green_share": "0.4",
                    "data_quality": "2",
                }
                given(engine, firm, period, "figures", figures)
            for section, content in EMPTY.items():
                given(engine, firm, PERIOD, section, content)
            values = ["16500"] * 3 if firm == FROZEN else ["16500", "16501", "16502"]
            given(engine, firm, PERIOD, "series", [{"name": "e", "interval": "month", "values": values}])
        return engine

    yield build
    for engine in made:
        engine.dispose()


class Ledger:
    """A chain that takes each act once, by its id, and writes the records that follow into the view."""

    now = on_chain.start_of(date(2026, 8, 20))

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.taken: dict[bytes, tuple[Act, Any]] = {}
        self.waiting: list[bytes] = []
        self.one_at_a_time = threading.Lock()

    def carry(self, make: Callable[[int], Act], *arguments: Any) -> None:
        act = make(self.now + 100)
        with self.one_at_a_time:
            if act.id not in self.taken:
                self.taken[act.id] = (act, arguments)
                self.waiting.append(act.id)

    def settle(self) -> None:
        with self.one_at_a_time:
            for identifier in self.waiting:
                act, arguments = self.taken[identifier]
                if act.type.name == "CodeList":
                    write(self.engine, [standing(act, item) for item in arguments[0]])
            self.waiting = []


def standing(act: Act, item: Any) -> Record:
    state = {1: 1, 2: 3, 3: 2}[item.colour]
    return record("code", member=item.member, project=item.project, state=state, year=act["year"])


def outcome(engine: Engine, ledger: Ledger) -> tuple[Any, ...]:
    with engine.connect() as connection:
        documents = connection.execute(select(schema.assessment_document).order_by(schema.assessment_document.c.id))
        runs = connection.execute(select(schema.assessment_run.c.id, schema.assessment_run.c.state)).all()
        return documents.all(), runs, sorted(ledger.taken)


def run(engine: Engine, ledger: Ledger) -> Run:
    identifier = open_run(engine, ORDER, 5)
    return Run(engine, ledger, ASSESSOR, library.code_rules(), library.schemes(), identifier)


@pytest.fixture
def done(make: Callable[[str], Engine]) -> tuple[Engine, Ledger]:
    engine = make("done.db")
    ledger = Ledger(engine)
    run(engine, ledger).work()
    return engine, ledger


def test_two_workers_of_one_run_make_each_piece_once(
    make: Callable[[str], Engine], done: tuple[Engine, Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger_node.assessment.run.BATCH", 5)
    engine = make("two.db")
    ledger, failures = Ledger(engine), list[BaseException]()
    with ThreadPoolExecutor(2) as pool:
        both = threading.Barrier(2)

        def worker() -> None:
            mine = run(engine, ledger)  # two open one run
            go = True
            while go:
                with suppress(threading.BrokenBarrierError):
                    both.wait(timeout=5)  # each piece is begun by both
                go = mine.step()
            both.abort()

        for one in [pool.submit(worker) for _ in range(2)]:
            failures += filter(None, [one.exception(timeout=120)])
    assert failures == []
    assert outcome(engine, ledger) == outcome(*done)


def test_a_quarter_is_judged_and_filed(done: tuple[Engine, Ledger]) -> None:
    engine, ledger = done
    names = [act.type.name for act, _ in ledger.taken.values()]
    # four quarters, each of 4 levels, two of them with two industries; one list of 24 codes, one of grades
    assert sorted(names) == ["CodeList", "GradeList", *["PeerStatement"] * 24]
    items = {i.member: i for act, more in ledger.taken.values() if act.type.name == "CodeList" for i in more[0]}
    colours = {member: filing.COLOURS[item.colour - 1] for member, item in items.items()}
    assert [m for m, colour in colours.items() if colour == "red"] == [m for m in FIRMS if m in (SILENT, OUTLIER)]
    assert filing.reasons_of(items[SILENT].reasons) == ("H01",)
    assert {"S02", "S03", "S04"} <= set(filing.reasons_of(items[OUTLIER].reasons))
    assert items[FROZEN].points == 2  # a note, not a red code
    assert [m for m, colour in colours.items() if colour == "grey"] == [NEWCOMER]  # nothing was its duty yet
    with engine.connect() as connection:
        grades = {made.member: json.loads(made.explained) for made in kept.made(connection, "2026Q2/1", "grade")}
    assert grades[OUTLIER.hex()]["suspended"]
    assert not grades[FROZEN.hex()]["suspended"]


def test_anyone_with_the_document_and_the_salt_recomputes_what_was_filed(done: tuple[Engine, Ledger]) -> None:
    engine, ledger = done
    with engine.connect() as connection:
        for made in [*kept.made(connection, "2026Q2/1", "code"), *kept.made(connection, "2026Q2/1", "grade")]:
            at = 6  # place of inputs_digest in both items; the explain digest follows it
            salt = bytes.fromhex(made.salt)
            again = assess(made.inputs, (RULES,)) if made.kind == "code" else grade(made.inputs, (GCG,))
            assert again.json() == made.explained
            assert made.item[at] == filing.commitment(salt, made.inputs).hex()
            assert made.item[at + 1] == filing.commitment(salt, again.json()).hex()
        statements = {s.id for p in range(PERIOD - 3, PERIOD + 1) for s in kept.statistics_of(connection, p)}
    for act, arguments in ledger.taken.values():
        if act.type.name == "PeerStatement":
            assert act["digest"] in statements
        else:
            assert {item.statisticsDigest for item in arguments[0]} <= statements | {bytes(32)}


def test_a_statement_holds_no_rivals_figure_and_is_what_its_peers_give(done: tuple[Engine, Ledger]) -> None:
    engine, _ = done
    with engine.connect() as connection:
        found = {(s.level, s.industry): s for s in kept.statistics_of(connection, PERIOD)}
        own = inputs.figures_of_quarter(connection, PERIOD, 10**9)
    pairs = [(f.emission, f.value_added) for f in own.values() if f.value_added]
    assert found["all", "all"] == PeerStatistics.of("all", "all", (2026, 2), pairs)
    text = jcs.encode(found["4-digit", "2511"].to_json()).decode()
    assert not any(firm.hex() in text for firm in FIRMS)


def test_the_same_order_again_is_a_second_run_of_new_revisions(done: tuple[Engine, Ledger]) -> None:
    engine, ledger = done
    assessments = [
        record("assessment", member=item.member, project=item.project, year=2026, quarter=2, revision=item.revision)
        for act, arguments in ledger.taken.values()
        if act.type.name == "CodeList"
        for item in arguments[0]
    ]
    write(engine, assessments)
    again = run(engine, ledger)
    again.work()
    with engine.connect() as connection:
        codes = kept.made(connection, "2026Q2/2", "code")
        assert {made.item[2] for made in codes} == {2}
        assert kept.made(connection, "2026Q2/2", "statistics") == []  # the same figures are one statement


class Killed(BaseException):
    """The process is no more."""


def test_killed_at_any_instant_a_run_ends_the_same(
    make: Callable[[str], Engine], done: tuple[Engine, Ledger], request: pytest.FixtureRequest
) -> None:
    """Before each commit, and before and after each call of the chain, the process dies once and starts again."""
    expected = outcome(*done)
    engine = make("killed.db")
    ledger = Ledger(engine)
    alive = {"left": 0, "reached": 0}

    def instant() -> None:
        alive["reached"] += 1
        if alive["reached"] > alive["left"]:
            alive["left"] += 1
            alive["reached"] = 0
            raise Killed

    class Mortal(Ledger):
        def carry(self, make: Callable[[int], Act], *arguments: Any) -> None:
            instant()
            ledger.carry(make, *arguments)
            instant()

        def settle(self) -> None:
            instant()
            ledger.settle()
            instant()

    event.listen(engine, "commit", lambda _: instant())
    kills = 0
    while True:
        try:
            alive["reached"] = 0
            found = run(engine, Mortal(engine))
            found.work()
            break
        except Killed:
            kills += 1
    assert kills > 15
    alive["left"] = 10**9
    assert outcome(engine, ledger) == expected


def test_what_is_given_is_checked_at_the_door(make: Callable[[str], Engine]) -> None:
    good = {"member": FIRMS[0].hex(), "period": {"quarter": 1, "year": 2026}, "section": "resubmissions", "source": "x"}
    assert Given.parse(good | {"content": 2}).project == ITSELF
    for changes in (
        {"content": -1},
        {"content": 1, "section": "rumours"},
        {"content": 1, "member": "A" * 64},
        {"content": {"industry": "25", "emission": "1"}, "section": "figures"},
        {"content": {"industry": "2511", "emission": "-1"}, "section": "figures"},
        {"content": [{"name": "e"}], "section": "series"},
    ):
        with pytest.raises(Exception, match="expected"):
            Given.parse(good | changes)


def test_a_level_of_efficiency_is_composed_from_the_same_figures_and_statements(done: tuple[Engine, Ledger]) -> None:
    engine, _ = done
    scheme = SCHEMES["carbon-efficiency-code"]

    def composed(scheme: Scheme) -> dict[str, Any] | None:
        with engine.connect() as connection:
            four = range(PERIOD - 3, PERIOD + 1)
            found = {p: {(s.level, s.industry): s for s in kept.statistics_of(connection, p)} for p in four}
            subject = (FIRMS[0].hex(), ITSELF)
            return compose.grade_document(connection, subject, PERIOD, ORDER.as_of, scheme, found, 10**9)

    document = composed(scheme)
    assert document is not None
    # 100 t and once more for each quarter's number; 150 of value added in each of four
    assert Fraction(document["inputs"]["emission"]["value"]) == 406
    assert Fraction(document["inputs"]["value_added"]["value"]) == 600
    everybody = document["inputs"]["peers"][-1]
    assert (everybody["level"], everybody["n"]) == ("all", 24)
    result = grade(jcs.encode(document), (scheme,))
    assert (result.marks["level"], result.marks["efficiency"]) == ("mid", result.grade)

    with engine.begin() as connection:
        connection.execute(update(schema.record).where(schema.record.c.kind == "code").values(latest=0))
    write(engine, [standing_under_veto(FIRMS[0])])
    assert composed(scheme) is None  # it knows no veto, and the chain would take the lowest grade alone
    vetoed = composed(GCG)
    assert vetoed is not None
    assert grade(jcs.encode(vetoed), (GCG,)).grade == "non-green"
    with pytest.raises(Refused, match="h3-1 in a run"):
        composed(SCHEMES["h3-1"])


def standing_under_veto(member: bytes) -> Record:
    until = on_chain.start_of(date(2027, 7, 1))
    return record("code", member=member, project=bytes(32), state=7, year=2026, vetoUntil=until)


def test_after_corrections_these_members_alone_are_judged_again(done: tuple[Engine, Ledger]) -> None:
    engine, ledger = done
    taken = {act.id for act, _ in ledger.taken.values()}
    order = Order(PERIOD, date(2026, 9, 1), RULES, (GCG,), Terms(40, 90), frozenset({FROZEN.hex()}))
    identifier = open_run(engine, order, 6)
    Run(engine, ledger, ASSESSOR, library.code_rules(), library.schemes(), identifier).work()
    lists = [more[0] for act, more in ledger.taken.values() if act.id not in taken and act.type.name == "CodeList"]
    assert [[item.member for item in items] for items in lists] == [[FROZEN]]
    assert Quarter(engine, PERIOD, Parameters(trees=30, least=10)).run != identifier  # one alone has no peers


def judged(engine: Engine, run_id: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = [made for kind in ("code", "grade") for made in kept.made(connection, run_id, kind)]
    return [(made.id, made.queue_points, made.item, made.inputs, made.explained) for made in found]


def test_scores_touch_no_code(done: tuple[Engine, Ledger]) -> None:
    """Assessed again once there are scores: the same to the byte; and no statement of the run names a table of them."""
    engine, ledger = done
    before, said = judged(engine, "2026Q2/1"), []
    quarter = Quarter(engine, PERIOD, Parameters(trees=30, least=10))
    assert quarter.keep(5) and not quarter.keep(6)
    event.listen(engine, "before_cursor_execute", lambda *sent: said.append(sent[2]))
    run(engine, ledger).work()
    assert judged(engine, "2026Q2/2") == before and len(before) == 48
    assert any("assessment_document" in text for text in said)
    assert [text for text in said if "score" in text] == []


def test_a_scoring_finds_who_differs_and_is_repeated_from_what_is_kept(done: tuple[Engine, Ledger]) -> None:
    engine, _ = done
    Quarter(engine, PERIOD, Parameters(trees=30, least=10)).keep(5)
    with engine.connect() as connection:
        model = scores.latest_model(connection, PERIOD)
        assert model is not None
        rows = scores.of_model(connection, model.number)
    assert len(rows) == len(FIRMS) and rows[0].member == OUTLIER.hex()
    assert {reason["feature"] for reason in rows[0].content["reasons"]} & {"emission-output", "year-on-year"}
    assert (model.run, model.content["parameters"]["least"]) == ("2026Q2/1", 10)
    assert repeat(engine, model) == []
    with engine.begin() as connection:  # somebody moves a score, or the papers under it
        connection.execute(update(schema.score).where(schema.score.c.id == rows[3].id).values(per_mille=999))
    assert repeat(engine, model) == [f"score of {rows[3].id}: expected 999, found {rows[3].per_mille}"]
    given(engine, FIRMS[0], PERIOD, "figures", {"industry": "2521", "emission": "1"})
    assert repeat(engine, model)[1:] == []  # what came after the run is not read
    with engine.begin() as connection:
        document = schema.assessment_document.c
        moved = connection.execute(select(document.inputs).where(document.id == rows[3].id)).scalar_one()
        changed = jcs.encode(jcs.decode_object(moved) | {"resubmissions": 9})
        connection.execute(update(schema.assessment_document).where(document.id == rows[3].id).values(inputs=changed))
    assert repeat(engine, model)[0].startswith("data: expected ")


def test_a_quarter_that_was_not_assessed_has_no_scores(tmp_path: Path) -> None:
    engine = open_database(databases.url(tmp_path / "none.db"))
    migrate(engine)
    open_run(engine, ORDER, 5)  # under way is not done
    with pytest.raises(Unknown, match="Assess the quarter first"):
        Quarter(engine, PERIOD, Parameters())
    engine.dispose()


class Lines:
    """A journal that keeps its lines."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **values: object) -> None:
        self.told.append((event, values))

    warning = info


def test_a_job_scores_in_steps_and_where_it_can_not_the_codes_stand(
    done: tuple[Engine, Ledger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, _ = done
    before, journal = judged(engine, "2026Q2/1"), Lines()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "ledger_node.scoring.forest", None)  # as if it could not be imported
        without.delattr(ledger_node.scoring, "forest", raising=False)
        steps = InSteps(engine, lambda: 7, journal)
        while steps.step(PERIOD, "2026Q2/1"):
            pass
    ((told, why),) = journal.told
    assert told == "not scored" and "Install the extra `models`" in str(why["error"])
    with engine.connect() as connection:
        assert scores.latest_model(connection) is None
    turns = 0
    while steps.step(PERIOD, "2026Q2/1"):
        turns += 1
    assert turns == 2 and len(journal.told) == 1  # the documents, then the scores
    with engine.connect() as connection:
        model = scores.latest_model(connection, PERIOD)
        assert model is not None and (model.made_at, model.content["parameters"]["least"]) == (7, 30)
        assert scores.of_model(connection, model.number) == []  # 24 firms are too few
    assert judged(engine, "2026Q2/1") == before

    file = tmp_path / "ledger_node.toml"
    file.write_text(f'database = "{databases.url_of(engine)}"\n[chain]\nurl = "embedded:"\ndirectory = "{"0" * 40}"\n')
    command = ["score", "--config", str(file), "--quarter", "2026Q2"]
    assert main([*command, "--least", "10"]) == 0
    said = capsys.readouterr()
    assert "24 scores, 0 without enough peers" in said.err and "usual" in said.out.splitlines()[0]
    assert main([*command, "--check"]) == 0 and capsys.readouterr().out.startswith("the same: ")
    with engine.begin() as connection:
        connection.execute(update(schema.score).values(per_mille=1))
    assert main([*command, "--check"]) == 1 and capsys.readouterr().out.count("score of") == 24
    assert main([*command[:-1], "2026Q1"]) == 2 and "Assess the quarter first" in capsys.readouterr().err
