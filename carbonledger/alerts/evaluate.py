"""The alerts that hold on a day: each with a key that stays the same as long as it speaks of the same thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final, assert_never

from carbonledger.alerts.rules import AlertRules, Rule
from carbonledger.alerts.snapshot import Bound, Limit, Snapshot
from carbonledger.assessment.parameters import bilingual
from carbonledger.assessment.rational import fixed
from carbonledger.forecast.arithmetic import exactly
from carbonledger.forecast.document import Document, Quota
from carbonledger.forecast.forecast import of

_YEAR: Final = 12
SHOWN: Final = 2  # decimals, for people


@dataclass(frozen=True, slots=True)
class Alert:
    """`about` names the thing: a month, a device, a year. `words` fill the rule's sentences."""

    rule: Rule
    subject: str
    about: str
    severity: str
    words: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The same alert on another day has the same key."""
        return f"{self.rule.id}/{self.subject}/{self.about}"

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        return {
            "about": self.about,
            "key": self.key,
            "rule": self.rule.id,
            "severity": self.severity,
            "subject": self.subject,
            "text": bilingual((self._filled(0), self._filled(1))),
            "title": bilingual(self.rule.title),
        }

    def _filled(self, language: int) -> str:
        said = self.rule.explain[language]
        for word, value in self.words:
            said = said.replace("{" + word + "}", value)
        return said


def evaluate(snapshot: Snapshot, rules: AlertRules) -> list[Alert]:
    """All alerts of one enterprise, in the order of the rules."""
    return [alert for rule in rules.rules for alert in _CHECKS[rule.check](snapshot, rule)]


def _alert(s: Snapshot, rule: Rule, about: str, severity: str = "", **words: str) -> Alert:
    return Alert(rule, s.subject, about, severity or rule.severity, tuple(words.items()))


def _month_threshold(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    share = rule.parameters["share"].value
    for month, grams in s.months[-1:]:
        for bound in s.limits:
            if bound.kind == "permit" and bound.year == month.year and bound.amount:
                value = Fraction(grams * _YEAR, bound.amount)
                if value > share:
                    said = {"month": str(month), "emission": _t(grams), "threshold": _percent(share)}
                    yield _alert(s, rule, str(month), value=_percent(value), **said)


def _change(s: Snapshot, rule: Rule, back: int) -> Iterator[Alert]:
    most = rule.parameters["most"].value
    if len(s.months) <= back:
        return
    (month, grams), (_, before) = s.months[-1], s.months[-1 - back]
    if before == 0:
        return  # nothing to compare with
    value = Fraction(grams - before, before)
    if abs(value) > most:
        said = {"month": str(month), "emission": _t(grams), "before": _t(before), "threshold": _percent(most)}
        yield _alert(s, rule, str(month), value=("+" if value > 0 else "") + _percent(value), **said)


def _late(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    days = timedelta(days=int(rule.parameters["days"].value))
    for filing in s.filings:
        if filing.received is None and s.as_of >= filing.due + days:
            yield _alert(s, rule, str(filing.month), month=str(filing.month), due=filing.due.isoformat())


def _calibration(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    limit = int(rule.parameters["days"].value)
    for device in s.devices:
        left = (device.calibrated_until - s.as_of).days
        if left <= limit:
            words = {"device": device.id, "until": device.calibrated_until.isoformat(), "threshold": str(limit)}
            about = f"{device.id} {device.calibrated_until.isoformat()}"
            words |= {"left": f"{left} days left", "left_zh": f"剩余 {left} 天"}
            if left < 0:
                words |= {"left": f"ended {-left} days ago", "left_zh": f"已过期 {-left} 天"}
            yield _alert(s, rule, about, "critical" if left < 0 else "", **words)


def _permit(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    share = rule.parameters["share"].value
    if not s.months:
        return
    now = s.months[-1][0].year
    known = [grams for month, grams in s.months if month.year == now]
    for bound in s.limits:
        if bound.kind != "permit" or bound.year != now or not bound.amount:
            continue
        value = Fraction(sum(known), bound.amount)
        if value >= share:
            words = {"year": str(bound.year), "emission": _t(sum(known)), "limit": _t(bound.amount)}
            severity = "critical" if value > 1 else ""
            said = words | {"value": _percent(value), "threshold": _percent(share)}
            yield _alert(s, rule, str(bound.year), severity, **said)


def _shortfall(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    """By seasonal naive: an alert needs a number that anybody can follow in the head."""
    days = int(rule.parameters["days"].value)
    if len(s.months) <= _YEAR:
        return
    first = s.months[0][0]
    coming = s.months[-1][0].plus(1).year
    for bound in s.limits:
        if bound.year not in (coming, coming + 1) or first.number > bound.year * _YEAR:
            continue
        series = Document(
            subject=s.subject,
            first=first,
            values=tuple(grams for _, grams in s.months),
            method="seasonal-naive",
            origins=0,
            quotas=(Quota("$.limits", bound.year, bound.amount),),
        )
        with exactly():
            day = of(series).outlooks[0].day
        if day is not None and 0 <= (left := (day - s.as_of).days) <= days:
            yield _alert(
                s, rule, f"{bound.kind} {bound.year}", day=day.isoformat(), value=str(left), **_bound(bound, days)
            )


def _bound(bound: Bound, days: int) -> dict[str, str]:
    words = {"year": str(bound.year), "limit": _t(bound.amount), "threshold": str(days)}
    return words | {"kind": bound.kind, "kind_zh": _kind_zh(bound.kind)}


def _kind_zh(kind: Limit) -> str:
    match kind:
        case "quota":
            return "配额"
        case "permit":
            return "许可量"
        case _:
            assert_never(kind)


def _red(s: Snapshot, rule: Rule) -> Iterator[Alert]:
    for code in s.codes:
        if code.colour == "red":
            yield _alert(s, rule, code.period, period=code.period, reasons=", ".join(code.reasons) or "-")


_CHECKS: Final[dict[str, Callable[[Snapshot, Rule], Iterator[Alert]]]] = {
    "month-threshold": _month_threshold,
    "month-on-month": lambda s, rule: _change(s, rule, 1),
    "year-on-year": lambda s, rule: _change(s, rule, _YEAR),
    "late-evidence": _late,
    "calibration": _calibration,
    "permit": _permit,
    "shortfall": _shortfall,
    "red-code": _red,
}


def _t(grams: int) -> str:
    """Tonnes for people, grouped, to two decimals."""
    whole, _, rest = fixed(Fraction(grams, 10**6), SHOWN).partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest.strip("0") else "")


def _percent(value: Fraction) -> str:
    """A ratio for people: per cent, to two decimals where there are any."""
    shown = fixed(value * 100, SHOWN)
    return f"{shown.removesuffix('.' + '0' * SHOWN)} %"
