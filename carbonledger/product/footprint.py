"""The computation: physical sub-division first, then each part by its key, then what was bought, then the unit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from carbonledger import jcs
from carbonledger.accounting import exact, inputs, units
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import Node, RefusedInput
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.product import document as documents
from carbonledger.product import plant as plants
from carbonledger.product.apportion import apportion
from carbonledger.product.document import COMPONENTS, RATINGS, Document, Input, LineTaken, Part, Product
from carbonledger.product.plant import Plant, PlantLine
from carbonledger.product.result import Bought, Footprint, PartDivided, ProductFootprint

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Exact grams of a part: in the total, apart from it, and of the total what is primary data."""

    counted: Fraction
    apart: Fraction
    primary: Fraction


def footprint(document: bytes | Node, rules: Sequence[RuleSet], factors: Factors) -> Footprint:
    """Compute a footprint document (its JSON bytes, or the parsed node); errors carry the JSON path."""
    node = document if isinstance(document, Node) else inputs.parse(document)
    read = documents.parse(node)
    plant = plants.read(read.plant, rules, factors)
    plants.refuse_another_year(plant, read.period.year, read.plant)
    cuts = _cut(plant, read.parts, node)
    names = [product.name for product in read.products]
    whole = {name: _divided(read.parts, cuts, name) for name in names}
    grams = dict(zip(names, _to_the_gram(plant, [whole[name].counted for name in names]), strict=True))
    return Footprint(
        digest=sha256(canonical(node.value)).digest(),
        document=read,
        plant=plant,
        parts=tuple(
            PartDivided(part, cut.counted, cut.apart) for part, cut in zip(read.parts, cuts.values(), strict=True)
        ),
        products=tuple(
            _of_product(read, product, grams[product.name], whole[product.name]) for product in read.products
        ),
    )


def canonical(value: Any) -> bytes:
    """Canonical JSON of a document as the strict reader gave it."""
    return jcs.encode(json.loads(json.dumps(value)))


def _cut(plant: Plant, parts: Sequence[Part], node: Node) -> dict[str, _Cut]:
    """Divide the plant's lines among the parts: every line goes somewhere, and goes there once."""
    left = {(line.code, line.item): (line, Fraction(1)) for line in plant.lines}
    found: dict[str, _Cut] = {}
    for part in sorted(parts, key=lambda part: part.lines is None):  # the rest comes last
        if part.lines is None:
            taken = [pair for pair in left.values() if pair[1] > 0]
            left = {}
        else:
            taken = [_take(left, line) for line in part.lines]
        found[part.name] = _sum(taken)
        if found[part.name].counted < 0:
            raise RefusedInput(
                part.path,
                "a part that emits less than nothing",
                expected="exported energy in the part that makes it, or as a product of its own",
                found=exact.text(found[part.name].counted) + " g",
            )
    forgotten = [line for line, share in left.values() if share > 0]
    if forgotten:
        raise RefusedInput(
            f"{node.path}.parts",
            "a line that no part takes",
            expected='every line in a part; one part may take "rest"',
            found=f"{forgotten[0].code} {forgotten[0].item!r}",
        )
    return {part.name: found[part.name] for part in parts}


def _take(left: dict[tuple[str, str], tuple[PlantLine, Fraction]], wanted: LineTaken) -> tuple[PlantLine, Fraction]:
    key = (wanted.code, wanted.item)
    if key not in left:
        lines = ", ".join(f"{code} {item!r}" if item else code for code, item in left)
        raise RefusedInput(
            wanted.path, "not a line of the plant", expected=f"one of {lines}", found=f"{wanted.code} {wanted.item!r}"
        )
    line, share = left[key]
    taken = share
    if wanted.quantity is not None:
        amount = units.quantity(wanted.quantity, line.quantity.unit)
        taken = Fraction(amount.value, line.quantity.value) if line.quantity.value else _ZERO
    if taken > share or share == 0:
        raise RefusedInput(
            wanted.path,
            "more of a line than is left of it",
            expected=f"at most {exact.text(share * line.quantity.value)} {line.quantity.unit}",
            found=f"{exact.text(taken * line.quantity.value)} {line.quantity.unit}" if share else "taken already",
        )
    left[key] = (line, share - taken)
    return line, taken


def _sum(taken: Iterable[tuple[PlantLine, Fraction]]) -> _Cut:
    counted = apart = primary = _ZERO
    for line, share in taken:
        if line.apart:
            apart += share * abs(line.grams)
            continue
        counted += share * line.grams
        primary += share * line.grams if line.primary else _ZERO
    return _Cut(counted, apart, primary)


def _divided(parts: Sequence[Part], cuts: Mapping[str, _Cut], product: str) -> _Cut:
    counted = apart = primary = _ZERO
    for part in parts:
        share, cut = part.shares.get(product, _ZERO), cuts[part.name]
        counted, apart, primary = (
            counted + share * cut.counted,
            apart + share * cut.apart,
            primary + share * cut.primary,
        )
    return _Cut(counted, apart, primary)


def _to_the_gram(plant: Plant, shares: Sequence[Fraction]) -> list[int]:
    """The statement's emission, which was rounded, in proportion to the exact shares."""
    total = sum(shares, _ZERO)
    scale = plant.emission / total if total else Fraction(1)
    return apportion(plant.emission, [scale * share for share in shares])


def _of_product(read: Document, product: Product, grams: int, cut: _Cut) -> ProductFootprint:
    bought = [_bought(item, item.to[product.name]) for item in read.inputs if item.to.get(product.name)]
    plant_kg = Fraction(grams, 1000)
    scale = plant_kg / cut.counted if cut.counted else _ZERO
    total = {name: sum((item.components[name] for item in bought), _ZERO) for name in (*COMPONENTS, "uptake")}
    total["fossil"] += plant_kg
    excluding = sum((total[name] for name in COMPONENTS), _ZERO)
    # removals make a figure smaller, and no share of it: data are weighed by what they say, whatever its sign
    weights = [(plant_kg, read.plant_quality), *((abs(item.excluding), item.quality) for item in bought)]
    weighed = sum((weight for weight, _ in weights), _ZERO)
    primary = cut.primary * scale + sum((abs(item.excluding) * item.primary_share for item in bought), _ZERO)
    return ProductFootprint(
        product=product,
        grams=grams,
        share=cut.counted,
        bought=tuple(bought),
        components={name: value / product.units for name, value in total.items()},
        per_unit=_per_unit(total, product.units, read.decimals),
        excluding=excluding / product.units,
        biogenic_apart=cut.apart / 1000 / product.units,
        primary_share=100 * primary / weighed if weighed else None,
        assessed=100 * sum((w for w, quality in weights if quality is not None), _ZERO) / weighed if weighed else None,
        quality=_quality(weights, weighed),
    )


def _bought(item: Input, share: Fraction) -> Bought:
    components = {name: value * share for name, value in item.components.items()}
    excluding = sum((components[name] for name in COMPONENTS), _ZERO)
    return Bought(item, share, components, excluding, item.primary_share, item.quality)


def _per_unit(total: Mapping[str, Fraction], number: Fraction, decimals: int) -> dict[str, int]:
    """kgCO2e per declared unit in 10^-decimals: the components as printed make up the total as printed."""
    exactly = [total[name] / number * 10**decimals for name in COMPONENTS]
    excluding = _half_up(sum(exactly, _ZERO))
    found = dict(zip(COMPONENTS, apportion(excluding, exactly), strict=True))
    uptake = _half_up(total["uptake"] / number * 10**decimals)
    return found | {"uptake": uptake, "excluding": excluding, "including": excluding + uptake}


def _half_up(value: Fraction) -> int:
    """To the next whole number, a half away from zero."""
    whole = exact.divide(abs(value).numerator, value.denominator, "half-up")
    return whole if value >= 0 else -whole


def _quality(
    weights: Sequence[tuple[Fraction, Mapping[str, Fraction] | None]], weighed: Fraction
) -> dict[str, Fraction] | None:
    """The weighted mean of each rating; None unless all that counts was rated."""
    rated = [(weight, quality) for weight, quality in weights if weight]
    if not rated or any(quality is None for _, quality in rated):
        return None
    return {
        name: sum((weight * quality[name] for weight, quality in rated if quality is not None), _ZERO) / weighed
        for name in RATINGS
    }
