"""Alert rules: each holds where it should, and not a step before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.alerts import snapshot
from carbonledger.alerts.evaluate import Alert, evaluate
from carbonledger.alerts.rules import AlertRules, alert_rules

T = {"unit": "t"}


def alerts(**sections: Any) -> list[Alert]:
    told = {"subject": "plant", "as_of": "2026-02-12", **sections}
    return evaluate(snapshot.parse(Node(told)), alert_rules())


def months(values: list[int], first: int = 2025 * 12) -> list[dict[str, Any]]:
    return [
        {"month": f"{(first + at) // 12}-{(first + at) % 12 + 1:02d}", "emission": {"unit": "t", "value": str(value)}}
        for at, value in enumerate(values)
    ]


def permit(year: int, tonnes: int, kind: str = "permit") -> dict[str, Any]:
    return {"kind": kind, "year": year, "amount": {"unit": "t", "value": str(tonnes)}}


def rules(found: list[Alert]) -> list[str]:
    return [alert.rule.id for alert in found]


def test_nothing_known_says_nothing() -> None:
    assert alerts() == []


@pytest.mark.parametrize(("value", "holds"), [(150, False), (151, True)])
def test_a_month_above_its_share_of_the_permit(value: int, holds: bool) -> None:
    found = alerts(months=months([value]), limits=[permit(2025, 1200)])
    assert rules(found) == (["A01"] if holds else [])


@pytest.mark.parametrize(("value", "holds"), [(150, False), (151, True), (50, False), (49, True)])
def test_a_change_against_last_month_up_and_down(value: int, holds: bool) -> None:
    assert rules(alerts(months=months([100, value]))) == (["A02"] if holds else [])


@pytest.mark.parametrize(("value", "holds"), [(130, False), (131, True), (69, True)])
def test_a_change_against_last_year(value: int, holds: bool) -> None:
    assert rules(alerts(months=months([100] * 11 + [100, value]))) == (["A03"] if holds else [])


@pytest.mark.parametrize(("as_of", "holds"), [("2026-02-10", False), ("2026-02-11", True)])
def test_evidence_is_late_from_the_day_after(as_of: str, holds: bool) -> None:
    filing = {"month": "2026-01", "due": "2026-02-10"}
    assert rules(alerts(as_of=as_of, filings=[filing])) == (["A04"] if holds else [])
    assert alerts(as_of=as_of, filings=[filing | {"received": "2026-02-10"}]) == []


@pytest.mark.parametrize(
    ("until", "severity"), [("2026-03-15", None), ("2026-03-14", "warning"), ("2026-02-11", "critical")]
)
def test_a_calibration_that_ends_soon_warns_and_one_that_ended_is_critical(until: str, severity: str | None) -> None:
    found = alerts(devices=[{"id": "M1", "calibrated_until": until}])
    assert [alert.severity for alert in found] == ([] if severity is None else [severity])


@pytest.mark.parametrize(("tonnes", "severity"), [(334, None), (333, "warning"), (300, "warning"), (299, "critical")])
def test_a_permit_that_is_nearly_used_or_is(tonnes: int, severity: str | None) -> None:
    found = [a for a in alerts(months=months([100] * 3), limits=[permit(2025, tonnes)]) if a.rule.id == "A06"]
    assert [alert.severity for alert in found] == ([] if severity is None else [severity])


def test_a_permit_of_another_year_is_not_held_against_this_one() -> None:
    assert [a for a in alerts(months=months([100] * 3), limits=[permit(2024, 1)]) if a.rule.id == "A06"] == []


@pytest.mark.parametrize(("tonnes", "holds"), [(1199, True), (1200, False)])
def test_a_shortfall_by_the_forecast(tonnes: int, holds: bool) -> None:
    found = alerts(months=months([100] * 13), limits=[permit(2026, tonnes, "quota")])
    assert rules(found) == (["A07"] if holds else [])
    if holds:
        assert dict(found[0].words)["day"] == "2026-12-31"


def test_a_red_code_is_told_with_its_reasons() -> None:
    (found,) = alerts(codes=[{"period": "2025Q4", "colour": "red", "reasons": ["H06", "H07"]}])
    assert found.to_json()["text"]["en"] == "The code of 2025Q4 is red: H06, H07."
    assert alerts(codes=[{"period": "2025Q4", "colour": "grey", "reasons": []}]) == []


def test_the_key_stays_the_same_from_day_to_day() -> None:
    device = [{"id": "M1", "calibrated_until": "2026-02-20"}]
    (today,), (tomorrow,) = alerts(devices=device), alerts(as_of="2026-02-13", devices=device)
    assert today.key == tomorrow.key
    assert today.to_json()["text"] != tomorrow.to_json()["text"]


def test_every_sentence_is_filled_in_both_languages() -> None:
    found = alerts(
        months=months([100] * 12 + [400]),
        filings=[{"month": "2026-01", "due": "2026-02-10"}],
        devices=[{"id": "M1", "calibrated_until": "2026-02-20"}],
        limits=[permit(2026, 440)],
        codes=[{"period": "2025Q4", "colour": "red", "reasons": []}],
    )
    assert rules(found) == [f"A0{n}" for n in range(1, 9)]
    for alert in found:
        for text in alert.to_json()["text"].values():
            assert "{" not in text


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"months": months([1]) + months([1])}, "$.months[1].month"),
        ({"filings": [{"month": "2026Q1", "due": "2026-02-10"}]}, "$.filings[0].month"),
        ({"codes": [{"period": "2026-01", "colour": "red", "reasons": []}]}, "$.codes[0].period"),
        ({"limits": [permit(2026, 1, "budget")]}, "$.limits[0].kind"),
        ({"unknown": []}, "$.unknown"),
    ],
)
def test_a_bad_snapshot_is_refused_with_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(MalformedInput) as caught:
        alerts(**change)
    assert caught.value.path == path


def test_the_published_set_survives_its_json_and_a_wrong_word_is_refused() -> None:
    value = alert_rules().to_json()
    assert AlertRules.parse(json.dumps(value).encode()) == alert_rules()
    value["rules"][0]["explain"]["en"] = "{truth}"
    with pytest.raises(MalformedInput, match="truth"):
        AlertRules.parse(json.dumps(value).encode())
