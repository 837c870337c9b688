"""The footprint document (docs/product.md), parsed: names resolved, units converted, nothing computed yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting import exact
from carbonledger.accounting.inputs import Node, RefusedInput
from carbonledger.accounting.units import QUANTITY_UNITS
from carbonledger.errors import Malformed
from carbonledger.identifiers import check_credit_code
from carbonledger.product import units
from carbonledger.product.units import Amount

KEYS: Final = ("mass", "energy", "value", "shares")
SOURCES: Final = ("supplier", "secondary")
MAX_DECIMALS: Final = 12
COMPONENTS: Final = ("fossil", "land_use_change", "land_management", "removals", "biogenic_non_co2")
"""What sums to the footprint without biogenic uptake (PACT 3.0, `pcfExcludingBiogenicUptake`)."""
NEGATIVE: Final = ("removals", "uptake")
RATINGS: Final = ("technological", "geographical", "temporal")
STANDARDS: Final = ("ISO14067", "ISO14083", "ISO14040-44", "GHGP-Product", "PEF", "PACT-1.0", "PACT-2.0", "PACT-3.0")
COVERAGES: Final = ("PCF calculation model", "PCF program", "product level")
REGIONS: Final = (
    *("Africa", "Americas", "Asia", "Europe", "Oceania", "Australia and New Zealand", "Central Asia", "Eastern Asia"),
    *("Eastern Europe", "Latin America and the Caribbean", "Melanesia", "Micronesia", "Northern Africa"),
    *("Northern America", "Northern Europe", "Polynesia", "South-eastern Asia", "Southern Asia", "Southern Europe"),
    *("Sub-Saharan Africa", "Western Asia", "Western Europe"),
)
PATTERNS: Final = {
    "name": r"^[a-z0-9]+(-[a-z0-9]+)*$",
    "urn": r"^[uU][rR][nN]:[!-~]+$",
    "country": r"^[A-Z]{2}$",
    "subdivision": r"^[A-Z]{2}-[A-Z0-9]{1,3}$",
    "assessment": r"^AR[1-9][0-9]?$",
    "uuid": r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "id": r"^[0-9a-f]{64}$",
    "credit_code": r"^[0-9A-Z]{18}$",
    "time": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
}
_COMPILED: Final = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
REQUIRED: Final = (
    *("boundary", "characterization", "company", "decimals", "exempted", "geography", "inputs", "parts"),
    *("period", "plant", "products", "standards"),
)


@dataclass(frozen=True, slots=True)
class Company:
    """Whose product it is."""

    credit_code: str
    name: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """Months of a year, inclusive, at UTC+08:00."""

    year: int
    first_month: int
    last_month: int

    @property
    def whole(self) -> bool:
        """Whether it is the reporting year."""
        return (self.first_month, self.last_month) == (1, 12)


@dataclass(frozen=True, slots=True)
class Product:
    """One product. `units` declared units were made; masses in kg, energy in MJ; carbon in kg per declared unit.

    `energy` and `value` are of the whole output, None where they are not known.
    """

    path: str
    name: str
    trade_name: str
    description: str
    ids: tuple[str, ...]
    classifications: tuple[str, ...]
    declared_unit: str
    declared_amount: str
    units: Fraction
    mass_per_unit: Fraction
    energy: Fraction | None
    value: Fraction | None
    fossil_carbon: Fraction
    biogenic_carbon: Fraction | None

    def weight(self, key: str) -> Fraction | None:
        """What it weighs under a key of allocation; None where that is not known."""
        match key:
            case "mass":
                return self.units * self.mass_per_unit or None
            case "energy":
                return self.energy
            case _:
                return self.value


@dataclass(frozen=True, slots=True)
class LineTaken:
    """A line of the statement, or a sub-metered quantity of it (`quantity` as unit and decimal string)."""

    path: str
    code: str
    item: str
    quantity: Node | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the plant (physical sub-division): which lines it takes, and how they are divided.

    `lines` None: all that the other parts leave. `shares` sum to 1, by product.
    """

    path: str
    name: str
    lines: tuple[LineTaken, ...] | None
    key: str
    shares: Mapping[str, Fraction]
    reason: str


@dataclass(frozen=True, slots=True)
class Input:
    """Something bought: `components` (and "uptake") in kgCO2e of the whole quantity; `to` shares by product."""

    path: str
    name: str
    source: str
    components: Mapping[str, Fraction]
    primary_share: Fraction
    to: Mapping[str, Fraction]
    reference: Mapping[str, str]
    quality: Mapping[str, Fraction] | None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole document; `plant` is parsed by `carbonledger.product.plant`."""

    company: Company
    period: Period
    plant: Node
    report: bytes | None
    plant_quality: Mapping[str, Fraction] | None
    products: tuple[Product, ...]
    parts: tuple[Part, ...]
    inputs: tuple[Input, ...]
    boundary: str
    geography: Mapping[str, str]
    standards: tuple[str, ...]
    characterization: tuple[str, ...]
    exempted_percent: Fraction
    exempted_description: str
    decimals: int
    comment: str
    verification: Mapping[str, str] | None


def parse(node: Node) -> Document:
    """The document at a node; MalformedInput and RefusedInput with the path of what is wrong."""
    fields = node.fields(REQUIRED, ("comment", "verification"))
    products = _distinct([_product(item) for item in fields["products"].items(least=1, most=200)], "product")
    parts = _distinct([_part(item, products) for item in fields["parts"].items(least=1, most=200)], "part")
    rest = [part for part in parts.values() if part.lines is None]
    if len(rest) > 1:
        raise RefusedInput(rest[1].path, "two parts take the rest", expected="one at most", found=rest[1].name)
    plant = fields["plant"].fields((), ("activity", "quality", "report", "statement"))
    exempted = fields["exempted"].fields(("description", "percent"))
    return Document(
        company=_company(fields["company"]),
        period=_period(fields["period"]),
        plant=fields["plant"],
        report=bytes.fromhex(_matching(plant["report"], "id")) if "report" in plant else None,
        plant_quality=_quality(plant["quality"]) if "quality" in plant else None,
        products=tuple(products.values()),
        parts=tuple(parts.values()),
        inputs=tuple(
            _distinct([_input(item, products, parts) for item in fields["inputs"].items(most=1000)], "input").values()
        ),
        boundary=fields["boundary"].text(least=1),
        geography=_geography(fields["geography"]),
        standards=_words(fields["standards"], lambda item: item.one_of(STANDARDS)),
        characterization=_words(fields["characterization"], lambda item: _matching(item, "assessment")),
        exempted_percent=units.percent(exempted["percent"]),
        exempted_description=exempted["description"].text(),
        decimals=fields["decimals"].integer(0, MAX_DECIMALS),
        comment=fields["comment"].text() if "comment" in fields else "",
        verification=_verification(fields["verification"]) if "verification" in fields else None,
    )


def _company(node: Node) -> Company:
    fields = node.fields(("credit_code", "ids", "name"))
    code = _matching(fields["credit_code"], "credit_code")
    try:
        check_credit_code(code)
    except Malformed as error:
        raise fields["credit_code"].malformed(error.message, error.expected) from error
    return Company(code, fields["name"].text(least=1, most=400), _urns(fields["ids"]))


def _period(node: Node) -> Period:
    fields = node.fields(("year",), ("first_month", "last_month"))
    first = fields["first_month"].integer(1, 12) if "first_month" in fields else 1
    last = fields["last_month"].integer(first, 12) if "last_month" in fields else 12
    return Period(fields["year"].integer(1990, 9998), first, last)


def _product(node: Node) -> Product:
    fields = node.fields(
        ("declared", "description", "fossil_carbon", "ids", "name", "output", "product"),
        ("biogenic_carbon", "classifications", "energy", "mass", "value"),
    )
    declared = fields["declared"].fields(("amount", "unit"))
    unit = declared["unit"].one_of(tuple(units.DECLARED), "not a declared unit of PACT")
    dimension, size = units.DECLARED[unit]
    number = units.positive(declared["amount"])
    output = units.of_dimension(fields["output"], dimension)
    if "mass" in fields and dimension in {"mass", *units.WITHOUT_MASS}:
        raise fields["mass"].refused(f"a mass beside the declared unit {unit}", "no mass: it follows from the unit")
    if dimension == "mass":
        mass = number * size
    elif dimension in units.WITHOUT_MASS:
        mass = Fraction(0)
    else:
        if "mass" not in fields:
            raise node.refused(
                f"the mass of a declared unit in {unit} is missing", "mass, of one declared unit without packaging"
            )
        mass = units.of_dimension(fields["mass"], "mass")
    energy = units.of_dimension(fields["energy"], "energy") if "energy" in fields else None
    if energy is None and dimension == "energy":
        energy = output
    fossil = _carbon(fields["fossil_carbon"], mass)
    return Product(
        path=node.path,
        name=_matching(fields["product"], "name"),
        trade_name=fields["name"].text(least=1, most=400),
        description=fields["description"].text(),
        ids=_urns(fields["ids"]),
        classifications=_urns(fields["classifications"]) if "classifications" in fields else (),
        declared_unit=unit,
        declared_amount=declared["amount"].value,
        units=output / (number * size),
        mass_per_unit=mass,
        energy=energy,
        value=_money(fields["value"]) if "value" in fields else None,
        fossil_carbon=fossil,
        biogenic_carbon=_carbon(fields["biogenic_carbon"], mass - fossil) if "biogenic_carbon" in fields else None,
    )


def _carbon(node: Node, most: Fraction) -> Fraction:
    """kg of carbon in a declared unit: no more than it weighs."""
    value = units.signed(node)
    if not 0 <= value <= most:
        raise node.refused("carbon that the product cannot hold", f"0 to {exact.text(most)} kg")
    return value


def _money(node: Node) -> Fraction:
    fields = node.fields(("unit", "value"))
    fields["unit"].one_of(("CNY",), "not a known currency")
    return units.positive(fields["value"])


def _part(node: Node, products: Mapping[str, Product]) -> Part:
    fields = node.fields(("key", "lines", "part", "reason"), ("products", "shares"))
    key = fields["key"].one_of(KEYS)
    name = _matching(fields["part"], "name")
    wanted, other = ("shares", "products") if key == "shares" else ("products", "shares")
    if wanted not in fields or other in fields:
        raise node.refused(f"a part by the key {key}", f"{wanted}, and no {other}")
    return Part(
        path=node.path,
        name=name,
        lines=_lines(fields["lines"]),
        key=key,
        shares=_shares(fields["shares"], products) if key == "shares" else _by_key(fields["products"], key, products),
        reason=fields["reason"].text(least=1, most=1000),
    )


def _lines(node: Node) -> tuple[LineTaken, ...] | None:
    if node.value == "rest":
        return None
    taken = []
    for item in node.items(least=1, most=1000):
        fields = item.fields(("code",), ("item", "quantity"))
        if "quantity" in fields:
            quantity = fields["quantity"].fields(("unit", "value"))
            quantity["unit"].one_of(QUANTITY_UNITS, "not a known unit of a quantity")
        taken.append(
            LineTaken(
                item.path,
                fields["code"].text(least=1, most=32),
                fields["item"].text(most=200) if "item" in fields else "",
                fields.get("quantity"),
            )
        )
    return tuple(taken)


def _shares(node: Node, products: Mapping[str, Product]) -> dict[str, Fraction]:
    shares = {}
    for name, item in node.members().items():
        if name not in products:
            raise RefusedInput(item.path, "not a product", expected="one of " + ", ".join(products), found=name[:80])
        shares[name] = units.share(item)
    if sum(shares.values()) != 1:
        found = exact.text(sum(shares.values(), Fraction(0)))
        raise RefusedInput(
            node.path,
            "shares that are not the whole",
            expected="a sum of exactly 1",
            found=found,
            remedy='Write what no decimal says as a fraction: "1/3"',
        )
    return shares


def _by_key(node: Node, key: str, products: Mapping[str, Product]) -> dict[str, Fraction]:
    weights: dict[str, Fraction] = {}
    for item in node.items(least=1, most=200):
        product = _named(item, products)
        weight = product.weight(key)
        if weight is None:
            raise item.refused(f"its {key} is not known", f"a product with {key}", f"Give {product.name} its {key}")
        if product.name in weights:
            raise item.refused("a product comes twice", "each product once")
        weights[product.name] = weight
    total = sum(weights.values(), Fraction(0))
    return {name: weight / total for name, weight in weights.items()}


def _input(node: Node, products: Mapping[str, Product], parts: Mapping[str, Part]) -> Input:
    fields = node.fields(("footprint", "input", "quantity"), ("part", "product", "quality"))
    if ("part" in fields) == ("product" in fields):
        raise node.refused("whose input it is", "one of part, product")
    if "product" in fields:
        to: Mapping[str, Fraction] = {_named(fields["product"], products).name: Fraction(1)}
    else:
        name = fields["part"].text()
        if name not in parts:
            raise fields["part"].refused("not a part", "one of " + ", ".join(parts))
        to = parts[name].shares
    quantity = units.amount(fields["quantity"])
    source, components, share, reference = _bought(fields["footprint"], quantity)
    return Input(
        path=node.path,
        name=_matching(fields["input"], "name"),
        source=source,
        components=components,
        primary_share=share,
        to=to,
        reference=reference,
        quality=_quality(fields["quality"]) if "quality" in fields else None,
    )


def _bought(node: Node, quantity: Amount) -> tuple[str, dict[str, Fraction], Fraction, dict[str, str]]:
    """Source, components of the whole quantity (kgCO2e), share of primary data (0 to 1), and what it refers to."""
    amounts = (*COMPONENTS, "uptake")
    optional = tuple(name for name in amounts if name != "fossil")
    kind = node.members().get("kind")
    source = "" if kind is None else kind.one_of(SOURCES)
    if source == "supplier":
        fields = node.fields(("company", "fossil", "id", "kind", "per"), (*optional, "primary_share"))
        reference = {"company": _matching(fields["company"], "urn"), "id": _matching(fields["id"], "uuid")}
        share = units.percent(fields["primary_share"]) / 100 if "primary_share" in fields else Fraction(0)
    else:
        fields = node.fields(("fossil", "kind", "per", "source"), optional)
        named = fields["source"].fields(("name", "version"))
        reference = {name: item.text(least=1, most=400) for name, item in named.items()}
        share = Fraction(0)
    per = units.amount(fields["per"])
    if per.dimension != quantity.dimension:
        raise fields["per"].refused(f"a footprint per {per.dimension} of a {quantity.dimension}", quantity.dimension)
    components = {}
    for name in amounts:
        value = units.signed(fields[name]) if name in fields else Fraction(0)
        if value > 0 if name in NEGATIVE else value < 0:
            raise fields[name].refused("of the wrong sign", "at most 0" if name in NEGATIVE else "at least 0")
        components[name] = value * quantity.value / per.value
    return source, components, share, reference


def _quality(node: Node) -> dict[str, Fraction]:
    found = {}
    for name, item in node.fields(RATINGS).items():
        found[name] = units.signed(item)
        if not 1 <= found[name] <= 5:
            raise item.refused("not a rating of the data quality matrix", "1 (best) to 5")
    return found


def _geography(node: Node) -> dict[str, str]:
    fields = node.fields((), ("country", "region", "subdivision"))
    if len(fields) > 1:
        raise node.refused("more than one geography", "the narrowest of region, country, subdivision; none is global")
    return {
        name: item.one_of(REGIONS, "not a region of the UN") if name == "region" else _matching(item, name)
        for name, item in fields.items()
    }


def _verification(node: Node) -> dict[str, str]:
    fields = node.fields(("completed_at", "coverage", "provider", "standard"), ("comments",))
    fields["coverage"].one_of(COVERAGES)
    _matching(fields["completed_at"], "time")
    return {name: item.text(least=1, most=1000) for name, item in fields.items()}


def _named(node: Node, products: Mapping[str, Product]) -> Product:
    name = node.text()
    if name not in products:
        raise node.refused("not a product", "one of " + ", ".join(products))
    return products[name]


def _urns(node: Node) -> tuple[str, ...]:
    return _words(node, lambda item: _matching(item, "urn"))


def _words(node: Node, parse: Any) -> tuple[str, ...]:
    found = tuple(parse(item) for item in node.items(least=1, most=100))
    if len({word.lower() for word in found}) != len(found):
        raise node.refused("a word comes twice", "each once")
    return found


def _matching(node: Node, pattern: str) -> str:
    text = node.text(most=400)
    if _COMPILED[pattern].fullmatch(text) is None:
        raise node.malformed(f"not of the form of a {pattern.replace('_', ' ')}", PATTERNS[pattern])
    return text


def _distinct(items: Sequence[Any], what: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        if item.name in found:
            raise RefusedInput(item.path, f"a {what} comes twice", expected="each name once", found=item.name)
        found[item.name] = item
    return found
