"""JSON Schemas (2020-12) of the documents of loans: the disclosure, and the portfolio with what is known of it."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.assessment.parameters import DATE_PATTERN
from carbonledger.assessment.rational import DECIMAL_PATTERN, TONNES, quantity_schema
from carbonledger.loans.catalogue import ROUNDING
from carbonledger.loans.money import MONEY

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 200}
_ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 128}
_DATE: Final[Schema] = {"type": "string", "pattern": DATE_PATTERN}
_CODE: Final[Schema] = {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}


def disclosure_document() -> Schema:
    """What `disclose` takes."""
    money, mass = quantity_schema(MONEY), quantity_schema(TONNES)
    project = _object(
        {
            "factor": _ID,
            "factor_year": _count(1990, 8999),
            "field": {"enum": ["clean-energy", "energy-saving", "carbon-technology"]},
            "id": _ID,
            "investment": money,
            "method": {"type": "string", "pattern": "^[a-z0-9]+([.-][a-z0-9]+)*$", "maxLength": 64},
            "name": _NAME,
            "reduction": mass,
        }
    )
    loan = _object(
        {
            "amount": money,
            "drawn": _DATE,
            "id": _ID,
            "project": _ID,
            "rate": {"type": "string", "pattern": DECIMAL_PATTERN, "description": "per cent a year"},
        },
        {"attributed": mass, "contract": _NAME, "salt": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
    )
    return {
        "$id": "urn:carbonledger:loan-disclosure-document:v1",
        "$schema": DIALECT,
        "title": "Quarterly disclosure of supported loans",
    } | _object(
        {
            "bank": _object({"credit_code": _CODE, "name": _NAME}),
            "loans": _list(loan),
            "period": _object({"quarter": _count(1, 4), "year": _count(2021, 8998)}),
            "projects": _list(project),
            "tool": {"type": "string", "minLength": 1, "maxLength": 64},
        },
        {"marked": _list(_ID, 3), "published": _DATE, "rounding": {"enum": list(ROUNDING)}},
    )


def _object(required: Schema, optional: Schema | None = None) -> Schema:
    properties = required | (optional or {})
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _list(item: Schema, most: int = 10_000) -> Schema:
    return {"type": "array", "items": item, "maxItems": most}


def _count(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}
