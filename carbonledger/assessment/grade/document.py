"""The grade document: what a scheme's method is given, parsed once. Emissions in t, money in 10^4 CNY, exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.rational import decimal, positive, signed
from carbonledger.assessment.statistics import LEVELS

MONEY: Final[dict[str, int]] = {"CNY": 1, "10^4CNY": 10_000, "10^8CNY": 100_000_000}
CODES: Final = ("green", "red", "grey")
NOT_RATED: Final = "not-rated"
DIMENSIONS: Final = ("product", "value-added", "tax")
BOARDS: Final = ("total", "per-mu", "per-value-added")
COMMON: Final = ("inputs", "period", "scheme", "subject")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is graded, and for which quarter (the four quarters that end with it)."""

    kind: str
    id: str
    year: int
    quarter: int

    @property
    def last_month(self) -> int:
        """Months from year 0."""
        return 12 * self.year + 3 * self.quarter - 1


@dataclass(frozen=True, slots=True)
class Group:
    """Peers at one level of the industry classification: how many, their emission and value added."""

    path: str
    level: str
    industry: str
    n: int
    emission: Fraction
    value_added: Fraction


@dataclass(frozen=True, slots=True)
class Product:
    """Intensity per unit of product, its benchmark, and the same intensity a year before."""

    intensity: Fraction
    benchmark: Fraction
    before: Fraction | None


@dataclass(frozen=True, slots=True)
class Before:
    """Last quarter: the grade that held, and the grade that score and caps reached."""

    grade: str
    reached: str


@dataclass(frozen=True, slots=True)
class Score:
    """Inputs of a weighted score; None is unknown. `months`: the emission by month, some of which may be missing."""

    emission: Fraction | None
    months: dict[int, Fraction] | None
    value_added: Fraction | None
    peers: tuple[Group, ...]
    product: Product | None
    intensity_before: Fraction | None
    share: Fraction | None
    quality: Fraction
    neutral: Fraction | None
    code: str
    veto: bool
    before: Before | None


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Inputs of the carbon-efficiency code: deductions in t."""

    emission: Fraction
    own_renewable: Fraction
    sinks: Fraction
    offsets: Fraction
    value_added: Fraction
    peers: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Intensity in one dimension against the industry's mean, or against three limit values of a standard."""

    path: str
    name: str
    intensity: Fraction
    mean: Fraction | None
    limits: tuple[Fraction, Fraction, Fraction] | None


@dataclass(frozen=True, slots=True)
class Place:
    """A value against the published percentiles of the district's peers."""

    path: str
    name: str
    value: Fraction
    n: int
    low: Fraction
    high: Fraction


def subject(fields: dict[str, Node]) -> Subject:
    """From `subject` and `period`."""
    named = fields["subject"].fields(("id", "kind"))
    period = fields["period"].fields(("quarter", "year"))
    identifier = named["id"].text(least=1, most=128)
    if not identifier.isprintable():
        raise named["id"].malformed("control characters", "printable text")
    return Subject(
        named["kind"].one_of(("enterprise", "project")),
        identifier,
        period["year"].integer(1991, 8998),
        period["quarter"].integer(1, 4),
    )


def score(node: Node, last_month: int, grades: tuple[str, ...]) -> Score:
    """Inputs of a weighted score."""
    optional = (
        *("before", "emission", "green_share", "intensity_before", "months", "neutral_rate"),
        *("peers", "product", "value_added"),
    )
    fields = node.fields(("code", "data_quality", "veto"), optional)
    if ("emission" in fields) == ("months" in fields):
        raise node.malformed("emission given twice, or not at all", "either `emission` or `months`")
    one = Fraction(1)
    quality = decimal(fields["data_quality"], most=Fraction(5))
    if quality < 1:
        raise fields["data_quality"].malformed("a score below the scale", "1 to 5")
    value_added = rational.quantity(fields["value_added"], MONEY, negative=True) if "value_added" in fields else None
    return Score(
        emission=_tonnes(fields["emission"]) if "emission" in fields else None,
        months=_months(fields["months"], last_month) if "months" in fields else None,
        value_added=None if value_added is None else value_added / 10_000,
        peers=_peers(fields["peers"]) if "peers" in fields else (),
        product=_product(fields["product"]) if "product" in fields else None,
        intensity_before=positive(fields["intensity_before"]) if "intensity_before" in fields else None,
        share=decimal(fields["green_share"], most=one) if "green_share" in fields else None,
        quality=quality,
        neutral=decimal(fields["neutral_rate"]) if "neutral_rate" in fields else None,
        code=fields["code"].one_of(CODES),
        veto=fields["veto"].one_of(("yes", "no")) == "yes",
        before=_before(fields["before"], grades) if "before" in fields else None,
    )


def efficiency(node: Node) -> Efficiency:
    """Inputs of the carbon-efficiency code."""
    fields = node.fields(("emission", "peers", "value_added"), ("offsets", "own_renewable", "sinks"))

    def tonnes(name: str) -> Fraction:
        return _tonnes(fields[name]) if name in fields else Fraction(0)

    value_added = rational.quantity(fields["value_added"], MONEY)
    if value_added == 0:
        raise fields["value_added"].malformed("zero where something is divided by it", "a value added above 0")
    found = Efficiency(
        emission=tonnes("emission"),
        own_renewable=tonnes("own_renewable"),
        sinks=tonnes("sinks"),
        offsets=tonnes("offsets"),
        value_added=value_added / 10_000,
        peers=_peers(fields["peers"]),
    )
    if found.own_renewable + found.sinks > found.emission:
        raise node.refused("deductions above the emission", "own_renewable + sinks at most the emission")
    return found


def dimensions(node: Node) -> tuple[Dimension, ...]:
    """Inputs of the colours."""
    found = []
    for item in node.fields(("dimensions",))["dimensions"].items(least=1, most=len(DIMENSIONS)):
        fields = item.fields(("intensity", "name"), ("limits", "mean"))
        if "limits" not in fields and "mean" not in fields:
            raise item.malformed("nothing to compare with", "`mean`, or `limits` of a standard")
        limits = None
        if "limits" in fields:
            row = fields["limits"].fields(("access", "advanced", "limit"))
            limits = (decimal(row["advanced"]), decimal(row["access"]), decimal(row["limit"]))
            if not limits[0] <= limits[1] <= limits[2]:
                raise fields["limits"].malformed("limits out of order", "advanced <= access <= limit")
        mean = positive(fields["mean"]) if "mean" in fields else None
        name = fields["name"].one_of(DIMENSIONS)
        found.append(Dimension(item.path, name, decimal(fields["intensity"]), mean, limits))
    _once(node, [dimension.name for dimension in found])
    return tuple(sorted(found, key=lambda dimension: DIMENSIONS.index(dimension.name)))


def places(node: Node) -> tuple[Place, ...]:
    """Inputs of the board."""
    found = []
    for item in node.fields(("boards",))["boards"].items(least=1, most=len(BOARDS)):
        fields = item.fields(("high", "low", "n", "name", "value"))
        low, high = signed(fields["low"]), signed(fields["high"])
        if low > high:
            raise fields["high"].malformed("percentiles out of order", "low <= high")
        name, n = fields["name"].one_of(BOARDS), fields["n"].integer(0, 10_000_000)
        found.append(Place(item.path, name, decimal(fields["value"]), n, low, high))
    _once(node, [place.name for place in found])
    return tuple(sorted(found, key=lambda place: BOARDS.index(place.name)))


def _once(node: Node, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise node.malformed("a dimension comes twice", "each once")


def _tonnes(node: Node) -> Fraction:
    return rational.quantity(node, rational.TONNES) / 10**6


def _months(node: Node, last_month: int) -> dict[int, Fraction]:
    found: dict[int, Fraction] = {}
    for item in node.items(most=12):
        fields = item.fields(("emission", "month"))
        written = fields["month"].text(most=7)
        month = next(
            (m for m in range(last_month - 11, last_month + 1) if f"{m // 12}-{m % 12 + 1:02d}" == written), None
        )
        if month is None or month in found:
            last = f"{last_month // 12}-{last_month % 12 + 1:02d}"
            raise fields["month"].malformed(
                "not a month of the period", f"each once of the twelve that end with {last}"
            )
        found[month] = _tonnes(fields["emission"])
    return found


def _peers(node: Node) -> tuple[Group, ...]:
    found = []
    for item in node.items(most=len(LEVELS)):
        fields = item.fields(("emission", "industry", "level", "n", "value_added"))
        found.append(
            Group(
                item.path,
                fields["level"].one_of(LEVELS),
                fields["industry"].text(least=1, most=32),
                fields["n"].integer(0, 10_000_000),
                positive(fields["emission"]),
                positive(fields["value_added"]),
            )
        )
    if len({group.level for group in found}) != len(found):
        raise node.malformed("a level comes twice", "each level once")
    return tuple(sorted(found, key=lambda group: LEVELS.index(group.level)))


def _product(node: Node) -> Product:
    fields = node.fields(("benchmark", "intensity"), ("before",))
    before = positive(fields["before"]) if "before" in fields else None
    return Product(decimal(fields["intensity"]), positive(fields["benchmark"]), before)


def _before(node: Node, grades: tuple[str, ...]) -> Before:
    fields = node.fields(("grade", "reached"))
    allowed = (*grades, NOT_RATED)
    return Before(fields["grade"].one_of(allowed), fields["reached"].one_of(allowed))
