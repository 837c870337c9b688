"""The outlook of an enterprise: what it holds, will owe and lacks, at what cost, and what would change that; pure.

Units in whole tonnes, money in fen, emissions in grams. What is not known is null, never zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.errors import Unknown
from carbonledger.quota import library
from carbonledger.quota.compliance import offset_cap, whole_tonnes
from carbonledger.quota.forecast import FORMULAS, MONTHS, Forecast, forecast
from carbonledger.quota.library import YearRules

SECTORS: Final = ("power", "industry")
MOST: Final = 2**40 - 1
"""Units of one lot that the ledger can hold; far above any enterprise."""
MOST_FEN: Final = 10**9
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota and since when it is known: entered by hand (planning), or issued on the chain."""

    tonnes: int
    at: str

    def to_json(self) -> dict[str, Any]:
        """As in a result."""
        return {"at": self.at, "tonnes": self.tonnes}


@dataclass(frozen=True, slots=True)
class Price:
    """A close in fen per tonne."""

    fen: int
    date: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """As in a result."""
        return {"date": self.date, "fen": self.fen, "source": self.source}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Steps that the enterprise may take: tonnes bought, offsets bought, grams not emitted in the rest of the year."""

    buy: int = 0
    offsets: int = 0
    abate: Fraction = Fraction(0)
    offset_price: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What an outlook is made of. `usable` are allowances of vintages that count, free to be surrendered or traded;
    `bound` are frozen, pledged, pending or at the province; `surrendered` counts what is pending for the year too."""

    as_of: date
    rules: YearRules
    sector: str
    emissions: tuple[Fraction, ...]
    previous: tuple[Fraction, ...] | None
    usable: int
    bound: int
    offsets: int
    surrendered: int
    surrendered_offsets: int = 0
    planning: Quota | None = None
    issued: Quota | None = None
    price: Price | None = None
    what_if: WhatIf | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """One reading of the year: `shortfall` is negative for a surplus."""

    emissions: Fraction
    obligation: int
    offsets_usable: int
    shortfall: int
    cost: int | None

    def to_json(self) -> dict[str, Any]:
        """As in a result."""
        return {
            "cost": _money(self.cost),
            "emissions": {"unit": "g", **rational.json_of(self.emissions)},
            "obligation": _tonnes(self.obligation),
            "offsets_usable": _tonnes(self.offsets_usable),
            "shortfall": _tonnes(max(0, self.shortfall)),
            "surplus": _tonnes(max(0, -self.shortfall)),
        }


@dataclass(frozen=True, slots=True)
class Outlook:
    """An outlook with all that it rests on."""

    facts: Facts
    forecast: Forecast | None
    expected: Balance | None
    low: Balance | None
    high: Balance | None
    changed: Balance | None

    def to_json(self) -> dict[str, Any]:
        """As a JSON value of the canonical domain."""
        facts = self.facts
        return {
            "as_of": facts.as_of.isoformat(),
            "calendar": calendar(facts.as_of, facts.sector),
            "emissions_to_date": {"months": len(facts.emissions), **_grams(sum(facts.emissions, Fraction(0)))},
            "forecast": self._forecast(),
            "holdings": {
                "bound": _tonnes(facts.bound),
                "offsets": _tonnes(facts.offsets),
                "surrendered": _tonnes(facts.surrendered),
                "usable": _tonnes(facts.usable),
            },
            "obligation_to_date": _tonnes(_rounded(sum(facts.emissions, Fraction(0)), facts.rules)),
            "position": {
                "expected": None if self.expected is None else self.expected.to_json(),
                "formula": {"en": _FORMULA[0], "zh": _FORMULA[1]},
                "high": None if self.high is None else self.high.to_json(),
                "low": None if self.low is None else self.low.to_json(),
            },
            "price": None if facts.price is None else facts.price.to_json(),
            "quota": {
                "in_force": None if in_force(facts) is None else ("issued" if facts.issued else "planning"),
                "issued": None if facts.issued is None else facts.issued.to_json(),
                "planning": None if facts.planning is None else facts.planning.to_json(),
                "to_come": _tonnes(to_come(facts)),
            },
            "rules": facts.rules.to_json(),
            "sector": facts.sector,
            "v": 1,
            "what_if": self._what_if(),
            "year": facts.rules.year,
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())

    def _forecast(self) -> dict[str, Any] | None:
        found = self.forecast
        if found is None:
            return None
        return {
            "formula": dict(zip(("en", "zh"), FORMULAS[found.method], strict=True)),
            "high": None if found.high is None else _grams(found.high),
            "interval": {"en": _INTERVAL[0], "zh": _INTERVAL[1]},
            "low": None if found.low is None else _grams(found.low),
            "method": found.method,
            "value": _grams(found.value),
        }

    def _what_if(self) -> dict[str, Any] | None:
        asked, price = self.facts.what_if, self.facts.price
        if asked is None:
            return None
        bought = None if price is None else asked.buy * price.fen
        offsets = None if asked.offset_price is None else asked.offsets * asked.offset_price
        return {
            "abate": _grams(asked.abate),
            "buy": _tonnes(asked.buy),
            "cost_of_buying": _money(bought),
            "cost_of_offsets": _money(offsets if asked.offsets else 0),
            "offsets": _tonnes(asked.offsets),
            "position": None if self.changed is None else self.changed.to_json(),
        }


_FORMULA: Final = (
    "obligation - surrendered - usable allowances - quota to come - offsets up to their cap",
    "应清缴量 - 已清缴 - 可用配额 - 待发配额 - 上限内的CCER",
)
_INTERVAL: Final = (
    "not a probability: the rest of the year like the lowest and the highest month so far",
    "并非概率区间:剩余月份分别按已知最低月与最高月推算",
)


def outlook(document: bytes | Node, years: dict[int, YearRules] | None = None) -> Outlook:
    """The outlook of a document (docs/quota.md). MalformedInput and RefusedInput name the place; Unknown a year whose
    rules are not known here."""
    node = document if isinstance(document, Node) else inputs.parse(document)
    return of(parse(node, library.years() if years is None else years))


def of(facts: Facts) -> Outlook:
    """The outlook of facts that were parsed."""
    found = forecast(facts.emissions, facts.previous)
    if found is None:
        return Outlook(facts, None, None, None, None, None)
    low = None if found.low is None else balance(facts, found.low)
    high = None if found.high is None else balance(facts, found.high)
    changed = None
    if (asked := facts.what_if) is not None:
        changed = balance(facts, found.value - asked.abate, bought=asked.buy, offsets=asked.offsets)
    return Outlook(facts, found, balance(facts, found.value), low, high, changed)


def balance(facts: Facts, emissions: Fraction, *, bought: int = 0, offsets: int = 0) -> Balance:
    """What is lacking if the year's emissions are these."""
    obligation = _rounded(emissions, facts.rules)
    cap = max(0, offset_cap(obligation, facts.rules.offset_ppm) - facts.surrendered_offsets)
    usable = min(facts.offsets + offsets, cap)
    shortfall = obligation - facts.surrendered - facts.usable - bought - to_come(facts) - usable
    # offsets count only as far as they are needed: what allowances alone leave over is not made larger by them
    if shortfall < 0:
        usable = max(0, usable + shortfall)
        shortfall = obligation - facts.surrendered - facts.usable - bought - to_come(facts) - usable
    cost = None if facts.price is None else max(0, shortfall) * facts.price.fen
    return Balance(emissions, obligation, usable, shortfall, cost)


def in_force(facts: Facts) -> Quota | None:
    """The issued quota, and before it is issued the planned one."""
    return facts.issued or facts.planning


def to_come(facts: Facts) -> int:
    """Tonnes of the planned quota that are not issued yet; an issued one is among the holdings."""
    return facts.planning.tonnes if facts.planning is not None and facts.issued is None else 0


def calendar(as_of: date, sector: str) -> list[dict[str, Any]]:
    """The days from `as_of` on that concern the sector, with the days left."""
    return [
        {
            "date": entry.date.isoformat(),
            "days": (entry.date - as_of).days,
            "evidence": entry.evidence,
            "id": entry.id,
            "source": entry.source,
            "title": {"en": entry.title[0], "zh": entry.title[1]},
            "year": entry.year,
        }
        for entry in library.calendar()
        if entry.date >= as_of and entry.who in ("all", sector)
    ]


def parse(node: Node, years: dict[int, YearRules]) -> Facts:
    """The facts of a document."""
    required = ("as_of", "year", "emissions", "holdings")
    optional = ("sector", "previous_year", "surrendered", "surrendered_offsets", "quota", "price", "what_if")
    fields = node.fields(required, optional)
    year = fields["year"].integer(2019, 9999)
    if year not in years:
        raise Unknown(f"rules of the year {year}", expected=", ".join(map(str, sorted(years))), found=year)
    held = fields["holdings"].fields(("usable",), ("bound", "offsets"))
    quota = fields["quota"].fields((), ("planning", "issued")) if "quota" in fields else {}
    previous = None
    if "previous_year" in fields:
        previous = _months(fields["previous_year"].items(least=MONTHS, most=MONTHS))
    emissions = _months(fields["emissions"].items(most=MONTHS))
    facts = Facts(
        as_of=_date(fields["as_of"]),
        rules=years[year],
        sector=fields["sector"].one_of(SECTORS) if "sector" in fields else "industry",
        emissions=emissions,
        previous=previous,
        usable=held["usable"].integer(0, MOST),
        bound=held["bound"].integer(0, MOST) if "bound" in held else 0,
        offsets=held["offsets"].integer(0, MOST) if "offsets" in held else 0,
        surrendered=fields["surrendered"].integer(0, MOST) if "surrendered" in fields else 0,
        surrendered_offsets=fields["surrendered_offsets"].integer(0, MOST) if "surrendered_offsets" in fields else 0,
        planning=_quota(quota.get("planning")),
        issued=_quota(quota.get("issued")),
        price=_price(fields.get("price")),
        what_if=_what_if(fields["what_if"], emissions, previous) if "what_if" in fields else None,
    )
    if facts.surrendered_offsets > facts.surrendered:
        raise fields["surrendered_offsets"].refused(
            "more offsets than units surrendered", f"at most {facts.surrendered}"
        )
    return facts


def _what_if(node: Node, emissions: Sequence[Fraction], previous: Sequence[Fraction] | None) -> WhatIf:
    fields = node.fields((), ("buy", "offsets", "offset_price", "abate"))
    asked = WhatIf(
        fields["buy"].integer(0, MOST) if "buy" in fields else 0,
        fields["offsets"].integer(0, MOST) if "offsets" in fields else 0,
        rational.quantity(fields["abate"], rational.TONNES) if "abate" in fields else Fraction(0),
        fields["offset_price"].integer(0, MOST_FEN) if "offset_price" in fields else None,
    )
    found = forecast(emissions, previous)
    if found is not None and asked.abate > found.rest:
        raise fields["abate"].refused(
            "more is abated than the rest of the year emits", f"at most {rational.text(found.rest)} g"
        )
    return asked


def _months(items: list[Node]) -> tuple[Fraction, ...]:
    return tuple(rational.quantity(item, rational.TONNES) for item in items)


def _quota(node: Node | None) -> Quota | None:
    if node is None:
        return None
    fields = node.fields(("tonnes", "at"))
    return Quota(fields["tonnes"].integer(0, MOST), _date(fields["at"]).isoformat())


def _price(node: Node | None) -> Price | None:
    if node is None or node.value is None:
        return None
    fields = node.fields(("fen", "date"), ("source",))
    source = fields["source"].text(most=200) if "source" in fields else ""
    return Price(fields["fen"].integer(1, MOST_FEN), _date(fields["date"]).isoformat(), source)


def _date(node: Node) -> date:
    text = node.text(least=10, most=10)
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise node.malformed("not a date", "YYYY-MM-DD") from error
    if found.isoformat() != text:
        raise node.malformed("not a date", "YYYY-MM-DD")
    return found


def _rounded(grams: Fraction, rules: YearRules) -> int:
    # a forecast may end in a part of a gram: it is cut before the law's rounding to tonnes
    return whole_tonnes(int(grams), rules.rounding)


def _tonnes(amount: int) -> dict[str, str]:
    return {"unit": "t", "value": str(amount)}


def _grams(amount: Fraction) -> dict[str, str]:
    return {"unit": "g", "value": str(int(amount))}


def _money(fen: int | None) -> dict[str, str] | None:
    return None if fen is None else {"unit": "fen", "value": str(fen)}
