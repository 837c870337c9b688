"""Peer statistics: what the assessor publishes and signs for an industry and a period, so that nobody needs the peers.

Two programs must agree, so the definitions are fixed: a quantile lies at (n-1)p of the sorted values, with linear
interpolation; the median of an even number is the mean of the two in the middle; MAD is the median of the distances
from the median. The scale `ln` holds the same over natural logarithms rounded half-up to 6 decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.errors import Malformed

LEVELS: Final = ("4-digit", "3-digit", "2-digit", "all")
"""Levels of the industry classification GB/T 4754, finest first."""
LN_PLACES: Final = 6


def quantile(ordered: Sequence[Fraction], p: Fraction) -> Fraction:
    """The value at (n-1)p of sorted values, by linear interpolation; ValueError where there are none."""
    if not ordered:
        raise ValueError("a quantile of no values")
    at = (len(ordered) - 1) * p
    below = at.numerator // at.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def median(values: Sequence[Fraction]) -> Fraction:
    """The middle, or the mean of the two in the middle."""
    return quantile(sorted(values), Fraction(1, 2))


def mad(values: Sequence[Fraction]) -> Fraction:
    """Median absolute deviation from the median, without a factor."""
    middle = median(values)
    return median([abs(value - middle) for value in values])


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean, median, MAD and quartiles of values on one scale, exact."""

    mean: Fraction
    median: Fraction
    mad: Fraction
    q1: Fraction
    q3: Fraction

    @classmethod
    def of(cls, values: Sequence[Fraction]) -> Scale:
        """From the values themselves."""
        ordered = sorted(values)
        return cls(
            mean=sum(ordered, Fraction(0)) / len(ordered),
            median=median(ordered),
            mad=mad(ordered),
            q1=quantile(ordered, Fraction(1, 4)),
            q3=quantile(ordered, Fraction(3, 4)),
        )

    @classmethod
    def parse(cls, node: Node) -> Scale:
        """Strict inverse of `to_json`."""
        fields = node.fields(("mad", "mean", "median", "q1", "q3"))
        parsed = {name: fraction(item) for name, item in fields.items()}
        if parsed["mad"] < 0:
            raise fields["mad"].malformed("a negative deviation", "0 or more")
        if not parsed["q1"] <= parsed["median"] <= parsed["q3"]:
            raise node.malformed("quartiles out of order", "q1 <= median <= q3")
        return cls(**parsed)

    def to_json(self) -> dict[str, str]:
        """Each as numerator/denominator in lowest terms, or a whole number."""
        return {name: str(getattr(self, name)) for name in ("mad", "mean", "median", "q1", "q3")}


@dataclass(frozen=True, slots=True)
class PeerStatistics:
    """One statement: `n` enterprises of an industry in a quarter. `linear` in t per 10^4 CNY; sums in t, 10^4 CNY."""

    industry: str
    level: str
    year: int
    quarter: int
    n: int
    emission: Fraction
    value_added: Fraction
    linear: Scale
    ln: Scale

    @classmethod
    def of(
        cls, industry: str, level: str, period: tuple[int, int], peers: Sequence[tuple[Fraction, Fraction]]
    ) -> PeerStatistics:
        """From (emission t, value added 10^4 CNY) of each peer, both above zero; the order of the peers is nothing."""
        if not peers or any(emission <= 0 or value <= 0 for emission, value in peers):
            raise Malformed("peers", expected="emission and value added above 0 of at least one", found=len(peers))
        intensities = [emission / value for emission, value in peers]
        return cls(
            industry=industry,
            level=level,
            year=period[0],
            quarter=period[1],
            n=len(peers),
            emission=sum((emission for emission, _ in peers), Fraction(0)),
            value_added=sum((value for _, value in peers), Fraction(0)),
            linear=Scale.of(intensities),
            ln=Scale.of([rational.ln(intensity, LN_PLACES) for intensity in intensities]),
        )

    @classmethod
    def parse(cls, node: Node) -> PeerStatistics:
        """Strict inverse of `to_json`."""
        fields = node.fields(("industry", "level", "linear", "ln", "n", "period", "sums", "v"))
        fields["v"].integer(1, 1)
        period = fields["period"].fields(("quarter", "year"))
        sums = fields["sums"].fields(("emission", "value_added"))
        return cls(
            industry=fields["industry"].text(least=1, most=32),
            level=fields["level"].one_of(LEVELS),
            year=period["year"].integer(1990, 9999),
            quarter=period["quarter"].integer(1, 4),
            n=fields["n"].integer(1, 10_000_000),
            emission=_not_negative(sums["emission"]),
            value_added=_not_negative(sums["value_added"]),
            linear=Scale.parse(fields["linear"]),
            ln=Scale.parse(fields["ln"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The document as it is signed and published."""
        return {
            "industry": self.industry,
            "level": self.level,
            "linear": self.linear.to_json(),
            "ln": self.ln.to_json(),
            "n": self.n,
            "period": {"quarter": self.quarter, "year": self.year},
            "sums": {"emission": str(self.emission), "value_added": str(self.value_added)},
            "v": 1,
        }

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(jcs.encode(self.to_json())).digest()


FRACTION_PATTERN: Final = r"^-?(0|[1-9][0-9]{0,999})(/[1-9][0-9]{0,999})?$"


def fraction(node: Node) -> Fraction:
    """A whole number or numerator/denominator in lowest terms, as `str` of a fraction writes it."""
    written = node.text(least=1, most=2001)
    top, slash, below = written.partition("/")
    digits = top.removeprefix("-")
    if (
        digits.isascii()
        and digits.isdigit()
        and (not slash or (below.isascii() and below.isdigit() and below.strip("0")))
    ):
        value = Fraction(int(top), int(below) if slash else 1)
        if str(value) == written:
            return value
    raise node.malformed("not a fraction", 'a whole number or one in lowest terms, such as "17/20"')


def _not_negative(node: Node) -> Fraction:
    value = fraction(node)
    if value < 0:
        raise node.malformed("a negative sum", "0 or more")
    return value


def schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    number = {"type": "string", "pattern": FRACTION_PATTERN}
    scale = _object(dict.fromkeys(("mad", "mean", "median", "q1", "q3"), number))
    return _object(
        {
            "industry": {"type": "string", "minLength": 1, "maxLength": 32},
            "level": {"enum": list(LEVELS)},
            "linear": scale,
            "ln": scale,
            "n": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
            "period": _object(
                {
                    "quarter": {"type": "integer", "minimum": 1, "maximum": 4},
                    "year": {"type": "integer", "minimum": 1990, "maximum": 9999},
                }
            ),
            "sums": _object({"emission": number, "value_added": number}),
            "v": {"const": 1},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
