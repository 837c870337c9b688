"""A plant of several meters: sums over levels to the watt-hour, what nobody metered, shifts over midnight."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from starlette.testclient import TestClient

from carbonledger.errors import Malformed
from carbonledger.periods import instants
from oracle import levels_file
from oracle.__main__ import main
from oracle.levels import Year, tables
from oracle.server import create_app
from tests.integration.oracle_kit import make_meter, make_node

STEP = 900_000
START = instants(2025)[0]
FILE: dict[str, Any] = {
    "level": [
        {"name": "works", "kind": "plant", "meters": ["MAIN"]},
        {"name": "mill", "kind": "unit", "parent": "works"},
        {"name": "strip", "kind": "line", "parent": "mill", "meters": ["STRIP"]},
        {"name": "motor-1", "kind": "device", "parent": "strip", "meters": ["M1"], "like": "motor"},
        {"name": "motor-2", "kind": "device", "parent": "strip", "meters": ["M2"], "like": "motor"},
    ],
    "shift": [
        {"name": "day", "start": "06:00", "end": "14:00"},
        {"name": "late", "start": "14:00", "end": "22:00"},
        {"name": "night", "start": "22:00", "end": "06:00"},
    ],
    "output": [{"level": "strip", "month": 1, "unit": "t", "value": "12.5"}],
}
PER_INTERVAL = {"MAIN": 1000, "STRIP": 700, "M1": 300, "M2": 250}
COUNT = 96 * 33
"""33 days, into February: 96 intervals a day."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home: Path = tmp_path_factory.mktemp("levels") / "node"
    meters = {name: make_meter(name) for name in PER_INTERVAL}
    node = make_node(home, list(meters.values()))
    for name, meter in meters.items():
        node.accept([meter.commission(START)])
        values = [(START + STEP * (at + 1), PER_INTERVAL[name] + at % 7) for at in range(COUNT)]
        assert {found.status for found in node.accept(list(meter.read_batches(values, 300)))} == {"accepted"}
    node.close()
    (home / "levels.json").write_text(json.dumps(FILE), "utf-8")
    yield home


@pytest.fixture(scope="module")
def year(home: Path) -> Year:
    from oracle.files import Files
    from oracle.store import Store

    store = Store(home / "store.db", Files())
    try:
        return Year.read(store, levels_file.parse(FILE), 2025)
    finally:
        store.close()


def expected(name: str, first: int = 0, last: int = COUNT) -> int:
    return sum(PER_INTERVAL[name] + at % 7 for at in range(first, last))


def test_a_levels_months_are_its_register_difference_and_the_rest_is_unmetered(year: Year) -> None:
    rows = {(row.level, row.period): row for row in year.totals("month")}
    january = 96 * 31
    assert rows["works", "01"].total == expected("MAIN", 0, january)
    assert rows["works", "02"].total == expected("MAIN", january)
    for row in rows.values():
        children = sum(r.total for r in rows.values() if r.period == row.period and _parent(r.level) == row.level)
        if row.kind in ("plant", "line"):
            assert row.unmetered == row.total - children
        if row.kind == "unit":  # no meter of its own: its children's sum, and nothing to compare
            assert (row.total, row.unmetered) == (children, None)
    assert rows["strip", "01"].unmetered == expected("STRIP", 0, january) - sum(
        expected(name, 0, january) for name in ("M1", "M2")
    )


def _parent(name: str) -> str:
    return str(next(level.get("parent", "") for level in FILE["level"] if level["name"] == name))


@pytest.mark.parametrize("by", ["month", "day", "shift"])
def test_every_cut_of_the_year_has_the_same_sum(year: Year, by: Any) -> None:
    for name, level in {"MAIN": "works", "STRIP": "strip", "M1": "motor-1"}.items():
        assert sum(row.total for row in year.totals(by) if row.level == level) == expected(name)


def test_a_night_shift_is_counted_on_the_day_it_began(year: Year) -> None:
    of_meter = [i for i in year.intervals if i.meter == "MAIN"]
    night = [i for i in of_meter if i.shift == "night" and i.day == "2025-01-02"]
    # 22:00 on the second to 06:00 on the third: 32 intervals, the first ends 22:15
    assert len(night) == 32
    assert night[0].time_ms == START + 96 * STEP + (22 * 4 + 1) * STEP
    assert night[-1].time_ms == START + 2 * 96 * STEP + 24 * STEP
    assert {i.shift for i in of_meter} == {"day", "late", "night"}
    assert of_meter[95].day == "2025-01-01"  # the interval that ends at midnight closes its day


def test_like_devices_are_ranked_and_set_against_their_mean(year: Year) -> None:
    first, second = year.compare("devices")
    one, two = expected("M1"), expected("M2")
    assert (first.name, first.rank, second.rank) == ("motor-1", 1, 2)
    assert first.mean == (one + two) / 2
    assert first.deviation == -second.deviation if second.deviation is not None else False
    assert first.group == "motor"


def test_specific_consumption_is_of_the_months_output(year: Year) -> None:
    found = {c.name: c for c in year.compare("periods") if c.group == "strip"}
    assert found["01"].specific == expected("STRIP", 0, 96 * 31) / FRACTION
    assert found["01"].per == "Wh/t"
    assert found["02"].specific is None  # nothing is known of February's output


FRACTION = levels_file.Fraction("12.5")


def test_shifts_are_compared_by_level(year: Year) -> None:
    found = [c for c in year.compare("shifts") if c.group == "works"]
    assert sorted(c.name for c in found) == ["day", "late", "night"]
    assert sum(c.total for c in found) == expected("MAIN")


def test_original_record_ledger_and_statistics_lead_from_one_to_the_next(year: Year) -> None:
    made = {name: [list(row) for row in rows] for name, (_, rows) in tables(year).items()}
    assert len(made["original"]) == COUNT * len(PER_INTERVAL)
    for meter in PER_INTERVAL:
        original = sum(row[4] for row in made["original"] if row[0] == meter)
        assert original == sum(row[3] for row in made["ledger"] if row[0] == meter) == expected(meter)
    assert sum(row[3] for row in made["statistics"] if row[0] == "works") == expected("MAIN")


def test_the_command_prints_and_writes(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["levels", "--home", str(home), "--levels", str(home / "levels.json"), "--year", "2025"]
    assert main([*base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["level"] == "works"
    assert main([*base, "--compare", "devices", "--csv"]) == 0
    assert next(csv.DictReader(capsys.readouterr().out.splitlines()))["name"] == "motor-1"
    assert main([*base, "--tables", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ledger-2025.csv",
        "original-2025.csv",
        "statistics-2025.csv",
    ]
    assert main(["levels", "--home", str(tmp_path), "--year", "2025"]) == 2


def test_the_private_door_shows_the_levels_to_its_own_machine_alone(home: Path) -> None:
    (home / "levels.toml").write_text('[[level]]\nname = "works"\nkind = "plant"\nmeters = ["MAIN"]\n', "utf-8")
    node = make_node(home)
    try:
        app = create_app(node, own_loop=False)
        client = TestClient(app)
        assert client.get("/levels/2025").json()["totals"][0]["level"] == "works"
        assert "未计量" in client.get("/levels/2025", headers={"Accept": "text/html"}).text
        assert client.get("/levels/2025", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 403
        assert TestClient(app, client=("10.0.0.1", 1)).get("/levels/2025").status_code == 403
    finally:
        node.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"level": []},
        {"level": [{"name": "a", "kind": "line"}, {"name": "b", "kind": "plant", "parent": "a"}]},
        {"level": [{"name": "a", "kind": "plant", "parent": "none"}]},
        {"level": [{"name": "a", "kind": "plant", "meters": ["X"]}, {"name": "b", "kind": "plant", "meters": ["X"]}]},
        {"shift": [{"name": "day", "start": "06:00", "end": "14:00"}]},
        {"shift": [{"name": "day", "start": "6:00", "end": "14:00"}]},
        {"output": [{"level": "nowhere", "month": 1, "unit": "t", "value": "1"}]},
    ],
)
def test_a_levels_file_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        levels_file.parse({**FILE, **changes})


def test_the_workbook_holds_the_totals_and_each_comparison_digit_for_digit(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "levels.xlsx"
    asked = ["levels", "--home", str(home), "--levels", str(home / "levels.json"), "--year", "2025"]
    assert main([*asked, "--xlsx", str(file)]) == 0
    again = tmp_path / "again.xlsx"
    assert main([*asked, "--xlsx", str(again)]) == 0
    assert file.read_bytes() == again.read_bytes()
    book = python_calamine.load_workbook(io.BytesIO(file.read_bytes()))
    assert book.sheet_names == ["月度 Monthly", "班次合计 By shift", "同类设备 Devices", "班次 Shifts", "月份 Months"]
    sheets = {name.split()[-1]: book.get_sheet_by_name(name).to_python()[1:] for name in book.sheet_names}
    # registers' own differences, added up by hand: COUNT intervals, each meter's value and the seven extra in turn
    sums = {name: sum(value + at % 7 for at in range(COUNT)) for name, value in PER_INTERVAL.items()}
    devices = {row[1]: row for row in sheets["Devices"]}
    assert {name: row[2] for name, row in devices.items()} == {"motor-1": sums["M1"], "motor-2": sums["M2"]}
    assert [devices[name][4] for name in ("motor-1", "motor-2")] == [1, 2]
    for level, meter in (("works", "MAIN"), ("strip", "STRIP"), ("motor-1", "M1")):
        assert sum(row[3] for row in sheets["Monthly"] if row[0] == level) == sums[meter]
        assert sum(row[2] for row in sheets["Shifts"] if row[0] == level) == sums[meter]
        assert sum(row[2] for row in sheets["Months"] if row[0] == level) == sums[meter]
