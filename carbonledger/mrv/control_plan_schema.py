"""JSON Schema of a control plan, and an example."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.accounting.exact import DECIMAL_PATTERN
from carbonledger.mrv.control_plan import FREQUENCIES, KINDS, MISSING, MODES, QUANTITY

ID: Final = "urn:carbonledger:control-plan:v1"


def schema() -> dict[str, Any]:
    """The schema; a test holds it to the parser."""
    text = {"minLength": 1, "type": "string"}
    optional = {"type": "string"}
    return {
        "$id": ID,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_object(
            {
                "boundary": {**text, "description": "What the plan covers, with the process flow"},
                "entity": _object(
                    {"address": text, "credit_code": text, "name": text, "sector": text}, ("name", "sector")
                ),
                "instruments": {
                    "items": _object(
                        {
                            "accuracy_class": {"description": "Percent", "pattern": DECIMAL_PATTERN, "type": "string"},
                            "calibration_months": {"maximum": 240, "minimum": 1, "type": "integer"},
                            "id": {**text, "description": "Identifier of the enrolled device"},
                            "kind": {"enum": list(KINDS)},
                            "model": text,
                            "norm": {**text, "description": "Calibration norm, such as JJG 195"},
                            "place": text,
                        }
                    ),
                    "type": "array",
                },
                "parameters": {
                    "items": _object(
                        {
                            "frequency": {"enum": list(FREQUENCIES)},
                            "instruments": {"items": text, "type": "array"},
                            "item": {**optional, "description": "Production unit or fuel; empty: all of the line"},
                            "line": {**text, "description": "Code of the rule set's line"},
                            "method": text,
                            "missing": {"description": "What stands in for a missing value", "enum": list(MISSING)},
                            "mode": {"enum": list(MODES)},
                            "name": {**text, "description": f"Parameter of the line, or {QUANTITY}"},
                            "record": {**text, "description": "File or form that keeps the values"},
                            "responsible": {**text, "description": "Department"},
                            "second_source": {**optional, "description": "What the value is compared with"},
                            "unit": text,
                        }
                    ),
                    "minItems": 1,
                    "type": "array",
                },
                "quality": {**text, "description": "Internal quality assurance"},
                "reasons": {**text, "description": "Why the plan changed; from version 2 on"},
                "rule_set": text,
                "v": {"const": 1},
                "version": {"maximum": 65535, "minimum": 1, "type": "integer"},
                "year": {"maximum": 9998, "minimum": 1990, "type": "integer"},
            },
            ("boundary", "entity", "instruments", "parameters", "quality", "rule_set", "v", "version", "year"),
        ),
        "title": "Data-quality control plan",
    }


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    needed = list(properties) if required is None else list(required)
    return {"additionalProperties": False, "properties": properties, "required": needed, "type": "object"}


EXAMPLE: Final[dict[str, Any]] = {
    "boundary": "One coal-fired unit of 330 MW, its fuel yard and its purchased electricity",
    "entity": {"name": "Demonstration Power Plant", "sector": "power"},
    "instruments": [
        {
            "accuracy_class": "0.5", "calibration_months": 12, "id": "SCALE-0001", "kind": "belt-scale",
            "model": "ICS-14", "norm": "JJG 195", "place": "belt 7A, as fired",
        },
        {
            "accuracy_class": "0.1", "calibration_months": 12, "id": "CHN-0001", "kind": "analyser",
            "model": "CHN-2000", "norm": "JJF 1321", "place": "central laboratory",
        },
    ],
    "parameters": [
        {
            "frequency": "daily", "instruments": ["SCALE-0001"], "item": "unit 1", "line": "coal-carbon",
            "method": "belt scale, as fired", "missing": "second-source", "mode": "measured", "name": "quantity",
            "record": "daily coal report", "responsible": "fuel department",
            "second_source": "purchases and change of stock", "unit": "t",
        },
        {
            "frequency": "daily", "instruments": ["CHN-0001"], "item": "unit 1", "line": "coal-carbon",
            "method": "GB/T 476, daily composite weighted by coal fired", "missing": "conservative",
            "mode": "measured", "name": "c", "record": "lab reports with CMA mark", "responsible": "laboratory",
            "second_source": "monthly composite by an outside laboratory", "unit": "tC/t",
        },
    ],
    "quality": "The deputy chief engineer audits the records each quarter",
    "rule_set": "power-2023",
    "v": 1,
    "version": 1,
    "year": 2025,
}  # fmt: skip
