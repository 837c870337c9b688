"""The pages in a real browser: they read without scripts, fit a phone, and verify without sending anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser_kit import chromium, served
from tests.integration.api_kit import LedgerApi
from tests.integration.test_notices import tell
from tests.support.actors import ENTERPRISE

MEMBER = ENTERPRISE.hex()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, LedgerApi]]:
    with served(tmp_path_factory.mktemp("pages"), public=True) as serving:
        yield serving


def pages(api: LedgerApi) -> list[str]:
    return ["/", f"/ledger/{MEMBER}", f"/reports/{api.report_id}", "/verify", "/notices", "/api", f"/ledger/{'0' * 64}"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1200])
def test_every_page_fits_its_screen_and_breaks_no_rule(
    browser: Browser, site: tuple[str, LedgerApi], language: str, width: int
) -> None:
    url, api = site
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in pages(api)[:-1]:
        page.goto(f"{url}{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.title()
        assert page.locator("h1").count() == 1, path
    assert said == []
    context.close()


def test_pages_are_read_without_scripts(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, _ = site
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{url}/")
    page.fill("#q", MEMBER)
    page.click("button[type=submit]")
    page.wait_for_url(f"**/ledger/{MEMBER}")
    page.locator("footer").wait_for()
    assert page.locator("svg.chart rect.bar").count() == 12
    assert page.locator("table").count() == 4
    assert "19,101" in page.inner_text("main")
    page.goto(f"{url}/verify")
    assert "carbonledger verify" in page.inner_text("main")
    context.close()


def test_search_answers_while_one_types(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, _ = site
    page = browser.new_page()
    page.goto(f"{url}/?lang=en")
    page.locator("#q").press_sequentially("nobody")
    page.locator("#found", has_text="No such member").wait_for()
    page.close()


def choose(page: Page, data: bytes, selector: str = "#bundle") -> None:
    page.set_input_files(selector, {"name": "a.bundle.json", "mimeType": "application/json", "buffer": data})


def answer(page: Page, verdict: str) -> dict[str, Any]:
    page.wait_for_selector(f"#result[data-verdict={verdict}]", timeout=20_000)
    found: dict[str, Any] = json.loads(page.get_attribute("#result", "data-answer") or "{}")
    return found


def test_a_bundle_is_verified_in_the_browser_and_nothing_is_sent(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, api = site
    page = browser.new_page()
    page.goto(f"{url}/verify?lang=en")
    page.wait_for_load_state("networkidle")
    requests: list[str] = []
    page.on("request", lambda request: None if request.url.startswith("blob:") else requests.append(request.url))
    choose(page, api.bundle)
    assert len(answer(page, "VALID")["steps"]) == 16
    assert page.locator(".steps li").count() == 16
    assert "VALID" in page.inner_text(".verdict")
    page.check("input[value=none]")
    assert answer(page, "INDETERMINATE")["verdict"] == "INDETERMINATE"
    choose(page, api.world.policy.format().encode(), "#policy")
    assert answer(page, "VALID")["verdict"] == "VALID"
    tampered = (
        api.bundle.replace(b'"emission":', b'"emission" :') if b'"emission":' in api.bundle else b" " + api.bundle
    )
    choose(page, tampered)
    assert answer(page, "INVALID")["steps"][0]["verdict"] == "invalid"
    choose(page, b"version = 3\n", "#policy")
    page.wait_for_selector("#result[data-verdict=ERROR]")
    assert requests == []
    page.close()


def test_the_ledger_page_leads_to_a_verdict_by_one_click(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, _ = site
    page = browser.new_page()
    page.goto(f"{url}/ledger/{MEMBER}?lang=en")
    page.click("text=Verify in this browser")
    assert answer(page, "VALID")["subject"]["report"]["emission_g"] == "19101"
    page.close()


def test_verdicts_are_told_by_words_and_signs_and_not_by_colour_alone(
    browser: Browser, site: tuple[str, LedgerApi]
) -> None:
    url, api = site
    page = browser.new_page()
    page.goto(f"{url}/verify?lang=zh")
    choose(page, api.bundle)
    answer(page, "VALID")
    badges = page.locator(".steps .badge").all_inner_texts()
    assert set(badges) == {"✓ 成立", "– 不适用"}
    assert "有效" in page.inner_text(".verdict")
    page.close()


def test_the_policy_is_not_executed_from_its_data_block(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        page = browser.new_page()
        page.goto(f"{url}/verify?lang=en&bundle=javascript:alert(1)")
        assert page.get_attribute("#verify", "data-bundle") == ""
        page.close()


def test_notices_are_read_and_acknowledged_on_a_phone(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, api = site
    number = tell(api, ENTERPRISE, "footprint-outdated", reason="a line that no part takes; " * 9)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{url}/notices")
    page.fill("#key", api.keys["enterprise"])
    page.click("form button")
    page.locator("#notices .card").first.wait_for()
    inside = page.locator("#notices button").bounding_box()
    assert inside is not None and inside["x"] + inside["width"] <= 390  # a thumb reaches it without scrolling aside
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#notices button")
    page.locator("#notices .badge.good", has_text="已确认").wait_for()
    assert page.locator("#notices button").count() == 0
    with api.engine.connect() as connection:
        query = f"SELECT acknowledged_by FROM notification WHERE number = {number}"
        assert connection.exec_driver_sql(query).scalar() == "a enterprise"
    assert said == []
    context.close()


def test_the_banks_page_sends_the_key_of_its_field(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, api = site
    page = browser.new_page()
    page.goto(f"{url}/banks?lang=en")
    page.fill("#key", api.keys["bank"])
    page.click("section button[hx-get]")
    page.locator("#accesses table").wait_for()
    page.close()
