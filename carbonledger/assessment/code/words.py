"""Words of the assessment document that several sections share: names, digests, months, quarters, times."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import day

_HEX: Final = re.compile(r"[0-9a-f]{64}")

_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")

_QUARTER: Final = re.compile(r"([0-9]{4})Q([1-4])")

_SECOND: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z")


def name(node: Node, most: int = 128) -> str:
    """Printable text."""
    value = node.text(least=1, most=most)
    if not value.isprintable():
        raise node.malformed("control characters", "printable text")
    return value


def digest(node: Node) -> str:
    """64 lower-case hex digits."""
    value = node.text(most=64)
    if _HEX.fullmatch(value) is None:
        raise node.malformed("not a digest", "64 lower-case hex digits")
    return value


def month(node: Node) -> int:
    """YYYY-MM as months from year 0."""
    match = _MONTH.fullmatch(node.text(most=7))
    if match is None or not 1 <= int(match.group(2)) <= 12 or not 1990 <= int(match.group(1)) < 9000:
        raise node.malformed("not a month", "YYYY-MM from 1990")
    return 12 * int(match.group(1)) + int(match.group(2)) - 1


def quarter(node: Node) -> int:
    """YYYYQn as quarters from year 0."""
    match = _QUARTER.fullmatch(node.text(most=6))
    if match is None or not 1990 <= int(match.group(1)) < 9000:
        raise node.malformed("not a quarter", "YYYYQ1 to YYYYQ4 from 1990")
    return 4 * int(match.group(1)) + int(match.group(2)) - 1


def second(node: Node) -> int:
    """YYYY-MM-DDThh:mm:ssZ as seconds from day 0."""
    match = _SECOND.fullmatch(node.text(most=20))
    if match is None:
        raise node.malformed("not a time", "YYYY-MM-DDThh:mm:ssZ")
    try:
        days = date.fromisoformat(match.group(1)).toordinal()
    except ValueError as error:
        raise node.malformed("not a time", "YYYY-MM-DDThh:mm:ssZ") from error
    hours, minutes, seconds = (int(match.group(i)) for i in (2, 3, 4))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def day_or_none(fields: dict[str, Node], name: str) -> date | None:
    """A day, None where it is not given."""
    return day(fields[name]) if name in fields else None
