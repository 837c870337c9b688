"""JSON Schema (2020-12) of the allocation document: one schema for the command and the API.

It says what a schema can say of one document by itself; what each plan needs, `allocate` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from carbonledger.accounting.exact import DECIMAL_PATTERN
from carbonledger.accounting.units import KINDS
from carbonledger.allocation.allocate import MAX_MEMBERS
from carbonledger.allocation.facts import BOILERS, COOLING, ELECTRICITY, FUELS, MAX_UNITS, SHARES
from carbonledger.allocation.rule_set import SECTORS, SPECIAL, AllocationRules

ID: Final = "urn:carbonledger:allocation-document:v1"


def allocation_document(rules: Sequence[AllocationRules]) -> dict[str, Any]:
    """The schema: the units of an enterprise, or the members of a sector whose balance value is solved."""
    energy, heat, mass = (_amount(*KINDS[kind][1]) for kind in ("electricity", "heat", "mass"))
    share = _amount("%", "1")
    per_tonne = _amount("t/t")
    outputs = dict.fromkeys(ELECTRICITY.values(), energy)
    head = {
        "rule_set": {
            "description": "Key of a rule set, or its id: " + ", ".join(rule.key for rule in rules),
            "type": "string",
            "maxLength": 64,
        },
        "sector": {"enum": list(SECTORS)},
        "year": {"description": "Reporting year", "type": "integer", "minimum": 1990, "maximum": 9999},
    }
    generator = _object(
        ("fuel", "rated_power"),
        fuel={"enum": list(FUELS)},
        rated_power=_amount("W", "kW", "MW"),
        boiler={"enum": list(BOILERS)},
        unconventional=share,
        other_fuels=share,
    )
    unit = _object(
        ("id",),
        id=_NAME,
        generators={"type": "array", "minItems": 1, "maxItems": 16, "items": generator},
        special={"enum": list(SPECIAL)},
        cooling={"enum": list(COOLING)},
        heat_ratio=share,
        load_factor=share,
        **outputs,
        heat=heat,
        verified_emissions=mass,
        previous_year=_object((), **outputs, heat=heat, verified_emissions=mass),
        shares=_object((), **dict.fromkeys(SHARES, share)),
        intensity=_object(("emissions", "output"), emissions=mass, output=mass),
    )
    account = _object(
        (),
        arrears=mass,
        pre_allocated=mass,
        pre_allocation_share=_amount("%"),
        differentiated=_object(("obligation", "reason"), obligation=mass, reason={"enum": ["frozen", "unpaid"]}),
    )
    member = _object(("id", "verified_emissions"), id=_NAME, verified_emissions=mass, intensity=per_tonne, output=mass)
    units = {"type": "array", "minItems": 1, "maxItems": MAX_UNITS, "items": unit}
    members = {"type": "array", "minItems": 1, "maxItems": MAX_MEMBERS, "items": member}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Allocation document",
        "description": "An enterprise's units in one reporting year, or a sector's members, and the plan's rule set.",
        "oneOf": [
            _object(("rule_set", "units", "year"), **head, units=units, account=account, balance=per_tonne),
            _object(("members", "rule_set", "sector", "year"), **head, members=members),
        ],
    }


_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 200}


def _amount(*units: str) -> dict[str, Any]:
    return _object(("unit", "value"), unit={"enum": list(units)}, value={"type": "string", "pattern": DECIMAL_PATTERN})


def _object(required: Sequence[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}
