"""Lines that rest on documents: what a report's bundle shows of them, and what the verifier makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carbonledger.month_statement import MonthStatement
from carbonledger.verify import verify
from tests.support.world import World


def judged(world: World) -> tuple[str, str]:
    """Verdict and sentence of step 14."""
    found = verify(world.report_bundle(), world.policy)
    step = found.step(14)
    others = [s for s in found.steps if s.number != 14 and s.verdict not in ("valid", "not applicable")]
    assert not others, others
    return step.verdict, step.reason


def test_a_line_by_documents_is_valid_and_the_sentence_says_so() -> None:
    verdict, reason = judged(World(coal=True))
    assert verdict == "valid"
    assert "12 manual entries" in reason
    assert "quantities of fuel-heat-mass and parameters ncv rest on 12 manual entries and 12 documents" in reason


def test_a_month_without_lab_values_counts_under_the_base_item_with_a_default() -> None:
    world = World(coal=True)
    lines = [line for line in world.statement.chain_lines if line.code == "fuel-heat-mass"]
    assert len(lines) == 12
    assert [line.quantity for line in lines if line.tier(0) == 0] == [world.coal_g(10)]
    assert judged(world)[0] == "valid"


def alter(at: int, /, **values: Any) -> Any:
    """A change of one month's body; None takes a field out."""

    def change(number: int, content: dict[str, Any]) -> None:
        if number == at:
            for name, value in values.items():
                if value is None:
                    del content[name]
                else:
                    content[name] = value

    return change


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"quantity": 2_999_999_999}, "line fuel-heat-mass, month 3"),
        ({"quantity": 3_000_000_001}, "at least 3000000001 by manual entries"),
        ({"quantity": None, "unit": None}, "line fuel-heat-mass, month 3"),
        ({"month": 4}, "manual entries of the months"),
        ({"year": 2024}, "year of entry"),
        ({"line": "fuel-carbon-mass"}, "line of manual entry"),
        ({"unit": "L"}, "line of manual entry"),
        ({"parameters": {}}, "none in the bundle"),
        ({"parameters": {"ncv": {"unit": "kJ/g", "value": "22.034"}}}, "parameter ncv of line fuel-heat-mass, month 3"),
        ({"parameters": {"ncv": {"unit": "kJ/L", "value": "22.035"}}}, "parameter ncv of line fuel-heat-mass, month 3"),
        ({"documents": [0]}, "document 0 of manual entry"),
        ({"documents": []}, "each named by a manual entry"),
        ({"reason": 7}, "field 'reason'"),
    ],
)
def test_a_figure_that_does_not_follow_from_its_entry_is_not_valid(values: dict[str, Any], said: str) -> None:
    verdict, reason = judged(World(coal=True, change_manual=alter(3, **values)))
    assert verdict == ("indeterminate" if said == "none in the bundle" else "invalid")
    assert said.lower() in reason.lower()


def test_a_parameter_that_was_measured_may_not_be_left_out() -> None:
    change = alter(10, parameters={"ncv": {"unit": "kJ/g", "value": "19.5"}})
    verdict, reason = judged(World(coal=True, change_manual=change))
    assert verdict == "invalid"
    assert "a line of this month alone" in reason


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"number": "INV-3"}, "invoice number 'INV-3' supports 2 figures"),
        ({"purpose": "lab-report", "issued": "2025-05-30", "sampled": "2025-04-19"}, "came 41 days after its sample"),
        ({"purpose": "lab-report"}, "has no day of sample and of issue"),
    ],
)
def test_what_is_odd_about_a_document_is_told_and_changes_no_verdict(values: dict[str, Any], said: str) -> None:
    verdict, reason = judged(World(coal=True, change_document=alter(4, **values)))
    assert verdict == "valid"
    assert said.lower() in reason.lower()


def test_forty_days_are_in_time() -> None:
    values = {"purpose": "lab-report", "issued": "2025-05-29", "sampled": "2025-04-19"}
    assert "days after its sample" not in judged(World(coal=True, change_document=alter(4, **values)))[1]


def test_a_manual_entry_that_no_month_names_is_refused() -> None:
    def forget(statement: MonthStatement) -> MonthStatement:
        return replace(statement, manuals=()) if statement.month == 5 else statement

    verdict, reason = judged(World(coal=True, change_statement=forget))
    assert verdict == "invalid"
    assert "anual entries of the months" in reason
