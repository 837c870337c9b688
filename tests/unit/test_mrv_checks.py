"""Cross-checks and findings of a verifier."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbonledger.cli import main
from carbonledger.errors import Malformed, Refused
from carbonledger.mrv.crosschecks import CHECKS, EXAMPLE, crosscheck
from carbonledger.mrv.findings import CONFIRMED, Finding, Findings


@pytest.mark.parametrize(
    ("identifier", "values", "result"),
    [
        ("basis", {}, "pass"),
        ("basis", {"c_ar_percent": "54.07"}, "attention"),
        ("basis", {"reported": "2025-05-10"}, "pass"),
        ("basis", {"reported": "2025-05-11"}, "attention"),
        ("basis", {"reported": "2025-03-30"}, "attention"),
        ("coal-balance", {}, "pass"),
        ("coal-balance", {"purchases_t": "97000"}, "attention"),
        ("coal-balance", {"statistics_t": "90000"}, "attention"),
        ("efficiency", {}, "pass"),
        ("efficiency", {"generation_mwh": "270000"}, "attention"),
        ("efficiency", {"generation_mwh": "270000", "kind": "chp", "heat_gj": "1000000"}, "pass"),
        ("efficiency", {"kind": "chp", "heat_gj": "1300000"}, "attention"),
        ("carbon-ranges", {"coal_rank": "lignite", "carbon_daf_percent": "78"}, "attention"),
        ("carbon-ranges", {"coal_rank": "bituminous", "carbon_daf_percent": "78"}, "pass"),
        ("source-priority", {"this_year": "2", "last_year": "1", "best_available": "2"}, "attention"),
        ("second-source", {"value": "1", "tolerance_percent": "1"}, "attention"),
        ("identity", {"class": "I", "permit_class": "II"}, "attention"),
    ],
)
def test_a_check_asks_for_attention_where_it_should(identifier: str, values: dict[str, str], result: str) -> None:
    document = {identifier: {**EXAMPLE.get(identifier, {}), **values}}
    found = {answer.check.id: answer.result for answer in crosscheck(json.dumps(document).encode())}
    assert found.pop(identifier) == result
    assert set(found.values()) == {"not-applicable"}
    assert len(CHECKS) == 10


def test_a_float_or_an_unknown_field_is_refused_with_its_path() -> None:
    with pytest.raises(Malformed, match="basis"):
        crosscheck(json.dumps({"basis": {**EXAMPLE["basis"], "more": "1"}}).encode())
    with pytest.raises(Malformed, match="basis"):
        crosscheck(json.dumps({"basis": {**EXAMPLE["basis"], "c_ar_percent": 54.05}}).encode())
    with pytest.raises(Malformed, match="efficiency"):
        crosscheck(json.dumps({"efficiency": {**EXAMPLE["efficiency"], "fuel_gj": "0"}}).encode())
    bare = {k: v for k, v in EXAMPLE["basis"].items() if k != "c_ad_percent"}
    with pytest.raises(Malformed, match="c_d_percent"):
        crosscheck(json.dumps({"basis": bare}).encode())


def test_the_command_checks_its_own_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crosscheck", "--example"]) == 0
    document = capsys.readouterr().out
    path = tmp_path / "in.json"
    path.write_text(document)
    assert main(["crosscheck", str(path), "--lang", "zh"]) == 0
    assert "pass" in capsys.readouterr().out


def test_a_report_with_open_findings_cannot_be_confirmed() -> None:
    finding = Finding("data", "6.2", "belt scale not calibrated", "not-fixed")
    findings = Findings(bytes(32), (finding,))
    assert Findings.parse(findings.json()) == findings
    findings.require_may(2)
    with pytest.raises(Refused, match="belt scale"):
        findings.require_may(CONFIRMED)
    Findings(bytes(32), (Finding("data", "6.2", "late", "fixed-conforming"),)).require_may(CONFIRMED)
    with pytest.raises(Malformed, match=r"findings\[0\].class"):
        Findings.parse(findings.json().replace(b'"data"', b'"dada"'))
