#!/usr/bin/env python3
"""Makes the parameter sets of carbonledger/assessment from the tables in scripts/assessment.

python scripts/build_assessment.py           write the JSON files
python scripts/build_assessment.py --check   exit 1 and name the files that differ from the tables
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
from carbonledger.assessment.code.rule_set import CodeRules  # noqa: E402
from carbonledger.assessment.grade.scheme import Scheme  # noqa: E402
from carbonledger.assessment.pcaf.method import Method  # noqa: E402
from scripts import made_files  # noqa: E402

TABLES = ROOT / "scripts" / "assessment"
TARGET = ROOT / "carbonledger" / "assessment" / "data"
COLUMNS = ("name", "value", "unit", "source", "evidence", "label")
RULE_DEFAULTS: dict[str, Any] = {"decides": "yes", "family": "", "parameters": [], "printed": "yes"}


def build() -> dict[Path, bytes]:
    """Path -> content of every file that is made here."""
    made: dict[Path, bytes] = {}
    for kind, parse in (("code", CodeRules.parse), ("grade", Scheme.parse), ("pcaf", Method.parse)):
        for source in sorted((TABLES / kind).glob("*.toml")):
            value = published(tomllib.loads(source.read_text(encoding="utf-8")))
            made[TARGET / kind / f"{source.stem}.json"] = parse(jcs.encode(value)).json()
    return made


def published(table: dict[str, Any]) -> dict[str, Any]:
    """The JSON value of a table: rows of parameters become objects, a rule's usual fields are filled in."""
    value: dict[str, Any] = _parameters(table)
    if value["kind"] == "code":
        value["rules"] = [RULE_DEFAULTS | rule for rule in value["rules"]]
    return value | {"v": 1}


def _parameters(value: Any) -> Any:
    match value:
        case dict():
            return {name: _parameters(item) for name, item in value.items()}
        case [str(), str(), str(), str(), str(), "published" | "proposal"]:
            return dict(zip(COLUMNS, value, strict=True))
        case list():
            return [_parameters(item) for item in value]
        case _:
            return value


if __name__ == "__main__":
    raise SystemExit(made_files.main(__doc__, build()))
