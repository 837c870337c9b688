"""JSON Schema (2020-12) of the footprint document: one schema for the command and the API.

Sums, names that must be known, and whether a unit fits its product are said by the computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from carbonledger.accounting.exact import DECIMAL_PATTERN
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.schema import activity_document
from carbonledger.accounting.units import QUANTITY_UNITS
from carbonledger.product import document, units
from carbonledger.product.document import PATTERNS

ID: Final = "urn:carbonledger:footprint-document:v1"


def footprint_document(rules: Sequence[RuleSet]) -> dict[str, Any]:
    """The schema, with the activity document of these rule sets inside."""
    activity = activity_document(rules)
    definitions = {name: value for name, value in activity.pop("$defs").items() if name != "decimal"}
    activity = {name: value for name, value in activity.items() if not name.startswith("$")}
    decimal = {"description": "A decimal as a string: no exponent, no sign", "type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Footprint document",
        "description": "A plant's emissions of a period, its products, and what it bought for them.",
        **_object(
            {
                "boundary": _text("Processes from cradle to gate that the figures include"),
                "characterization": _list(_matching("assessment"), "IPCC reports whose GWP were used"),
                "comment": _text("For the reader", least=0),
                "company": _object(
                    {
                        "credit_code": _matching("credit_code"),
                        "ids": _list(_matching("urn"), "URNs of the company"),
                        "name": _text("", most=400),
                    }
                ),
                "decimals": {"type": "integer", "minimum": 0, "maximum": document.MAX_DECIMALS},
                "exempted": _object({"description": _text("", least=0), "percent": _ref("decimal")}),
                "geography": _object(
                    {
                        "country": _matching("country"),
                        "region": {"enum": list(document.REGIONS)},
                        "subdivision": _matching("subdivision"),
                    },
                    optional=("country", "region", "subdivision"),
                )
                | {"description": "The narrowest one; none is global", "maxProperties": 1},
                "inputs": {"type": "array", "maxItems": 1000, "items": _ref("input")},
                "parts": {"type": "array", "minItems": 1, "maxItems": 200, "items": _ref("part")},
                "period": _object(
                    {
                        "first_month": _month(1),
                        "last_month": _month(12),
                        "year": {"type": "integer", "minimum": 1990, "maximum": 9998},
                    },
                    optional=("first_month", "last_month"),
                ),
                "plant": _object(
                    {
                        "activity": activity,
                        "quality": _ref("quality"),
                        "report": _matching("id") | {"description": "Act id of the report on the chain"},
                        "statement": {"type": "object", "description": "A statement of result, as it is"},
                    },
                    optional=("activity", "quality", "report", "statement"),
                )
                | {"oneOf": [{"required": ["activity"]}, {"required": ["statement"]}]},
                "products": {"type": "array", "minItems": 1, "maxItems": 200, "items": _ref("product")},
                "standards": _list({"enum": list(document.STANDARDS)}, "Standards applied"),
                "verification": _object(
                    {
                        "comments": _text("", most=1000),
                        "completed_at": _matching("time"),
                        "coverage": {"enum": list(document.COVERAGES)},
                        "provider": _text("", most=1000),
                        "standard": _text("", most=1000),
                    },
                    optional=("comments",),
                ),
            },
            optional=("comment", "verification"),
        ),
        "$defs": {
            **definitions,
            "decimal": decimal | {"pattern": DECIMAL_PATTERN},
            "signed": decimal | {"pattern": units.SIGNED_PATTERN},
            "amount": _object({"unit": {"enum": list(units.UNITS)}, "value": _ref("decimal")}),
            "quality": _object({name: _ref("signed") for name in document.RATINGS})
            | {"description": "Ratings of the PACT data quality matrix, 1 (best) to 5"},
            "product": _product(),
            "part": _part(),
            "input": _input(),
        },
    }


def _product() -> dict[str, Any]:
    return _object(
        {
            "biogenic_carbon": _ref("decimal"),
            "classifications": _list(_matching("urn"), "URNs of classes"),
            "declared": _object({"amount": _ref("decimal"), "unit": {"enum": list(units.DECLARED)}}),
            "description": _text("", least=0),
            "energy": _ref("amount") | {"description": "Energy content of the whole output"},
            "fossil_carbon": _ref("decimal") | {"description": "kg of fossil carbon in a declared unit"},
            "ids": _list(_matching("urn"), "URNs of the product"),
            "mass": _ref("amount") | {"description": "Of one declared unit, without packaging"},
            "name": _text("Trade name", most=400),
            "output": _ref("amount") | {"description": "What was made in the period"},
            "product": _matching("name"),
            "value": _object({"unit": {"const": "CNY"}, "value": _ref("decimal")}),
        },
        optional=("biogenic_carbon", "classifications", "energy", "mass", "value"),
    )


def _part() -> dict[str, Any]:
    line = _object(
        {
            "code": _text("", most=32),
            "item": _text("", least=0, most=200),
            "quantity": _object({"unit": {"enum": list(QUANTITY_UNITS)}, "value": _ref("decimal")}),
        },
        optional=("item", "quantity"),
    )
    return _object(
        {
            "key": {"enum": list(document.KEYS)},
            "lines": {
                "description": "Lines of the statement, or sub-metered quantities of them; or what the others leave",
                "oneOf": [
                    {"const": "rest"},
                    {"type": "array", "minItems": 1, "maxItems": 1000, "items": line},
                ],
            },
            "part": _matching("name"),
            "products": {"type": "array", "minItems": 1, "maxItems": 200, "items": _matching("name")},
            "reason": _text("Why this key", most=1000),
            "shares": {
                "type": "object",
                "additionalProperties": {"type": "string", "pattern": units.SHARE_PATTERN},
            },
        },
        optional=("products", "shares"),
    )


def _input() -> dict[str, Any]:
    amounts = {name: _ref("signed") for name in (*document.COMPONENTS, "uptake")}
    others = tuple(name for name in amounts if name != "fossil")
    per = {"per": _ref("amount")}
    supplier = _object(
        {
            **amounts,
            **per,
            "company": _matching("urn"),
            "id": _matching("uuid") | {"description": "Id of the supplier's footprint"},
            "kind": {"const": "supplier"},
            "primary_share": _ref("decimal") | {"description": "Per cent, as the supplier says"},
        },
        optional=(*others, "primary_share"),
    )
    secondary = _object(
        {
            **amounts,
            **per,
            "kind": {"const": "secondary"},
            "source": _object({"name": _text("", most=400), "version": _text("", most=400)}),
        },
        optional=others,
    )
    return _object(
        {
            "footprint": {"description": "kgCO2e per `per`", "oneOf": [supplier, secondary]},
            "input": _matching("name"),
            "part": _matching("name") | {"description": "Divided as this part of the plant"},
            "product": _matching("name") | {"description": "All of it for this product"},
            "quality": _ref("quality"),
            "quantity": _ref("amount"),
        },
        optional=("part", "product", "quality"),
    )


def _object(properties: dict[str, Any], optional: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _list(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "type": "array", "minItems": 1, "maxItems": 100, "items": items}


def _text(description: str, *, least: int = 1, most: int = 4096) -> dict[str, Any]:
    said = {"description": description} if description else {}
    return {**said, "type": "string", "minLength": least, "maxLength": most}


def _matching(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": PATTERNS[pattern], "maxLength": 400}


def _month(default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 12, "default": default}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}
