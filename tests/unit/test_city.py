"""The city: seeded, its frauds found and its honest enterprises green, and no rule knows who cheats."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from carbonledger.identifiers import check_credit_code, credit_code_check_character
from scripts.city import build, checkup, frauds, job, records, score
from scripts.city.checkup import Books
from scripts.city.frauds import Planted
from scripts.city.records import Firm

FIRMS, SEED = 48, 5
KINDS = {"hidden-coal", "invoice", "lab-dates", "meter", "moisture", "off-books", "one-sample"}
City = tuple[list[Firm], list[Planted]]


@pytest.fixture(scope="module")
def city() -> City:
    return build.build(SEED, FIRMS, 1)


def row(books: Books, firm: Firm, quarter: int) -> dict[str, Any]:
    result = checkup.check(books, firm, quarter)
    return {
        "firm": firm.code,
        "quarter": quarter,
        "colour": result.colour,
        "reasons": list(result.reasons),
        "points": result.points,
        "soft": [j.rule.id for j in result.judged if j.points and not j.rule.is_hard],
    }


def test_the_same_seed_builds_the_same_city(city: City) -> None:
    again = build.build(SEED, FIRMS, 1)
    assert [f.to_json() for f in again[0]] == [f.to_json() for f in city[0]]
    assert again[1] == city[1]
    other = build.build(SEED + 1, FIRMS, 1)
    assert [f.to_json() for f in other[0]] != [f.to_json() for f in city[0]]


def test_credit_codes_are_valid_and_each_once(city: City) -> None:
    codes = [check_credit_code(firm.code) for firm in city[0]]
    assert len(set(codes)) == len(codes)


def test_every_kind_is_planted_and_no_firm_has_two(city: City) -> None:
    assert {fraud.kind for fraud in city[1]} == KINDS
    firms = [fraud.firm for fraud in city[1]]
    assert len(set(firms)) == len(firms)


def test_every_planted_fraud_is_found_by_its_rule_and_the_quarter_before_is_green(city: City) -> None:
    firms, planted = city
    books = Books(firms)
    by_code = {firm.code: firm for firm in firms}
    for fraud in planted:
        for quarter in fraud.quarters:
            found = row(books, by_code[fraud.firm], quarter)
            if fraud.kind == "off-books":  # all papers agree: a note, no red code
                assert (found["colour"], "S05" in found["soft"]) == ("green", True), fraud
            else:
                assert (found["colour"], fraud.rule in found["reasons"]) == ("red", True), fraud
        before = fraud.quarters[0] - 1
        if before >= build.FIRST_QUARTER:
            assert row(books, by_code[fraud.firm], before)["colour"] == "green", fraud


def test_the_honest_ones_stay_green(city: City) -> None:
    firms, planted = city
    books = Books(firms)
    cheats = {fraud.firm for fraud in planted}
    honest = [firm for firm in firms if firm.code not in cheats]
    quarters = [build.FIRST_QUARTER, build.FIRST_QUARTER + 10, build.FIRST_QUARTER + 15]
    assert {row(books, firm, quarter)["colour"] for firm in honest for quarter in quarters} == {"green"}


def test_without_the_frauds_the_same_firms_are_green(city: City) -> None:
    # The colour comes from what was altered, not from who the firm is
    planted = city[1]
    clean, _ = build.build(SEED, FIRMS, 0)
    books = Books(clean)
    by_code = {firm.code: firm for firm in clean}
    for fraud in planted:
        assert row(books, by_code[fraud.firm], fraud.quarters[0])["colour"] == "green"


def test_no_rule_reads_the_truth_colours_follow_the_papers_when_names_are_permuted(city: City) -> None:
    firms, planted = city
    quarter = planted[0].quarters[0]
    own = Books(firms)
    before = {firm.code: row(own, firm, quarter) for firm in firms}
    names = [(firm.code, firm.name_zh, firm.name_en, firm.district) for firm in firms]
    shuffled = names[:]
    Random(9).shuffle(shuffled)
    moved = copy.deepcopy(firms)
    for firm, (code, zh, en, district) in zip(moved, shuffled, strict=True):
        firm.code, firm.name_zh, firm.name_en, firm.district = code, zh, en, district
    Random(10).shuffle(moved)
    books = Books(moved)
    after = {firm.code: row(books, firm, quarter) for firm in moved}
    for old, new in zip(names, shuffled, strict=True):
        same = ("colour", "reasons", "points")
        assert [after[new[0]][key] for key in same] == [before[old[0]][key] for key in same]
    assert any(value["colour"] == "red" for value in before.values())


def test_new_names_that_the_truth_never_saw_change_nothing(city: City) -> None:
    firms, planted = city
    fraud = next(p for p in planted if p.kind == "moisture")
    moved = copy.deepcopy(firms)
    for number, firm in enumerate(moved):
        body = f"91330000MA{9_999_999 - number:07d}"
        firm.code = body + credit_code_check_character(body)
    at = next(n for n, firm in enumerate(firms) if firm.code == fraud.firm)
    found = row(Books(moved), moved[at], fraud.quarters[0])
    assert (found["colour"], found["reasons"]) == ("red", [fraud.rule])


def test_records_survive_their_file(city: City, tmp_path: Path) -> None:
    records.write(tmp_path / "firms.jsonl", city[0])
    assert [f.to_json() for f in records.read(tmp_path / "firms.jsonl")] == [f.to_json() for f in city[0]]
    frauds.write(tmp_path / "truth.json", city[1])
    assert frauds.read(tmp_path / "truth.json") == city[1]


def _codes(firm: str, quarter: int, colour: str, reasons: Sequence[str] = ()) -> dict[str, Any]:
    return {"firm": firm, "quarter": quarter, "colour": colour, "reasons": list(reasons), "points": 0, "soft": []}


def test_score_counts_what_was_missed_and_what_was_cried_wolf() -> None:
    planted = [Planted("a", "meter", "slow", (1, 2), "H06"), Planted("b", "lab-dates", "order", (1,), "H07")]
    rows = [
        _codes("a", 1, "red", ["H06"]),
        _codes("a", 2, "green"),  # missed
        _codes("b", 1, "red", ["H03"]),  # red for another reason: missed by its rule
        _codes("b", 2, "red", ["H06"]),  # a false alarm
        _codes("c", 1, "green"),
    ]
    found = score.score(rows, planted)
    assert found["rules"]["H06"] == {"precision": {"right": 1, "of": 2}, "recall": {"right": 1, "of": 2}}
    assert found["rules"]["H07"] == {"precision": {"right": 0, "of": 0}, "recall": {"right": 0, "of": 1}}
    assert found["firms"] == {"all": 3, "planted": 2, "found": 1}
    assert found["honest"]["clean_quarters"] == {"green": 1, "red": 1}
    assert len(found["missed"]) == 2


def test_a_soft_rule_is_scored_by_the_notes_it_left() -> None:
    planted = [Planted("a", "off-books", "60%", (1,), "S05"), Planted("b", "off-books", "60%", (1,), "S05")]
    rows = [_codes(firm, 1, "green") | {"soft": ["S05"] if firm in "acd" else []} for firm in "abcd"]
    found = score.score(rows, planted)
    assert found["notes_by"]["S05"] == {"precision": {"right": 1, "of": 3}, "recall": {"right": 1, "of": 2}}
    assert found["rules"] == {}
    assert found["missed"] == [{"firm": "b", "quarter": "0Q2", "kind": "off-books", "rule": "S05"}]


@pytest.mark.slow
def test_the_job_goes_on_where_it_stopped_and_needs_no_truth_to_check(tmp_path: Path, monkeypatch: Any) -> None:
    options = SimpleNamespace(
        home=tmp_path / "home",
        fresh=False,
        city_firms=12,
        city_quarters=1,
        seed=3,
        summary=tmp_path / "s.json",
        exit=True,
        port=8000,
    )
    monkeypatch.setattr(build, "CASES", 0)
    monkeypatch.setattr(build, "QUARTERS", 2)
    # the chain has a test of its own
    monkeypatch.setattr(job, "_file", lambda *_: {})
    monkeypatch.setattr(job.on_chain, "differences", lambda *_: [])
    monkeypatch.setattr(job.certificates, "issue", lambda *_: "none")
    monkeypatch.setattr(job.certificates, "shown", lambda *_: "none")
    monkeypatch.setattr(job, "order", lambda *_: "none")
    done: list[int] = []
    real = job._quarter
    monkeypatch.setattr(job, "ProcessPoolExecutor", lambda max_workers: _Here(done))
    folder = tmp_path / "home" / "city"
    assert job.run(options) == 0  # type: ignore[arg-type]
    assert len(done) == 2
    first = (folder / "codes" / "2022Q1.jsonl").read_bytes()
    (folder / "codes" / "2022Q1.jsonl").unlink()
    done.clear()
    (folder / "truth.json").rename(folder / "elsewhere.json")
    real(str(folder / "firms.jsonl"), build.FIRST_QUARTER, False)  # the truth is not there
    assert (folder / "codes" / "2022Q1.jsonl").read_bytes() == first
    (folder / "elsewhere.json").rename(folder / "truth.json")
    assert job.run(options) == 0  # type: ignore[arg-type]
    assert done == []
    assert json.loads((tmp_path / "s.json").read_text())["honest"]["clean_quarters"] == {"green": 24}


class _Here:
    """A pool of this process, which counts."""

    def __init__(self, done: list[int]) -> None:
        self._done = done

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Any, *arguments: Any) -> Any:
        for given in zip(*arguments, strict=True):
            self._done.append(given[1])
            yield work(*given)


def test_a_fraud_below_the_threshold_is_not_claimed_to_be_found() -> None:
    # H06 allows 5 %, 2 % for large ones: a firm that hides 1 % is below what the rule can see
    firms = copy.deepcopy(build.build(SEED, FIRMS, 0)[0])
    firm = next(f for f in firms if f.industry == "2221")
    quarter = build.FIRST_QUARTER + 4
    for month in firm.months:
        if month.month // 3 == quarter:
            month.coal_kg = month.coal_kg * 99 // 100
    found = row(Books(firms), firm, quarter)
    assert "H06" not in found["reasons"]
