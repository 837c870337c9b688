"""A published set as contracts read it: the AssessmentForm of a code's rule set or a grade scheme, and its digest.

The contract keeps the JSON, whose SHA-256 is the set's id, and a form of whole numbers; it does not parse JSON. Whoever
knows both compares them by the digest (docs/formats/acts.md).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final, assert_never

from carbonledger import jcs
from carbonledger.accounting.names import name32
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.parameters import STATUS, Head, Parameters, Title
from carbonledger.assessment.working_days import Calendar
from carbonledger.errors import Malformed, Refused
from carbonledger.keccak import keccak256

KIND_CODE: Final = 1
KIND_GRADE: Final = 2
NOT_RATED_PLACE: Final = 255
PPM: Final = 1_000_000
HUNDREDTHS: Final = 100
_CHINA: Final = timedelta(hours=8)

Set = CodeRules | Scheme


def parse(raw: bytes) -> Set:
    """A rule set of the code or a grade scheme from its canonical JSON, by its `kind`."""
    kind = jcs.decode_object(raw).get("kind")
    match kind:
        case "code":
            return CodeRules.parse(raw)
        case "grade":
            return Scheme.parse(raw)
        case _:
            raise Malformed("a set of the assessment", expected='kind "code" or "grade"', found=repr(kind)[:80])


def form(published: Set) -> tuple[Any, ...]:
    """AssessmentForm as the values of the Solidity struct; Refused where a number has no whole form on the chain."""
    grades = [(name32(key), least) for key, least in grade_rows(published)]
    return (*_head(published), *_numbers(published), grades)


def form_digest(published: Set) -> bytes:
    """keccak256 of the form's words: number of grades, the head, the numbers, each grade's two words."""
    *head, grades = form(published)
    words = [len(grades), *head, *(word for row in grades for word in row)]
    return keccak256(b"".join(word if isinstance(word, bytes) else word.to_bytes(32, "big") for word in words))


def grade_rows(published: Set) -> list[tuple[str, int]]:
    """Keys of the grades, best first, with the least score in hundredths (0 where a method has none)."""
    match published:
        case CodeRules():
            return []
        case Scheme(method="weighted-score"):
            return [
                (g.key, 0 if g.least is None else _whole(g.least.value * HUNDREDTHS, g.key)) for g in published.grades
            ]
        case Scheme():
            bands = published.bands["efficiency" if published.method == "efficiency-code" else "colours"]
            return [(band.key, 0) for band in bands]


def grade_titles(scheme: Scheme) -> dict[str, Title]:
    """Title of each grade by its key."""
    match scheme.method:
        case "weighted-score":
            return {g.key: g.title for g in scheme.grades}
        case "efficiency-code":
            return {band.key: band.title for band in scheme.bands["efficiency"]}
        case "colours" | "board":
            return {band.key: band.title for band in scheme.bands["colours"]}
        case _:
            assert_never(scheme.method)


def place(scheme: Scheme, key: str) -> int:
    """Place of a grade in the scheme, 0 the best; 255 for not rated."""
    keys = [row for row, _ in grade_rows(scheme)]
    return keys.index(key) if key in keys else NOT_RATED_PLACE


def working_year(year: int, calendar: Calendar) -> tuple[int, int]:
    """Days off of a year as the two words of a WorkingYear: bit d is the day d of the year, 0 the first of January."""
    bits, day = 0, date(year, 1, 1)
    while day.year == year:
        if not calendar.is_worked(day):
            bits |= 1 << (day.timetuple().tm_yday - 1)
        day += timedelta(days=1)
    return bits & ((1 << 256) - 1), bits >> 256


def start_of(day: date) -> int:
    """First instant of a day at UTC+08:00, Unix s."""
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) - _CHINA).timestamp())


def day_of(instant: int) -> date:
    """The day at UTC+08:00 of an instant, Unix s."""
    return (datetime.fromtimestamp(instant, UTC) + _CHINA).date()


def _head(published: Set) -> tuple[bytes | int, ...]:
    head: Head = published.head
    kind = KIND_CODE if isinstance(published, CodeRules) else KIND_GRADE
    after = 0 if head.valid_to is None else start_of(head.valid_to + timedelta(days=1))
    region = sha256(head.region.encode()).digest()
    status = STATUS.index(head.status) + 1
    return (name32(head.key), kind, region, start_of(head.valid_from), after, status)


def _numbers(published: Set) -> tuple[int, ...]:
    match published:
        case CodeRules():
            states: Parameters = published.states
            days = ("explain-days", "inspect-days", "rectify-days", "silent-quarters", "veto-quarters")
            whole = tuple(_whole(states[name].value, name) for name in days)
            return (*whole, _whole(states["clear-change"].value * PPM, "clear-change"), 0)
        case Scheme():
            margin = published.rules.get("upgrade-margin")
            return (*[0] * 6, 0 if margin is None else _whole(margin.value * HUNDREDTHS, "upgrade-margin"))


def _whole(value: Fraction, name: str) -> int:
    if value.denominator != 1 or value < 0:
        raise Refused(f"parameter {name} on the chain", expected="a whole number in the form's unit", found=value)
    return int(value)
