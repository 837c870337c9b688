#!/usr/bin/env python3
"""Makes the factor library and the rule sets of carbonledger/accounting from the tables in scripts/accounting,
and the contents in docs/factors.md.

python scripts/build_factors.py           write the JSON files
python scripts/build_factors.py --check   exit 1 and name the files that differ from the tables
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from carbonledger import jcs  # noqa: E402
from carbonledger.accounting import exact, units  # noqa: E402
from carbonledger.accounting.factors import EVIDENCE, Factor, factor_id  # noqa: E402
from carbonledger.accounting.methods import method  # noqa: E402
from carbonledger.accounting.rule_set import RuleSet  # noqa: E402
from scripts import made_files  # noqa: E402

TABLES = ROOT / "scripts" / "accounting"
TARGET = ROOT / "carbonledger" / "accounting"
CONTENTS = ROOT / "docs" / "factors.md"
FUEL_PARTS = (
    ("ncv", "lower heating value", "低位发热量"),
    ("cc", "carbon per unit of heat", "单位热值含碳量"),
    ("of", "oxidation rate", "碳氧化率"),
)


def build() -> dict[Path, bytes]:
    """Path -> content of every file that is made here."""
    made: dict[Path, bytes] = {}
    library: dict[bytes, Factor] = {}
    for source in sorted((TABLES / "factors").glob("*.toml")):
        table = tomllib.loads(source.read_text(encoding="utf-8"))
        rows = [*_plain(table.get("table", [])), *_fuels(table.get("fuels", []))]
        library |= {factor.id: factor for factor, _ in rows}
        made[TARGET / "data" / "factors" / f"{source.stem}.json"] = jcs.encode(
            [factor.to_json() | extra for factor, extra in rows]
        )
    for source in sorted((TABLES / "rules").glob("*.toml")):
        rules = _rule_set(tomllib.loads(source.read_text(encoding="utf-8")), library)
        made[TARGET / "rules" / f"{rules.key}.json"] = rules.json()
    for source in sorted((TABLES / "verification").glob("*.toml")):
        made[TARGET / "data" / "verification" / f"{source.stem}.json"] = jcs.encode(
            tomllib.loads(source.read_text(encoding="utf-8"))
        )
    made[CONTENTS] = _contents(library.values())
    return made


def _contents(library: Iterable[Factor]) -> bytes:
    """docs/factors.md with its table of the library's contents made anew: one row for each guideline and version."""
    tables: dict[tuple[str, str], list[Factor]] = {}
    for factor in library:
        tables.setdefault((factor.guideline, factor.version), []).append(factor)
    rows = ["| guideline | version | factors | evidence | reporting years |", "|---|---|---|---|---|"]
    for (guideline, version), factors in sorted(tables.items()):
        counts = Counter(factor.evidence for factor in factors)
        evidence = ", ".join(f"{word} {counts[word]}" for word in EVIDENCE if word in counts)
        years = sorted({factor.years for factor in factors if factor.years is not None})
        spans = ", ".join(f"{first}-{last or ''}" for first, last in years)
        unknown = sum(factor.years is None for factor in factors)
        spans += f"; {unknown} not known" if unknown else ""
        rows.append(f"| {guideline} | {version} | {len(factors)} | {evidence} | {spans} |")
    before, begin, rest = CONTENTS.read_text("utf-8").partition("<!-- contents: made by scripts/build_factors.py -->\n")
    _, end, after = rest.partition("<!-- end of contents -->\n")
    if not begin or not end:
        raise SystemExit(f"{CONTENTS.relative_to(ROOT)}: expected the two marks of the contents; found none")
    return (before + begin + "\n".join(rows) + "\n" + end + after).encode()


def _plain(tables: list[dict[str, Any]]) -> list[tuple[Factor, dict[str, Any]]]:
    return [
        _factor(table, row, region, value, table["unit"], english, chinese)
        for table in tables
        for row, region, value, english, chinese in table["rows"]
    ]


def _fuels(tables: list[dict[str, Any]]) -> list[tuple[Factor, dict[str, Any]]]:
    return [
        _factor(table, f"{name}/{part}", "", value, unit, f"{english}, {part_english}", f"{chinese} {part_chinese}")
        for table in tables
        for name, *values, english, chinese in table["rows"]
        for (part, part_english, part_chinese), value, unit in zip(FUEL_PARTS, values, table["units"], strict=True)
    ]


def _factor(
    table: dict[str, Any], row: str, region: str, value: str, unit: str, english: str, chinese: str
) -> tuple[Factor, dict[str, Any]]:
    base = "1" if unit == "%" else next(base for base, known in units.PARAMETERS.items() if unit in known)
    scaled = Fraction(value) * units.PARAMETERS[base][unit]
    factor = Factor(
        guideline=table["guideline"],
        version=table["version"],
        row=row,
        region=region,
        data_year=table["data_year"],
        value=exact.fixed(scaled, f"{row} of {table['guideline']}", base),
        unit=base,
        years=tuple(table["years"]) if "years" in table else None,
        evidence=table["evidence"],
        source=table["source"],
    )
    return factor, {"published": {"unit": unit, "value": value}, "title": {"en": english, "zh": chinese}}


def _rule_set(table: dict[str, Any], library: dict[bytes, Factor]) -> RuleSet:
    embedded = [library[factor_id(*key)] for key in table["factors"]]
    by_row = {factor.row: factor for factor in embedded}
    value = {name: table[name] for name in ("guideline", "key", "mrv", "rounding", "sources", "status", "title")}
    value |= {"v": 1, "version": table["version"], "years": table["years"], "groups": table["groups"]}
    value |= {"views": table.get("views", []), "input_rounding": table.get("input_rounding", [])}
    value["factors"] = [factor.to_json() for factor in embedded]
    value["lines"] = [_line(line, by_row, table.get("factors_of", "")) for line in table["lines"]]
    return RuleSet.parse(jcs.encode(value))


def _line(line: dict[str, Any], by_row: dict[str, Factor], factors_of: str) -> dict[str, Any]:
    """`fixed`: parameter -> row; `missing`: parameter -> stand-in; `factors_of`: the guideline of chosen factors."""
    used = method(line["method"])
    fixed, missing = line.get("fixed", {}), line.get("missing", {})
    guideline = line.get("factors_of", factors_of)
    parameters = [
        {
            "factor": by_row[fixed[parameter.name]].id.hex() if parameter.name in fixed else "",
            "guideline": "" if parameter.name in fixed else guideline,
            "missing": missing.get(parameter.name, "refuse"),
            "name": parameter.name,
            "tiers": line["tiers"][parameter.name],
            "unit": parameter.unit,
        }
        for parameter in used.forms[line["quantity"]]
    ]
    named = {
        name: line[name] for name in ("code", "gas", "group", "iso", "method", "quantity", "scope", "sign", "title")
    }
    return named | {"calculator": used.calculator, "parameters": parameters, "scope3": line.get("scope3", 0)}


if __name__ == "__main__":
    raise SystemExit(made_files.main(__doc__, build()))
