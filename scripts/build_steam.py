#!/usr/bin/env python3
"""Makes carbonledger/accounting/data/steam.json: enthalpy of water steam by IAPWS-IF97.

Needs CoolProp (MIT), and only this script does, so it has an environment of its own:
  python -m venv .cache/coolprop && .cache/coolprop/bin/pip install CoolProp==8.0.0
  .cache/coolprop/bin/python scripts/build_steam.py           write the file
  .cache/coolprop/bin/python scripts/build_steam.py --check   exit 1 if it differs

Before anything is written, the library must give the values that IAPWS prints for checking a program (R7-97(2012)).
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "carbonledger" / "accounting" / "data" / "steam.json"
SOURCE = (
    "IAPWS Industrial Formulation 1997 (R7-97(2012)), computed with CoolProp 8.0.0 (IF97 backend) and rounded to 0.1"
    " kJ/kg; computed, compare with the guideline's table"
)
# Close enough that a value linear between two rows is within 0.5 kJ/kg of the formulation, from 1 kPa to 22 MPa
STEPS = (
    *((1_000, 10_000, 500), (10_000, 50_000, 2_500), (50_000, 100_000, 5_000), (100_000, 1_000_000, 20_000)),
    *((1_000_000, 5_000_000, 100_000), (5_000_000, 15_000_000, 200_000), (15_000_000, 20_000_000, 100_000)),
    (20_000_000, 22_000_001, 50_000),
)
TEMPERATURES = range(20, 601, 10)
KELVIN = 273.15

Properties = Callable[..., float]


def main() -> int:
    """Write, or compare, the file."""
    properties: Properties = importlib.import_module("CoolProp.CoolProp").PropsSI
    check(properties)
    content = json.dumps(table(properties), separators=(",", ":"), sort_keys=True) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text("utf-8") == content else 1
    TARGET.write_text(content, "utf-8")
    return 0


def check(properties: Properties) -> None:
    """R7-97(2012) tables 5, 15, 35: regions 1 and 2 (MPa, K -> kJ/kg), saturation (MPa -> K)."""
    printed = [
        *((3, 300, 115.331273), (80, 300, 184.142828), (3, 500, 975.542239)),
        *((0.0035, 300, 2549.91145), (0.0035, 700, 3335.68375), (30, 700, 2631.49474)),
    ]
    for pressure, temperature, expected in printed:
        found = properties("H", "P", pressure * 1e6, "T", temperature, "IF97::Water") / 1000
        if abs(found - expected) > 1e-5:
            raise SystemExit(f"enthalpy at {pressure} MPa, {temperature} K: expected {expected}; found {found}")
    for pressure, expected in ((0.1, 372.755919), (1, 453.035632), (10, 584.149488)):
        found = properties("T", "P", pressure * 1e6, "Q", 0, "IF97::Water")
        if abs(found - expected) > 1e-5:
            raise SystemExit(f"saturation at {pressure} MPa: expected {expected} K; found {found}")


def table(properties: Properties) -> dict[str, Any]:
    """Rows: Pa absolute, saturation in 0.01 degC, enthalpies in 0.1 kJ/kg (null where there is no steam)."""
    rows = []
    for pressure in sorted({p for first, end, step in STEPS for p in range(first, end, step)}):
        saturation = properties("T", "P", pressure, "Q", 1, "IF97::Water") - KELVIN
        vapour = properties("H", "P", pressure, "Q", 1, "IF97::Water")
        hot = [
            round(properties("H", "P", pressure, "T", celsius + KELVIN, "IF97::Water") / 100)
            if celsius > saturation + 0.01
            else None
            for celsius in TEMPERATURES
        ]
        rows.append([pressure, round(saturation * 100), round(vapour / 100), hot])
    return {"rows": rows, "source": SOURCE, "temperatures": list(TEMPERATURES), "v": 1}


if __name__ == "__main__":
    raise SystemExit(main())
