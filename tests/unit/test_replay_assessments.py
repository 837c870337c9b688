"""A replay computes codes and grades again, and holds a code's days of filing against the packages beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import library
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.bundle.assessment import Statement
from carbonledger.cli import main
from carbonledger.replay import replay
from carbonledger.verify.verdict import Step
from tests.support.actors import YEAR
from tests.support.assessed import AssessedWorld, example
from tests.support.world import World

(RULES,) = library.code_rules()
SCHEMES = {scheme.head.key: scheme for scheme in library.schemes()}
WORLD = World()
PACKAGE, POLICY = WORLD.package(), WORLD.policy
FILED, REPORTED = "2026-01-01", "2026-01-24"
"""The days, at UTC+08:00, of the world's months and of its report."""


def code(*, as_of: str = "2026-02-20", changes: dict[int, str | None] | None = None, **more: Any) -> AssessedWorld:
    """The code of the world's last quarter; `changes` of the day on which a month came."""
    months = []
    for number in range(1, 13):
        received = (changes or {}).get(number, FILED)
        row = {"month": f"{YEAR}-{number:02d}", "due": "2026-01-10"}
        months.append(row if received is None else row | {"received": received})
    report = {"year": YEAR, "due": "2026-03-31", "received": REPORTED} | more
    report = {name: value for name, value in report.items() if value is not None}
    document = example("code", "code-1") | {"as_of": as_of, "period": {"year": YEAR, "quarter": 4}}
    document["history"] = [row for row in document["history"] if row["quarter"] <= f"{YEAR}Q4"]
    statistics = document["peers"]["statistics"] | {"period": {"quarter": 4, "year": YEAR}}
    document["peers"] = document["peers"] | {"statistics": statistics}
    statement = Statement(PeerStatistics.parse(Node(statistics)), 1)
    document["filings"] = {"annual_report": report, "months": months}
    return AssessedWorld("code", document, RULES, (statement,))


def last(world: AssessedWorld) -> Step:
    return replay([world.bundle(), PACKAGE], POLICY).packages[0].step(17)


def test_a_code_beside_its_package_is_computed_again_and_its_days_of_filing_are_confirmed() -> None:
    found = replay([PACKAGE, code().bundle()], POLICY)
    assert found.verdict == "VALID", [s for p in found.packages for s in p.steps if s.verdict != "valid"]
    assert found.packages[1].step(16).reason.startswith("green for 2025Q4 follows")
    assert found.packages[1].step(17).reason.startswith("13 days of filing")


def test_days_that_the_package_contradicts_are_found() -> None:
    for world, what in [
        (code(changes={3: "2025-04-08"}), f"Day of filing of month {YEAR}-03"),
        (code(changes={12: None}), f"Day of filing of month {YEAR}-12"),
        (code(received="2026-01-25"), f"Day of filing of the report of {YEAR}"),
        (code(received=None), f"Day of filing of the report of {YEAR}"),
        (code(as_of="2026-01-20"), f"Day of filing of the report of {YEAR}"),
    ]:
        found = replay([PACKAGE, world.bundle()], POLICY)
        assert found.verdict == "INVALID"
        assert [s.number for s in found.packages[1].steps if s.verdict == "invalid"] == [17]
        assert found.packages[1].step(17).reason.startswith(what)


def test_what_came_after_the_day_of_the_assessment_is_not_asked_of_it() -> None:
    assert last(code(as_of="2026-01-20", received=None)).verdict == "valid"


def test_without_a_package_of_the_enterprise_the_days_are_the_assessors_word() -> None:
    found = replay([code().bundle()], POLICY)
    assert (found.verdict, found.packages[0].step(17).verdict) == ("VALID", "not applicable")
    broken = bytearray(PACKAGE)
    broken[-1] ^= 1  # an invalid package proves nothing
    assert replay([code().bundle(), bytes(broken)], POLICY).packages[0].step(17).verdict == "not applicable"


def test_a_grade_is_computed_again_and_a_tampered_one_is_found() -> None:
    world = AssessedWorld("grade", example("grade", "c4-1"), SCHEMES["c4-1"])
    assert replay([world.bundle()], POLICY).verdict == "VALID"
    value = json.loads(world.bundle())
    value["inputs"]["inputs"]["dimensions"][1]["intensity"] = "0.71"
    found = replay([jcs.encode(value)], POLICY)
    assert [s.number for s in found.packages[0].steps if s.verdict == "invalid"] == [16]
    better = AssessedWorld(
        "grade", example("grade", "c4-1"), SCHEMES["c4-1"], changes={"grade": {"grade": b"green".ljust(32, b"\0")}}
    )
    assert replay([better.bundle()], POLICY).packages[0].step(16).verdict == "invalid"


def test_the_command_takes_a_folder_of_packages_and_bundles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, policy = tmp_path / "handed", tmp_path / "policy.toml"
    folder.mkdir()
    policy.write_text(POLICY.format(), "utf-8")
    assert main(["replay", str(folder), "--policy", str(policy)]) == 2
    (folder / "audit-2025.zip").write_bytes(PACKAGE)
    (folder / "code.bundle.json").write_bytes(code().bundle())
    (folder / "report.bundle.json").write_bytes(WORLD.report_bundle())  # it is in the package
    capsys.readouterr()
    assert main(["replay", str(folder), "--policy", str(policy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [Path(one["file"]).name for one in told["packages"]] == ["audit-2025.zip", "code.bundle.json"]
    (folder / "code.bundle.json").write_bytes(code(changes={3: None}).bundle())
    assert main(["replay", str(folder), "--policy", str(policy)]) == 1
    assert f"month {YEAR}-03" in capsys.readouterr().out
