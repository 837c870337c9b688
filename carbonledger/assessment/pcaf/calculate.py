"""Financed emissions of a portfolio: attribution factor x emission, six lines that are never netted against each other.

A position without a line is unknown there, not zero: each line says which part of the money it covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.parameters import day
from carbonledger.assessment.pcaf.method import DENOMINATORS, AssetClass, Method
from carbonledger.assessment.rational import decimal, fixed, half_up, json_of, positive, signed
from carbonledger.assessment.sets import find

LINES: Final = ("scope1", "scope2", "scope3", "removals", "credits_retired", "credits_generated")
SCORE_PLACES: Final = 2
FIELDS: Final = ("as_of", "currency", "method", "positions")


@dataclass(frozen=True, slots=True)
class Position:
    """A position: money in the portfolio's currency; emissions of the borrower in g by line; scores 1 to 5."""

    id: str
    asset_class: AssetClass
    outstanding: Fraction
    denominator: Fraction
    emissions: dict[str, Fraction]
    score: Fraction
    scope3_score: Fraction | None
    evic_base: Fraction | None

    @property
    def attribution(self) -> Fraction:
        """Outstanding over the denominator."""
        return self.outstanding / self.denominator


@dataclass(frozen=True, slots=True)
class PcafResult:
    """The whole answer; `inflation` f, None without base values of EVIC."""

    method: Method
    as_of: str
    currency: str
    positions: tuple[Position, ...]
    inflation: Fraction | None
    base_footprint: Fraction | None
    warnings: tuple[tuple[str, str], ...]

    def line(self, name: str, positions: Sequence[Position] | None = None) -> Fraction:
        """Financed emission of a line, g, exact."""
        found = self.positions if positions is None else positions
        return sum((p.attribution * p.emissions[name] for p in found if name in p.emissions), Fraction(0))

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        classes = [c for c in self.method.classes.values() if any(p.asset_class is c for p in self.positions)]
        return {
            "as_of": self.as_of,
            "by_class": [
                {"class": c.key, "formula": c.formula, "title": {"en": c.title[0], "zh": c.title[1]}}
                | self._totals([p for p in self.positions if p.asset_class is c])
                for c in classes
            ],
            "currency": self.currency,
            "inflation": self._inflation(),
            "method": self.method.head.summary(self.method.id),
            "positions": [self._position(position) for position in self.positions],
            "total": self._totals(self.positions),
            "v": 1,
            "warnings": [{"code": code, "path": path} for code, path in self.warnings],
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())

    def _position(self, position: Position) -> dict[str, Any]:
        financed = {name: json_of(position.attribution * value) for name, value in position.emissions.items()}
        return {
            "attribution": json_of(position.attribution),
            "class": position.asset_class.key,
            "denominator": json_of(position.denominator),
            "financed": financed,
            "id": position.id,
            "outstanding": json_of(position.outstanding),
            "score": rational.text(position.score),
        }

    def _totals(self, positions: Sequence[Position]) -> dict[str, Any]:
        outstanding = sum((p.outstanding for p in positions), Fraction(0))
        lines = {}
        for name in LINES:
            covered = sum((p.outstanding for p in positions if name in p.emissions), Fraction(0))
            financed = [p.attribution * p.emissions[name] for p in positions if name in p.emissions]
            lines[name] = {
                "covered": None if outstanding == 0 else fixed(100 * covered / outstanding, 2) + " %",
                "unit": "g",
                "value": None if covered == 0 else str(rational.floor_sum(financed)),
            }
        return {
            "lines": lines,
            "outstanding": json_of(outstanding),
            "score": _weighted([(p.outstanding, p.score) for p in positions]),
            "scope3_score": _weighted([(p.outstanding, p.scope3_score) for p in positions if p.scope3_score]),
        }

    def _inflation(self) -> dict[str, Any] | None:
        if self.inflation is None:
            return None
        total = sum((p.outstanding for p in self.positions if p.evic_base is not None), Fraction(0))
        current = self.line("scope1") + self.line("scope2")
        base = self.base_footprint
        return {
            "base_adjusted": None if base is None else json_of(base * self.inflation),
            "current_adjusted": json_of(current / self.inflation),
            "factor": json_of(self.inflation),
            "formula": "f = Σ weight × EVIC base / EVIC current; base × f, current / f (scope 1 and 2, g)",
            "weighted_over": json_of(total),
        }


def calculate(raw: bytes | Node, methods: Sequence[Method]) -> PcafResult:
    """Financed emissions of a portfolio document under the method it names; errors carry the JSON path."""
    node = raw if isinstance(raw, Node) else inputs.parse(raw)
    fields = node.fields(FIELDS, ("base_footprint",))
    method = find(fields["method"], methods)
    as_of = day(fields["as_of"])
    if not method.head.holds(as_of):
        raise fields["as_of"].refused("the method does not hold on this day", f"from {method.head.valid_from}")
    items = fields["positions"].items(least=1)
    warnings: list[tuple[str, str]] = []
    positions = tuple(_position(item, method, warnings) for item in items)
    seen: set[str] = set()
    for item, position in zip(items, positions, strict=True):
        if position.id in seen:
            raise item.refused("a position comes twice", "each id once")
        seen.add(position.id)
    base = rational.quantity(fields["base_footprint"], rational.TONNES) if "base_footprint" in fields else None
    return PcafResult(
        method=method,
        as_of=as_of.isoformat(),
        currency=fields["currency"].text(least=3, most=3),
        positions=positions,
        inflation=_factor(positions),
        base_footprint=base,
        warnings=tuple(warnings),
    )


def _position(node: Node, method: Method, warnings: list[tuple[str, str]]) -> Position:
    fields = node.fields(
        ("class", "denominator", "emissions", "id", "outstanding"), ("evic_base", "option", "scope3_score", "score")
    )
    asset = method.classes[fields["class"].one_of(tuple(method.classes))]
    if ("option" in fields) == ("score" in fields):
        raise node.malformed("quality given twice, or not at all", "either `option` or `score`")
    if "option" in fields:
        if not asset.options:
            raise fields["option"].refused("no options are known for this class", "a `score` from 1 to 5")
        score = method.options[fields["option"].one_of(tuple(method.options))].value
    else:
        score = Fraction(fields["score"].integer(1, 5))
    kind, denominator = _denominator(fields["denominator"], asset)
    outstanding = decimal(fields["outstanding"])
    if outstanding > denominator:
        if kind != "value-at-origination":
            raise fields["outstanding"].refused("more than the whole", f"at most {rational.text(denominator)}")
        warnings.append(("attribution-above-one", node.path))
    emissions = {
        name: rational.quantity(item, rational.TONNES) for name, item in fields["emissions"].fields((), LINES).items()
    }
    if "evic_base" in fields and kind != "evic":
        raise fields["evic_base"].refused("a base EVIC of a position without EVIC", "an evic denominator")
    return Position(
        id=fields["id"].text(least=1, most=128),
        asset_class=asset,
        outstanding=outstanding,
        denominator=denominator,
        emissions={name: emissions[name] for name in LINES if name in emissions},
        score=score,
        scope3_score=Fraction(fields["scope3_score"].integer(1, 5)) if "scope3_score" in fields else None,
        evic_base=positive(fields["evic_base"]) if "evic_base" in fields else None,
    )


def _denominator(node: Node, asset: AssetClass) -> tuple[str, Fraction]:
    kind = node.members().get("kind", Node(None, inputs.member(node.path, "kind"))).one_of(asset.denominators)
    required, optional = DENOMINATORS[kind]
    fields = node.fields(("kind", *required), optional)
    # PCAF: a negative equity counts as zero
    amounts = [
        max(signed(item), Fraction(0)) if name == "equity" else decimal(item)
        for name, item in fields.items()
        if name != "kind"
    ]
    total = sum(amounts, Fraction(0))
    if total == 0:
        raise node.malformed("zero where something is divided by it", "amounts above 0")
    return kind, total


def _factor(positions: Sequence[Position]) -> Fraction | None:
    known = [(p.outstanding, p.evic_base / p.denominator) for p in positions if p.evic_base is not None]
    total = sum((money for money, _ in known), Fraction(0))
    return None if total == 0 else sum((money * ratio for money, ratio in known), Fraction(0)) / total


def _weighted(pairs: Sequence[tuple[Fraction, Fraction | None]]) -> dict[str, Any] | None:
    total = sum((money for money, _ in pairs), Fraction(0))
    if total == 0:
        return None
    value = sum((money * (score or 0) for money, score in pairs), Fraction(0)) / total
    return {"exact": json_of(value), "value": fixed(half_up(value, SCORE_PLACES), SCORE_PLACES)}
