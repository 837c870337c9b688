"""JSON Schema (2020-12) of the activity document: one schema for the command, the API and the page.

It says all that a schema can say of one document by itself; kinds of units per line, validity and sums are the rule
set's, and `calculate` says them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from carbonledger.accounting.calculate import MAX_LINES
from carbonledger.accounting.calibration import CASES, DATA
from carbonledger.accounting.exact import DECIMAL_PATTERN
from carbonledger.accounting.parameters import MAX_BATCHES
from carbonledger.accounting.rule_set import TIERS, RuleSet
from carbonledger.accounting.units import PARAMETER_UNITS, QUANTITY_UNITS

ID: Final = "urn:carbonledger:activity-document:v1"


def activity_document(rules: Sequence[RuleSet]) -> dict[str, Any]:
    """The schema, with the codes of the lines and the names of the parameters of these rule sets."""
    codes = sorted({line.code for rule in rules for line in rule.lines})
    names = sorted({parameter.name for rule in rules for line in rule.lines for parameter in line.parameters})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Activity document",
        "description": "Quantities of one reporting year, and the rule set by which they are computed.",
        "type": "object",
        "additionalProperties": False,
        "required": ["lines", "rule_set", "year"],
        "properties": {
            "lines": {
                "description": "Each code, item and month comes once.",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_LINES,
                "items": {"$ref": "#/$defs/line"},
            },
            "rule_set": {
                "description": "Key of a rule set, or its id: " + ", ".join(rule.key for rule in rules),
                "type": "string",
                "maxLength": 64,
            },
            "year": {"description": "Reporting year", "type": "integer", "minimum": 1990, "maximum": 9999},
        },
        "$defs": {
            "line": {
                "type": "object",
                "additionalProperties": False,
                "required": ["code", "quantity"],
                "properties": {
                    "code": {"description": "What is counted: a line of the rule set", "enum": codes},
                    "item": {
                        "description": "Tells lines of one code apart: a unit, a fuel; or an id (64 hex digits)",
                        "type": "string",
                        "maxLength": 200,
                        "default": "",
                    },
                    "month": {
                        "description": "The line stands for one month, whose measured parameters it has",
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 12,
                    },
                    "quantity": {"$ref": "#/$defs/counted"},
                    "parameters": {
                        "description": "One that the rule set fixes may be left out.",
                        "type": "object",
                        "propertyNames": {"enum": names},
                        "additionalProperties": {"$ref": "#/$defs/parameter"},
                    },
                },
            },
            "quantity": {
                "type": "object",
                "additionalProperties": False,
                "required": ["unit", "value"],
                "properties": {"unit": {"enum": list(QUANTITY_UNITS)}, "value": {"$ref": "#/$defs/decimal"}},
            },
            "counted": {
                "type": "object",
                "additionalProperties": False,
                "required": ["unit", "value"],
                "properties": {
                    "unit": {"enum": list(QUANTITY_UNITS)},
                    "value": {"$ref": "#/$defs/decimal"},
                    "meter": {"$ref": "#/$defs/meter"},
                },
            },
            "meter": {
                "description": "The meter's calibration, where the quantity is to be corrected for it",
                "type": "object",
                "additionalProperties": False,
                "required": ["case", "required"],
                "properties": {
                    "case": {"enum": list(CASES)},
                    "required": {"description": "Accuracy required", "$ref": "#/$defs/accuracy"},
                    "calibrated": {"description": "Accuracy found by calibration", "$ref": "#/$defs/accuracy"},
                    "covered": {
                        "description": "Case late: what was measured while the calibration held",
                        "$ref": "#/$defs/quantity",
                    },
                    "data": {"description": "By default production where the line is subtracted", "enum": list(DATA)},
                },
            },
            "accuracy": {
                "type": "object",
                "additionalProperties": False,
                "required": ["unit", "value"],
                "properties": {"unit": {"enum": ["1", "%"]}, "value": {"$ref": "#/$defs/decimal"}},
            },
            "parameter": {
                "oneOf": [
                    {
                        "description": "A published factor: its id, or its row (with @region where it has one)",
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["factor"],
                        "properties": {"factor": {"type": "string", "minLength": 1, "maxLength": 128}},
                    },
                    {
                        "description": "A value of the enterprise's own",
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["tier", "unit", "value"],
                        "properties": {
                            "tier": {"enum": [tier for tier in TIERS if tier != "default"]},
                            "unit": {"enum": list(PARAMETER_UNITS)},
                            "value": {"$ref": "#/$defs/decimal"},
                        },
                    },
                    {
                        "description": "Lab values of batches or days: their mean, weighted by the quantities",
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["batches", "unit"],
                        "properties": {
                            "unit": {"enum": list(PARAMETER_UNITS)},
                            "batches": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": MAX_BATCHES,
                                "items": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "required": ["quantity", "value"],
                                    "properties": {
                                        "quantity": {"$ref": "#/$defs/quantity"},
                                        "value": {"$ref": "#/$defs/decimal"},
                                    },
                                },
                            },
                        },
                    },
                    {
                        "description": "A measured value is missing, and why: the rule set says what stands in for it",
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["missing"],
                        "properties": {"missing": {"type": "string", "minLength": 1, "maxLength": 400}},
                    },
                ]
            },
            "decimal": {
                "description": "A decimal number as a string: no sign, no exponent",
                "type": "string",
                "pattern": DECIMAL_PATTERN,
            },
        },
    }
