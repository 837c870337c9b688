"""JSON Schema (2020-12) of the forecast document: one for the command and the API."""

from __future__ import annotations

from typing import Any

from carbonledger.assessment.rational import DECIMAL_PATTERN, TONNES, quantity_schema
from carbonledger.assessment.schema import DIALECT
from carbonledger.forecast.document import CHOICES, MOST_ORIGINS, MOST_YEARS
from carbonledger.forecast.periods import PATTERN


def forecast_document() -> dict[str, Any]:
    """The form; how many values a method needs, and which years a quota may have, the function says itself."""
    quota = _object({"amount": quantity_schema(TONNES), "year": {"type": "integer", "minimum": 1990, "maximum": 8999}})
    required = {
        "first": {"type": "string", "pattern": PATTERN},
        "subject": {"type": "string", "minLength": 1, "maxLength": 128},
        "unit": {"enum": list(TONNES)},
        "values": {
            "type": "array",
            "items": {"type": "string", "pattern": DECIMAL_PATTERN},
            "minItems": 5,
            "maxItems": MOST_YEARS * 12,
        },
    }
    optional = {
        "method": {"enum": list(CHOICES)},
        "origins": {"type": "integer", "minimum": 0, "maximum": MOST_ORIGINS},
        "quotas": {"type": "array", "items": quota, "maxItems": 4},
    }
    named = {"$schema": DIALECT, "$id": "urn:carbonledger:forecast-document:v1", "title": "Forecast document"}
    return named | _object(required, optional)


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = required | (optional or {})
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}
