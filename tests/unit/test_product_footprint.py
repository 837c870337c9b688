"""A plant's grams divided among its products, what was bought, and the figure per declared unit."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from carbonledger.accounting import library as accounting
from carbonledger.accounting.calculate import calculate
from carbonledger.errors import CarbonLedgerError
from carbonledger.product import library, pact
from carbonledger.product.footprint import footprint
from carbonledger.product.result import Footprint

RULES, FACTORS = accounting.rule_sets(), accounting.factors()


def document(name: str = "rolling-mill") -> dict[str, Any]:
    return json.loads(library.example(name))  # type: ignore[no-any-return]


def compute(value: dict[str, Any]) -> Footprint:
    return footprint(json.dumps(value).encode(), RULES, FACTORS)


def grams(result: Footprint) -> dict[str, int]:
    return {found.product.name: found.grams for found in result.products}


def test_the_plants_grams_are_all_divided_and_none_is_made() -> None:
    for name in library.examples():
        result = compute(document(name))
        assert sum(grams(result).values()) == result.plant.emission


def test_a_sub_metered_quantity_takes_its_share_of_the_line() -> None:
    # by hand: 48,000 MWh at 0.5306 kg/kWh; strip 27,500.25, plate 14,200.5, the rest 6,299.25 MWh is common, 2:1
    given = document()
    given["plant"]["activity"]["lines"] = given["plant"]["activity"]["lines"][:1]
    given["parts"] = [part for part in given["parts"] if part["part"] != "furnace"]
    given["inputs"] = []
    kg = Fraction(48_000_000) * Fraction("0.5306")
    coil = (Fraction("27500.25") + Fraction("6299.25") * 2 / 3) / 48_000
    result = compute(given)
    assert result.plant.emission == kg * 1000
    assert grams(result)["coil"] == kg * 1000 * coil
    assert grams(result)["scale"] == 0


def test_what_was_bought_is_divided_as_its_part() -> None:
    given = document()
    (slab, _) = given["inputs"]
    given["inputs"] = [slab]
    bought = {found.product.name: found.bought for found in compute(given).products}
    # 251,000 t at 1.925 kg/kg, by tonnes of coil and plate
    assert bought["coil"][0].excluding == Fraction(251_000_000) * Fraction("1.925") * 182 / 243
    assert sum(item.excluding for items in bought.values() for item in items) == 251_000_000 * Fraction("1.925")


def test_joint_products_are_divided_by_what_they_are_worth() -> None:
    result = compute(document("joint-products"))
    whole = result.plant.emission
    assert abs(grams(result)["panel"] - Fraction(whole * 46_200_000, 50_280_000)) < 1


def test_energy_is_one_key_for_kilowatt_hours_and_gigajoules() -> None:
    given = document()
    for product in given["products"]:
        product["energy"] = {"unit": "GJ", "value": "3.6"}
    given["products"][0]["energy"] = {"unit": "MWh", "value": "1"}
    given["parts"] = [{"part": "plant", "lines": "rest", "key": "energy", "products": ["coil", "plate"], "reason": "x"}]
    given["inputs"] = []
    found = grams(compute(given))
    assert abs(found["coil"] - found["plate"]) <= 1


def test_the_printed_components_make_up_the_printed_footprint() -> None:
    for decimals in range(13):
        given = {**document("joint-products"), "decimals": decimals}
        for found in compute(given).products:
            printed = found.per_unit
            assert sum(printed[name] for name in found.components if name != "uptake") == printed["excluding"]
            assert printed["including"] == printed["excluding"] + printed["uptake"]
            assert abs(printed["excluding"] - found.excluding * 10**decimals) <= Fraction(1, 2)


def test_a_statement_of_result_serves_as_well_as_its_activity_data() -> None:
    given = document()
    activity = given["plant"].pop("activity")
    statement = calculate(json.dumps(activity).encode(), RULES, FACTORS)
    given["plant"]["statement"] = statement.to_json()
    told, computed = compute(given), compute(document())
    assert [found.per_unit for found in told.products] == [found.per_unit for found in computed.products]
    assert [found.primary_share for found in told.products] == [found.primary_share for found in computed.products]
    given["plant"]["statement"]["emission"]["value"] = str(statement.emission + 2)
    with pytest.raises(CarbonLedgerError, match="that its lines do not make up"):
        compute(given)


def test_a_grid_average_is_secondary_and_own_combustion_is_primary() -> None:
    given = document()
    given["inputs"] = []
    by_name = {found.product.name: found for found in compute(given).products}
    (furnace,) = (part for part in compute(given).parts if part.part.name == "furnace")
    coil = by_name["coil"]
    own = furnace.counted * 182 / 243
    assert coil.primary_share is not None
    assert abs(coil.primary_share - 100 * own / coil.grams) < Fraction(1, 10**6)
    assert by_name["scale"].primary_share is None


def test_quality_is_the_weighted_mean_and_unknown_where_something_was_not_rated() -> None:
    given = document("one-product")
    (found,) = compute(given).products
    plant, billet = Fraction(509_183_238, 1000), Fraction(8652 * 1850)
    assert found.quality is not None
    assert found.quality["temporal"] == (plant + 2 * billet) / (plant + billet)
    assert found.assessed == 100
    del given["plant"]["quality"]
    (found,) = compute(given).products
    assert found.quality is None
    assert found.assessed == 100 * billet / (plant + billet)


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def do(given: dict[str, Any]) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = given
        for step in way:
            place = place[step]
        place[last] = value

    return do


LINE = {"code": "electricity-purchased"}


@pytest.mark.parametrize(
    ("where", "path", "value"),
    [
        ("$.parts[1].lines[0]", "parts.1.lines", [{**LINE, "quantity": {"unit": "MWh", "value": "20500"}}]),
        ("$.parts[1].lines[0]", "parts.1.lines", [{"code": "nothing"}]),
        ("$.parts[2].lines[1]", "parts.2.lines", [{"code": "heat-purchased"}, {"code": "heat-purchased"}]),
        ("$.parts[0].lines[0].quantity.unit", "parts.0.lines.0.quantity.unit", "t"),
        ("$.parts", "parts.3.lines", [{"code": "heat-purchased"}]),
        ("$.parts[0]", "parts.0.lines", "rest"),
        ("$.parts[3].shares", "parts.3.shares", {"coil": "0.66", "plate": "0.33"}),
        ("$.parts[3].shares.tin", "parts.3.shares", {"tin": "1"}),
        ("$.parts[0].products[0]", "parts.0.key", "value"),
        ("$.products[0].output.unit", "products.0.output.unit", "m3"),
        ("$.products[0].mass", "products.0.mass", {"unit": "kg", "value": "1"}),
        ("$.products[0].fossil_carbon", "products.0.fossil_carbon", "1.5"),
        ("$.products[1]", "products.1.product", "coil"),
        ("$.inputs[0].footprint.per", "inputs.0.footprint.per", {"unit": "GJ", "value": "1"}),
        ("$.inputs[0].footprint.removals", "inputs.0.footprint.removals", "1"),
        ("$.inputs[0].part", "inputs.0.part", "roof"),
        ("$.inputs[0].footprint.kind", "inputs.0.footprint.kind", "guess"),
        ("$.geography", "geography", {"country": "CN", "subdivision": "CN-HE"}),
        ("$.plant", "plant.statement", {}),
        ("$.plant", "period.year", 2024),
        ("$.period.last_month", "period", {"year": 2025, "first_month": 7, "last_month": 6}),
        ("$.company.credit_code", "company.credit_code", "123"),
        ("$.decimals", "decimals", 13),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(where: str, path: str, value: Any) -> None:
    given = copy.deepcopy(document())
    if path == "parts.0.lines" and value == "rest":
        where = "$.parts[3]"  # the second part that takes the rest
    change(path, value)(given)
    with pytest.raises(CarbonLedgerError) as raised:
        compute(given)
    assert getattr(raised.value, "path", None) == where, str(raised.value)


def test_a_part_cannot_emit_less_than_nothing() -> None:
    given = document()
    sold = {"code": "electricity-exported", "quantity": {"unit": "MWh", "value": "1"}}
    given["plant"]["activity"]["lines"].append(sold)
    given["parts"].append(
        {"part": "sold", "lines": [{"code": sold["code"]}], "key": "mass", "products": ["coil"], "reason": "x"}
    )
    with pytest.raises(CarbonLedgerError, match="less than nothing"):
        compute(given)


REQUIRED = {  # PACT 3.0, ProductFootprint and CarbonFootprint, `required`
    "": "id specVersion created status companyName companyIds productDescription productIds productNameCompany pcf",
    "pcf": "declaredUnitOfMeasurement declaredUnitAmount productMassPerDeclaredUnit referencePeriodStart "
    "referencePeriodEnd pcfExcludingBiogenicUptake pcfIncludingBiogenicUptake fossilGhgEmissions fossilCarbonContent "
    "ipccCharacterizationFactors crossSectoralStandards exemptedEmissionsPercent",
}


def test_a_footprint_says_all_that_pact_requires() -> None:
    for name in library.examples():
        result = compute(document(name))
        for found in result.products:
            told = pact.product_footprint(result, found, created=1_770_000_000)
            assert set(REQUIRED[""].split()) <= set(told)
            assert set(REQUIRED["pcf"].split()) <= set(told["pcf"])
            assert "precedingPfIds" not in told  # never an empty list
            assert told["pcf"]["referencePeriodEnd"] == told["validityPeriodStart"]


def test_the_same_content_has_the_same_id_and_another_content_another() -> None:
    given = document()
    ids = [pact.product_footprint(compute(given), found, created=1)["id"] for found in compute(given).products]
    again = json.loads(json.dumps(given, sort_keys=True))
    assert [pact.footprint_id(compute(again).digest, name) for name in ("coil", "plate", "scale")] == ids
    given["decimals"] = 5
    assert pact.footprint_id(compute(given).digest, "coil") not in ids


def test_secondary_sources_are_those_that_were_used() -> None:
    (found,) = (result := compute(document("one-product"))).products
    sources = pact.product_footprint(result, found, created=1)["pcf"]["secondaryEmissionFactorSources"]
    assert sources == [
        {"name": "MEE-NBS electricity EF", "version": "2025-12-31"},
        {"name": "illustrative billet factor", "version": "1"},
    ]


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        (12, "2025-12-31T16:00:00Z", "2028-12-31T16:00:00Z"),
        (1, "2025-01-31T16:00:00Z", "2028-01-31T16:00:00Z"),
        (2, "2025-02-28T16:00:00Z", "2028-02-28T16:00:00Z"),
    ],
)
def test_a_footprint_is_valid_for_three_years_after_its_period(month: int, first: str, last: str) -> None:
    given = document()
    given["period"] = {"year": 2025, "first_month": 1, "last_month": month}
    assert pact.validity(compute(given).document) == (first, last)
