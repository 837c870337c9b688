"""A member's forecast over HTTP: worked by hand, by the offline command again, for whom, and on both pages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.forecast.forecast import forecast
from ledger_node.queries import disclosed
from tests.integration.api_kit import LedgerApi, ledger_api
from tests.integration.test_alert_jobs import disclosure
from tests.support.actors import ENTERPRISE

MEMBER = ENTERPRISE.hex()
PATH = f"/v1/members/{MEMBER}/forecast"
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
MONTHS += [f"2026-{month:02d}" for month in range(1, 5)]


def tell(api: LedgerApi, months: list[str], permits: dict[int, int]) -> None:
    """100 t each month, told by the enterprise."""
    source = {"source": "power", "gas": "CO2", "emission": {"unit": "g", "value": "100000000"}}
    years = [{"year": year, "permit": {"unit": "g", "value": str(t * 10**6)}} for year, t in permits.items()]
    told = disclosure(1, months=[{"month": month, "sources": [source]} for month in months], years=years, devices=[])
    parsed = disclosed.parse(Node(told))
    rows = {name: [row | {"member": MEMBER} for row in getattr(parsed, name)] for name in ("months", "years", "facts")}
    mine = replace(parsed, member=MEMBER, profile=parsed.profile | {"member": MEMBER}, **rows)
    with api.engine.begin() as connection:
        disclosed.keep(connection, [mine])


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path_factory.mktemp("forecast")) as made:
        tell(made, MONTHS, {2026: 1050, 2027: 1300})
        yield made


def test_a_steady_plant_is_foretold_as_it_was_and_the_day_of_the_permit_is_the_one_of_the_calendar(
    api: LedgerApi,
) -> None:
    told = api.get(PATH, "enterprise").json()
    this, following = told["forecast"]["years"]
    assert (this["year"], this["known_periods"], this["known"]["value"]) == (2026, 4, "400000000")
    assert this["total"]["value"] == following["total"]["value"] == "1200000000"
    short, enough = told["forecast"]["quotas"]
    # 1,050 t at 100 t a month: ten months, and half of November's thirty days
    assert (short["used_up"], short["balance"]["value"]) == ("2026-11-16", "-150000000")
    assert (enough["used_up"], enough["balance"]["value"]) == (None, "100000000")
    assert [one["basis"] for one in told["bases"]] == ["permit", "permit"]


def test_the_answer_carries_what_computes_it_again_offline(api: LedgerApi) -> None:
    told = api.get(PATH, "regulator").json()
    assert forecast(jcs.encode(told["document"])).to_json() == told["forecast"]
    assert told["document"]["values"] == ["100000000"] * len(MONTHS)


def test_a_quota_that_the_enterprise_plans_with_goes_before_the_permit(api: LedgerApi) -> None:
    planned = api.client.put(
        f"/v1/members/{MEMBER}/planning-quota/2027", headers=api.as_("enterprise"), json={"tonnes": 700}
    )
    assert planned.status_code == 200, planned.text
    told = api.get(PATH, "enterprise").json()
    assert [(one["year"], one["basis"]) for one in told["bases"]] == [(2026, "permit"), (2027, "planning")]
    assert told["forecast"]["quotas"][1]["used_up"] == "2027-08-01"  # seven months of 100 t


def test_it_is_the_members_own_and_a_regulators_reading_is_on_its_access_log(api: LedgerApi) -> None:
    assert [api.get(PATH, role).status_code for role in ("public", "bank", "auditor")] == [401, 403, 403]
    assert api.get(f"/forecast/{MEMBER}", "bank").status_code == 403
    assert api.get(PATH, "verifier").status_code == 200
    log = api.get(f"/v1/members/{MEMBER}/accesses", "enterprise").json()["items"]
    assert ("1 forecast", "statutory") in {(one["what"], one["basis"]) for one in log}
    assert MEMBER not in {one["reader"] for one in log}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("预计用尽日期", "2026-11-16", "回测", "已知 4 个月")),
        ("en", ("Used up on", "Back-test", "4 months known")),
    ],
)
def test_the_page_says_it_in_both_languages(api: LedgerApi, language: str, words: tuple[str, ...]) -> None:
    page = api.get(f"/forecast/{MEMBER}?lang={language}", "enterprise").text
    assert all(word in page for word in words)


def test_too_few_months_are_told_with_what_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    with ledger_api(tmp_path_factory.mktemp("few")) as made:
        tell(made, MONTHS[-12:], {})
        refused = made.get(PATH, "enterprise")
        assert (refused.status_code, refused.json()["found"]) == (404, "12")
        assert "disclose" in refused.json()["remedy"]
        assert "12" in made.get(f"/forecast/{MEMBER}?lang=en", "enterprise").text


def test_a_browser_signs_in_and_comes_back_to_the_page_of_this_service_alone(api: LedgerApi) -> None:
    basic = "Basic " + b64encode(f"anybody:{api.keys['enterprise']}".encode()).decode()
    headers: dict[str, Any] = {"Authorization": basic, "Accept": "text/html"}
    asked = api.client.get(f"/sign-in?to=/codes/{MEMBER}", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.headers["www-authenticate"].split()[0]) == (401, "Basic")
    back = api.client.get("/sign-in?to=/region%3Fyear%3D2024", headers=headers, follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (303, "/region?year=2024")
    for foreign in ("//evil.example", "/%5Cevil.example", "https://evil.example", "", "/a%0d%0ab"):
        refused = api.client.get(f"/sign-in?to={foreign}", headers=headers, follow_redirects=False)
        assert refused.status_code == 422, foreign
