"""Control plans: read strictly, told apart by their content alone, and doubted where a reviewer would."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from carbonledger.cli import main
from carbonledger.errors import Malformed
from carbonledger.mrv.control_plan import KINDS, ControlPlan, doubts, required
from carbonledger.mrv.control_plan_schema import EXAMPLE, schema


def example(**changes: Any) -> dict[str, Any]:
    """The example; a name with dots reaches within."""
    made = copy.deepcopy(EXAMPLE)
    for name, value in changes.items():
        at: Any = made
        *way, last = name.split("__")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        place: Any = int(last) if last.isdigit() else last
        if value is None:
            del at[place]
        else:
            at[place] = value
    return made


def parsed(**changes: Any) -> ControlPlan:
    return ControlPlan.parse(json.dumps(example(**changes), ensure_ascii=False).encode())


def test_the_example_is_read_and_nobody_doubts_it() -> None:
    assert doubts(parsed()) == []
    assert ControlPlan.parse(parsed().json()).digest == parsed().digest


def test_the_digest_is_of_the_content_whatever_its_layout() -> None:
    wide = json.dumps(dict(reversed(EXAMPLE.items())), indent=4).encode()
    assert ControlPlan.parse(wide).digest == parsed().digest
    assert parsed(quality="nobody audits").digest != parsed().digest


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"version": 2}, r"\$"),
        ({"reasons": "a new boiler"}, r"\$"),
        ({"year": "2025"}, r"\$.year"),
        ({"parameters": []}, r"\$.parameters"),
        ({"parameters__0__mode": "guessed"}, r"\$.parameters\[0\].mode"),
        ({"parameters__0__instruments": ["SCALE-9"]}, r"\$.parameters\[0\].instruments\[0\]"),
        ({"parameters__0__responsible": None}, r"\$.parameters\[0\].responsible"),
        ({"instruments__0__accuracy_class": "0"}, r"\$.instruments\[0\].accuracy_class"),
        ({"instruments__1__id": "SCALE-0001"}, r"\$.instruments"),
        ({"instruments__0__colour": "red"}, r"\$.instruments\[0\].colour"),
        ({"parameters__1": EXAMPLE["parameters"][0]}, r"\$.parameters"),
    ],
)
def test_what_is_not_of_its_form_is_refused_with_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Malformed, match=path):
        parsed(**changes)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"instruments__0__accuracy_class": "1"}, "$.instruments[0].accuracy_class"),
        ({"instruments__0__calibration_months": 24}, "$.instruments[0].calibration_months"),
        ({"parameters__1__instruments": []}, "$.parameters[1].instruments"),
        ({"parameters__1__missing": "default"}, "$.parameters[1].missing"),  # the rule set has no default of `c`
        ({"parameters__1__mode": "default"}, "$.parameters[1].mode"),
        ({"parameters__1__name": "cc"}, "$.parameters[1].name"),
        ({"parameters__0__line": "coke"}, "$.parameters[0].line"),
        ({"parameters__0__second_source": ""}, "$.parameters[0].second_source"),
        ({"rule_set": "power-1999"}, "$.rule_set"),
        ({"year": 2031}, "$.year"),
    ],
)
def test_a_reviewers_doubt_names_its_place(changes: dict[str, Any], path: str) -> None:
    found = doubts(parsed(**changes))
    assert path in [doubt.path for doubt in found]
    assert all(all(doubt.text) for doubt in found)


def test_a_second_version_says_why() -> None:
    second = parsed(version=2, reasons="the belt scale was replaced")
    assert (second.version, second.reasons) == (2, "the belt scale was replaced")
    assert second.digest != parsed().digest


def test_what_the_guideline_asks_of_a_scale_is_data_with_a_source() -> None:
    assert required("belt-scale") == required("rail-scale")
    accuracy, months = required("gas-flow") or (0, 0)
    assert (float(accuracy), months) == (2.0, 12)
    assert required("electricity-meter") is None
    assert "belt-scale" in KINDS


def test_the_schema_names_the_fields_that_the_reader_takes() -> None:
    described = schema()
    assert set(described["properties"]) == {*EXAMPLE, "reasons"}
    rows = described["properties"]["parameters"]["items"]
    assert set(rows["required"]) == set(EXAMPLE["parameters"][0])
    assert set(described["properties"]["instruments"]["items"]["required"]) == set(EXAMPLE["instruments"][0])


def test_the_command_says_the_digest_and_the_doubts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--example"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    assert main(["plan", "check", str(path)]) == 0
    assert parsed().digest.hex() in capsys.readouterr().out
    path.write_text(json.dumps(example(instruments__0__accuracy_class="1")))
    assert main(["plan", "check", str(path), "--lang", "zh"]) == 1
    assert "低于要求的准确度等级 0.5" in capsys.readouterr().out
    path.write_text("{}")
    assert main(["plan", "check", str(path)]) == 2
    assert main(["plan"]) == 2
