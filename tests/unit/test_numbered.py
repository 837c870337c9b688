"""Names of numbers are those of the format's page, and all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from carbonledger import numbered
from carbonledger.numbered import numbers

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "acts.md"
ROWS = {
    "`kinds` bits": numbered.MEMBER_KINDS,
    "member `status`": numbered.MEMBER_STATUS,
    "key `purpose`": numbered.KEY_PURPOSES,
    "`measure`": numbered.MEASURES,
    "`registerType`": numbered.REGISTER_TYPES,
    "device `kind`": numbered.DEVICE_KINDS,
    "log `status`": numbered.LOG_STATUS,
    "factor `evidence`": numbered.EVIDENCE,
    "report status": numbered.REPORT_STATUS,
    "control plan status": numbered.PLAN_STATUS,
}


@pytest.mark.parametrize(("row", "names"), ROWS.items(), ids=list(ROWS))
def test_the_names_are_those_of_the_formats_page(row: str, names: Mapping[int, str]) -> None:
    (said,) = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    words = re.sub(r" \([^)]*\)", "", said).replace(" the ", " ").split(", ")
    found = {int(number): name.replace(" ", "-") for number, name in (word.split(" ", 1) for word in words)}
    assert found == names
    assert numbers(names) == {name: number for number, name in found.items()}
