"""What was computed: one plant, its parts, and a footprint per product; as JSON of the canonical domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from carbonledger import jcs
from carbonledger.accounting import exact
from carbonledger.product.document import COMPONENTS, Document, Input, Part, Product
from carbonledger.product.plant import Plant


@dataclass(frozen=True, slots=True)
class PartDivided:
    """A part and its exact grams: in the plant's total, and apart from it."""

    part: Part
    counted: Fraction
    apart: Fraction


@dataclass(frozen=True, slots=True)
class Bought:
    """What a product takes of an input: kgCO2e by component, and their sum without uptake."""

    input: Input
    share: Fraction
    components: Mapping[str, Fraction]
    excluding: Fraction
    primary_share: Fraction
    quality: Mapping[str, Fraction] | None


@dataclass(frozen=True, slots=True)
class ProductFootprint:
    """One product. `grams` of the plant's are its; `components` and `excluding` are exact kgCO2e per declared unit.

    `per_unit` is the same as printed, in 10^-decimals; `biogenic_apart` kg per declared unit that the statement tells
    apart; `primary_share` and `assessed` in per cent, None where nothing was emitted; `quality` None unless all was
    rated.
    """

    product: Product
    grams: int
    share: Fraction
    bought: tuple[Bought, ...]
    components: Mapping[str, Fraction]
    per_unit: Mapping[str, int]
    excluding: Fraction
    biogenic_apart: Fraction
    primary_share: Fraction | None
    assessed: Fraction | None
    quality: Mapping[str, Fraction] | None


@dataclass(frozen=True, slots=True)
class Footprint:
    """The footprints of a plant's products; `digest` is the SHA-256 of the document's canonical JSON."""

    digest: bytes
    document: Document
    plant: Plant
    parts: tuple[PartDivided, ...]
    products: tuple[ProductFootprint, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        read = self.document
        return {
            "decimals": read.decimals,
            "digest": self.digest.hex(),
            "parts": [_part(divided) for divided in self.parts],
            "period": {
                "first_month": read.period.first_month,
                "last_month": read.period.last_month,
                "year": read.period.year,
            },
            "plant": {
                "emission": {"unit": "g", "value": str(self.plant.emission)},
                "report": read.report.hex() if read.report else "",
                "rule_set": {"id": self.plant.rule_set.id.hex(), "key": self.plant.rule_set.key},
            },
            "products": [_product(found, read.decimals) for found in self.products],
            "v": 1,
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


def decimal(value: int, decimals: int) -> str:
    """A whole number of 10^-decimals as a decimal string."""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return f"-{text}" if value < 0 else text


def percent(value: Fraction) -> str:
    """Two decimals, half up; from 0."""
    return decimal(exact.divide(value.numerator * 100, value.denominator, "half-up"), 2)


def _part(divided: PartDivided) -> dict[str, Any]:
    part = divided.part
    return {
        "biogenic_apart": _fraction(divided.apart),
        "emission": _fraction(divided.counted),
        "key": part.key,
        "part": part.name,
        "reason": part.reason,
        "shares": {name: _fraction(share) for name, share in part.shares.items()},
    }


def _product(found: ProductFootprint, decimals: int) -> dict[str, Any]:
    product = found.product
    return {
        "assessed_percent": None if found.assessed is None else percent(found.assessed),
        "biogenic_apart": _fraction(found.biogenic_apart),
        "bought": [
            {
                "emission": _fraction(item.excluding),
                "input": item.input.name,
                "share": _fraction(item.share),
                "source": item.input.source,
                "uptake": _fraction(item.components["uptake"]),
            }
            for item in found.bought
        ],
        "components": {name: decimal(found.per_unit[name], decimals) for name in (*COMPONENTS, "uptake")},
        "declared_unit": {"amount": product.declared_amount, "unit": product.declared_unit},
        "emission_of_plant": {"unit": "g", "value": str(found.grams)},
        "exact": _fraction(found.excluding),
        "excluding_biogenic_uptake": decimal(found.per_unit["excluding"], decimals),
        "including_biogenic_uptake": decimal(found.per_unit["including"], decimals),
        "primary_data_percent": None if found.primary_share is None else percent(found.primary_share),
        "product": product.name,
        "quality": None if found.quality is None else {name: percent(value) for name, value in found.quality.items()},
        "unit": "kgCO2e per declared unit",
        "units": _fraction(product.units),
    }


def _fraction(value: Fraction) -> dict[str, str]:
    return {"denominator": str(value.denominator), "numerator": str(value.numerator)}
