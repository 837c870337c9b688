#!/usr/bin/env python3
"""Makes the rule sets of carbonledger/allocation from the tables in scripts/allocation.

python scripts/build_allocation.py           write the JSON files
python scripts/build_allocation.py --check   exit 1 and name the files that differ from the tables
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from carbonledger import jcs  # noqa: E402
from carbonledger.allocation.rule_set import CLASSES, AllocationRules  # noqa: E402
from scripts import made_files  # noqa: E402

TABLES = ROOT / "scripts" / "allocation"
TARGET = ROOT / "carbonledger" / "allocation" / "rules"
AS_WRITTEN = (
    *("excluded", "key", "method", "pre_allocation", "sectors", "sources", "special"),
    *("status", "title", "version", "years"),
)
BENCHMARKS = ("electricity", "heat", "electricity_balance", "heat_balance")


def build() -> dict[Path, bytes]:
    """Path -> content of every file that is made here."""
    made: dict[Path, bytes] = {}
    for source in sorted(TABLES.glob("*.toml")):
        rules = _rule_set(tomllib.loads(source.read_text(encoding="utf-8")))
        if rules.key != source.stem:
            raise SystemExit(f"{source.name} has the key {rules.key}")
        made[TARGET / f"{rules.key}.json"] = rules.json()
    return made


def _rule_set(table: dict[str, Any]) -> AllocationRules:
    value: dict[str, Any] = {name: table[name] for name in AS_WRITTEN}
    value |= {"calculator": "AllocationCalculator", "load_factor": table["load_factor"], "v": 1}
    value["benchmarks"] = [row for group in table["benchmarks"] for row in _benchmarks(group)]
    value["numbers"] = [
        {"name": name, "value": number, "unit": unit, **_proven(group)}
        for group in table.get("numbers", [])
        for name, (number, unit) in group["values"].items()
    ]
    value["rounding"] = [
        {"of": of, "mode": mode, "places": places, **_proven(group)}
        for group in table["rounding"]
        for of, mode, places in group["rows"]
    ]
    return AllocationRules.parse(jcs.encode(value))


def _benchmarks(group: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"class": name, "years": group["years"], **_proven(group)}
        | {kind: group[kind][name] for kind in BENCHMARKS if kind in group}
        for name in CLASSES
    ]


def _proven(group: dict[str, Any]) -> dict[str, str]:
    return {"evidence": group["evidence"], "source": group["source"]}


if __name__ == "__main__":
    raise SystemExit(made_files.main(__doc__, build()))
