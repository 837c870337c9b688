"""The pages' strings: none is missing in either language, and the reader's choice of language is kept."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from api.access import MAY
from api.events import TYPES
from api.pages.chart import nice
from api.pages.figures import Figures
from api.pages.text import LANGUAGES, TEXT, Language, Text, choose_language
from api.routes.webhooks import PAUSED
from api.schemas import Amount, Duty
from carbonledger import numbered
from carbonledger.title import STEPS as TITLE_STEPS
from carbonledger.verify import STEPS
from ledger_node.queries.webhooks import State

TEMPLATES = Path(__file__).resolve().parents[2] / "api/pages/templates"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_no_string_is_missing_in_either_language() -> None:
    for key, pair in TEXT.items():
        assert len(pair) == len(LANGUAGES), key
        assert all(text.strip() for text in pair), key


def test_english_strings_are_english() -> None:
    assert [key for key, pair in TEXT.items() if CHINESE.search(pair[1]) and key != "language.other"] == []


def test_every_key_that_a_template_asks_for_is_in_the_catalogue() -> None:
    asked = {
        key
        for template in TEMPLATES.glob("*.html")
        for key in re.findall(r"""\bt\(["']([a-z._0-9]+)["']\)""", template.read_text("utf-8"))
    }
    assert len(asked) > 50
    assert asked - set(TEXT) == set()


def test_every_name_that_follows_from_data_has_a_string() -> None:
    wanted = {f"kind.{name}" for name in numbered.MEMBER_KINDS.values()}
    wanted |= {f"member.status.{name}" for name in numbered.MEMBER_STATUS.values()}
    wanted |= {f"report.status.{name}" for name in numbered.REPORT_STATUS.values()}
    wanted |= {f"log.status.{name}" for name in numbered.LOG_STATUS.values()}
    wanted |= {f"device.{name}" for name in numbered.DEVICE_KINDS.values()}
    wanted |= {f"step.{number}" for number in STEPS}
    wanted |= {f"step.{verdict}" for verdict in ("valid", "invalid", "indeterminate", "not applicable")}
    wanted |= {f"verdict.{v}{part}" for v in ("VALID", "INVALID", "INDETERMINATE", "ERROR") for part in ("", ".text")}
    wanted |= {f"webhooks.type.{name}" for name in TYPES}
    wanted |= {f"webhooks.state.{name}" for name in ("active", "failing", "disabled")}
    wanted |= {f"webhooks.delivery.{name}" for name in get_args(State)} | {f"webhooks.reason.{PAUSED}"}
    wanted |= {f"notices.duty.{name}" for name in get_args(Duty.model_fields["kind"].annotation)}
    assert wanted - set(TEXT) == set()


def test_steps_are_named_as_the_command_names_them() -> None:
    assert {number: TEXT[f"step.{number}"][1] for number in STEPS} == STEPS
    assert {number: TEXT[f"step.title.{number}"][1] for number in TITLE_STEPS} == TITLE_STEPS


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "wanted"),
    [
        (None, None, None, "zh"),
        ("en", "zh", "zh", "en"),
        (None, "en", "zh", "en"),
        (None, None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (None, None, "fr, zh-CN;q=0.9, en;q=0.95", "en"),
        (None, None, "zh-Hans-CN;q=0.2,en;q=0.1", "zh"),
        ("de", "xx", "fr;q=z, ;q=, en;q=0", "zh"),
    ],
)
def test_the_address_counts_before_the_cookie_before_the_browser(
    query: str | None, cookie: str | None, accept: str | None, wanted: Language
) -> None:
    assert choose_language(query, cookie, accept) == wanted


def test_a_string_that_is_not_in_the_catalogue_is_an_error() -> None:
    with pytest.raises(KeyError):
        Text("en")("no.such.key")


def test_figures_are_rounded_for_reading_and_exact_beside_it() -> None:
    figures, amount = Figures("en"), Amount(value="509183238", unit="g")
    assert figures.large(amount, 3) == ("509.183", "t")
    assert figures.exact(amount) == "509,183,238\u00a0g"
    assert figures.large(Amount(value="959636710", unit="Wh")) == ("959.64", "MWh")
    assert figures.large(Amount(value="7", unit="pieces")) == ("7", "pieces")


def test_times_are_shown_in_the_zone_of_the_accounts() -> None:
    assert Figures("zh").moment("2025-12-31T16:00:00Z") == "2026-01-01 00:00"
    assert Figures("en").day(None) == ""


@pytest.mark.parametrize(("value", "top"), [("1", "1"), ("80", "80"), ("81", "100"), ("0.13", "0.16"), ("999", "1000")])
def test_a_scale_ends_at_a_round_number(value: str, top: str) -> None:
    assert nice(Decimal(value)) == Decimal(top)


def test_each_page_is_in_the_access_table() -> None:
    assert {name for name in MAY if name.startswith("page")} == {
        *("pageMarket", "pageQuota"),
        *("pageStart", "pageFind", "pageLedger", "pageReport", "pageVerify", "pageApi", "pageRegion", "pageAlerts"),
        *("pageCode", "pageInspections", "pageForecast", "pageSignIn"),
        *("pageBanks", "pageStanding", "pageAccesses", "pageQuota", "pageCheck"),
        *("pageNotices", "pageNoticesList"),
        *("pageWebhooks", "pageWebhooksList", "pageWebhookDeliveries", "pageDisclosure"),
    }
