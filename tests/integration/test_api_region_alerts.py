"""Regional views and alerts over HTTP: figures to the gram, who sees what, pages in both languages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import filing
from carbonledger.forecast import library
from carbonledger.forecast.forecast import forecast
from carbonledger.records import KINDS, Record
from ledger_node.alerts import jobs
from ledger_node.jobs.queue import Queue
from ledger_node.queries import alerts, disclosed
from tests.integration.api_kit import NOW, LedgerApi, ledger_api, write_records
from tests.integration.test_alert_jobs import disclosure
from tests.support.actors import ENTERPRISE

Source = dict[str, Any]


def source(name: str, gas: str, grams: int) -> Source:
    return {"source": name, "gas": gas, "emission": {"unit": "g", "value": str(grams)}}


def firm(number: int, industry: str, district: str, grams: dict[int, int], value: dict[int, int]) -> dict[str, Any]:
    """One whose months are all alike; N2O is a tenth."""
    months = [
        {"month": f"{year}-{m:02d}", "sources": [source("coal", "CO2", 9 * g), source("process", "N2O", g)]}
        for year, g in grams.items()
        for m in range(1, 13)
    ]
    return disclosure(
        number,
        industry={"code": industry, "title": {"en": f"Industry {industry}", "zh": f"行业{industry}"}},
        district=district,
        months=months,
        years=[{"year": y, "value_added": {"unit": "fen", "value": str(v)}} for y, v in value.items()],
        devices=[],
    )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    value = {2023: 10**8, 2024: 11 * 10**7}
    told = [firm(n, "3011", "East", {2023: 1000, 2024: 900}, value) for n in range(1, 5)]
    told += [firm(n, "1713", "West", {2023: 500, 2024: 500}, value) for n in range(5, 8)]
    told.append(firm(8, "4411", "West", {2023: 7, 2024: 7}, value))
    with ledger_api(tmp_path_factory.mktemp("region")) as found:
        with found.engine.begin() as connection:
            disclosed.keep(connection, [disclosed.parse(Node(one)) for one in told])
        yield found


@pytest.mark.postgresql
def test_totals_intensity_and_decoupling_are_exact(api: LedgerApi) -> None:
    found = api.get("/v1/region").json()
    first, last = found["years"]
    total = {2023: 120 * (4 * 1000 + 3 * 500 + 7), 2024: 120 * (4 * 900 + 3 * 500 + 7)}
    assert first["emission"]["value"] == str(total[2023])
    assert last["emission"]["value"] == str(total[2024])
    assert found["year"] == 2024
    # t over 10^4 CNY: grams / 10^6 over fen / 10^6
    intensity = last["intensity"]
    assert int(intensity["numerator"]) * 8 * 11 * 10**7 == int(intensity["denominator"]) * total[2024]
    index = last["decoupling"]["index"]
    change = (total[2024] - total[2023]) * 10
    assert int(index["numerator"]) * total[2023] == int(index["denominator"]) * change
    assert last["decoupling"]["state"] == "strong-decoupling"
    assert first["decoupling"] is None
    assert (found["peak"]["state"], found["peak"]["year"]) == ("undetermined", 2023)


@pytest.mark.postgresql
def test_structure_sums_to_the_total_by_every_way_of_cutting(api: LedgerApi) -> None:
    found = api.get("/v1/region?year=2024", "regulator").json()
    total = int(found["years"][1]["emission"]["value"])
    for by, parts in found["structure"].items():
        assert sum(int(part["emission"]["value"]) for part in parts) == total, by
    gases = {part["key"]: int(part["emission"]["value"]) for part in found["structure"]["gas"]}
    assert gases == {"CO2": total * 9 // 10, "N2O": total // 10}
    industries = [part["key"] for part in found["structure"]["industry"]]
    assert industries == ["3011", "1713", "4411"]


def test_the_public_sees_no_firm_that_is_alone_in_its_industry(api: LedgerApi) -> None:
    parts = api.get("/v1/region?year=2024").json()["structure"]["industry"]
    assert {part["key"]: part["members"] for part in parts} == {"3011": 4, "other": 4}
    assert api.get("/v1/region?year=2024&district=East").status_code == 200


def test_the_public_sees_no_total_of_a_district_with_one_firm(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        with api.engine.begin() as connection:
            disclosed.keep(connection, [disclosed.parse(Node(firm(9, "3011", "South", {2024: 5}, {2024: 1})))])
        assert api.get("/v1/region?year=2024&district=South").status_code == 403
        assert api.get("/v1/region?year=2024&district=South", "regulator").status_code == 200


def test_ranking_is_for_statutory_readers_and_the_largest_comes_first(api: LedgerApi) -> None:
    assert api.get("/v1/region/ranking?year=2024").status_code == 401
    assert api.get("/v1/region/ranking?year=2024", "bank").status_code == 403
    rows = api.get("/v1/region/ranking?year=2024&limit=5&district=West", "regulator").json()["items"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert [int(row["emission"]["value"]) for row in rows] == [60000, 60000, 60000, 840]


def test_there_is_nothing_of_a_year_without_months(api: LedgerApi) -> None:
    assert api.get("/v1/region?year=1999").status_code == 404


@pytest.mark.parametrize(("language", "word"), [("zh", "脱钩指数"), ("en", "Decoupling index")])
def test_the_page_shows_the_same_in_both_languages(api: LedgerApi, language: str, word: str) -> None:
    page = api.get(f"/region?lang={language}&year=2024").text
    assert word in page
    assert "612,840" in page
    assert ("强脱钩" if language == "zh" else "Strong decoupling") in page


def test_the_page_without_data_says_so(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as empty:
        assert "尚无按月披露的数据" in empty.get("/region").text


def alert(engine: Any, member: str, about: str, now: int = NOW) -> None:
    told = {
        "key": f"A05/{member}/{about}",
        "rule": "A05",
        "about": about,
        "severity": "warning",
        "title": {"en": "Calibration expires", "zh": "检定即将到期"},
        "text": {"en": f"The calibration of {about} ends", "zh": f"器具 {about} 检定到期"},
    }
    with engine.begin() as connection:
        known = [dict(kept.content) for kept in alerts.of_member(connection, member)]
        alerts.tell(connection, member, [*known, told], now)


def test_an_enterprise_sees_its_own_alerts_and_the_regulator_all(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        alert(api.engine, ENTERPRISE.hex(), "M1")
        alert(api.engine, "ab" * 32, "M2")
        assert api.get("/v1/alerts").status_code == 401
        own = api.get("/v1/alerts", "enterprise").json()["items"]
        assert [row["about"] for row in own] == ["M1"]
        assert [row["about"] for row in api.get("/v1/alerts", "regulator").json()["items"]] == ["M2", "M1"]
        assert api.get("/v1/alerts", "bank").json()["items"] == []
        page = api.get("/v1/alerts?limit=1", "regulator")
        assert page.json()["next"] == "2"
        assert 'rel="next"' in page.headers["link"]
        assert [r["about"] for r in api.get("/v1/alerts?before=2", "regulator").json()["items"]] == ["M1"]
        assert api.get("/v1/alerts?state=gone", "regulator").status_code in (400, 422)


@pytest.mark.postgresql
def test_an_alert_is_acknowledged_once_with_a_note_by_who_may_see_it(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        alert(api.engine, ENTERPRISE.hex(), "M1")
        alert(api.engine, "ab" * 32, "M2")
        path = "/v1/alerts/1/acknowledge"
        assert api.post(path, "bank", json={"note": "x"}).status_code == 403
        assert api.post("/v1/alerts/2/acknowledge", "enterprise", json={"note": "x"}).status_code == 404
        assert api.post(path, "enterprise", json={}).status_code == 422
        done = api.post(path, "enterprise", json={"note": "送检"}).json()
        assert (done["state"], done["note"]) == ("acknowledged", "送检")
        assert api.post(path, "enterprise", json={"note": "again"}).status_code == 422
        shown = api.get("/alerts?lang=zh", "enterprise").text
        assert "已确认" in shown
        assert "送检" in shown
        assert "Calibration expires" in api.get("/alerts?lang=en", "regulator").text


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"anybody:{key}".encode()).decode(), "Accept": "text/html"}


def test_a_browser_is_asked_for_the_key_and_may_read_with_it_and_write_nothing(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        alert(api.engine, ENTERPRISE.hex(), "M1")
        asked = api.get("/alerts", headers={"Accept": "text/html"})
        assert asked.status_code == 401
        assert asked.headers["www-authenticate"].startswith("Basic ")
        key = basic(api.keys["enterprise"])
        assert "M1" in api.client.get("/alerts", headers=key).text
        assert api.client.get("/alerts", headers=basic("cl_0_0")).status_code == 401
        assert api.client.get("/v1/alerts", headers=key).json()["items"][0]["rule"] == "A05"  # a page links to it
        assert api.client.get("/3/footprints", headers=key).status_code == 401  # of programs alone
        path = "/v1/alerts/1/acknowledge"
        assert api.client.post(path, headers=key, json={"note": "by a foreign page"}).status_code == 401


def test_rules_are_served_with_the_origin_of_each_threshold(api: LedgerApi) -> None:
    rules = api.get("/v1/alert-rules").json()
    assert [rule["id"] for rule in rules["rules"]] == [f"A0{n}" for n in range(1, 9)]
    assert all(p["source"] for rule in rules["rules"] for p in rule["parameters"])


def test_the_day_of_jobs_fills_what_the_api_shows(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        with api.engine.begin() as connection:
            told = disclosure(1, devices=[{"id": "M7", "calibrated_until": "2026-05-20"}])
            disclosed.keep(connection, [disclosed.parse(Node(told))])
            jobs.find(connection, NOW)
        queue = Queue(api.engine, jobs.handlers(jobs.Post()), lambda: NOW)
        while queue.step():
            pass
        (found,) = api.get("/v1/alerts", "regulator").json()["items"]
        assert (found["about"], found["severity"]) == ("M7 2026-05-20", "critical")
        assert found["name"] == {"en": "Plant 1", "zh": "工厂1"}


def test_a_meter_on_the_chain_whose_calibration_ended_and_a_red_code_are_told(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        case = bytes([7]) * 32
        zero = {"bytes32": bytes(32), "bool": False}

        def record(kind: str, **values: Any) -> Record:
            blank = {field.name: zero.get(field.type, 0) for field in KINDS[kind].fields}
            return Record.of(kind, **(blank | values))

        new = [
            record("code", member=ENTERPRISE, state=3, caseId=case, year=2026, quarter=1),
            record("inspection", caseId=case, member=ENTERPRISE, reasons=filing.reasons_mask(("H06",))),
            record("device", device=bytes([8]) * 32, member=ENTERPRISE, calibrationTo=NOW - 10 * 86_400),
            record("device", device=bytes([9]) * 32, member=ENTERPRISE, calibrationTo=NOW - 9, removedAt=NOW - 5),
        ]
        write_records(api.engine, new, first_block=1000)
        with api.engine.begin() as connection:
            jobs.find(connection, NOW)
        queue = Queue(api.engine, jobs.handlers(jobs.Post()), lambda: NOW)
        while queue.step():
            pass
        rows = api.get("/v1/alerts", "enterprise").json()["items"]
        told = {row["rule"]: row for row in rows if row["about"] == "2026Q1" or row["about"].startswith("0808")}
        assert told["A08"]["text"]["en"] == "The code of 2026Q1 is red: H06."
        assert told["A05"]["severity"] == "critical"
        assert not any(row["about"].startswith("0909") for row in rows)


def test_a_forecast_over_http_is_what_the_function_says(api: LedgerApi) -> None:
    raw = library.example("quarterly")
    answer = api.post("/v1/forecast", content=raw, headers={"content-type": "application/json"})
    assert answer.content == forecast(raw).json()
    assert api.get("/v1/forecast/schema").json()["title"] == "Forecast document"
    assert api.post("/v1/forecast", content=b"{}", headers={"content-type": "application/json"}).status_code == 422
