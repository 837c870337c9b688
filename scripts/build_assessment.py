#!/usr/bin/env python3
"""Makes the parameter sets of carbonledger/assessment from the tables in scripts/assessment.

python scripts/build_assessment.py           write the JSON files
python scripts/build_assessment.py --check   exit 1 and name the files that differ from the tables
"""

from __future__ import annotations

import argparse
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

TABLES = ROOT / "scripts" / "assessment"
TARGET = ROOT / "carbonledger" / "assessment" / "data"
COLUMNS = ("name", "value", "unit", "source", "evidence", "label")
RULE_DEFAULTS: dict[str, Any] = {"decides": "yes", "family": "", "parameters": [], "printed": "yes"}


def main() -> int:
    """Write, or compare, all files."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="only compare")
    check = arguments.parse_args().check
    stale = []
    for path, content in build().items():
        if path.exists() and path.read_bytes() == content:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name in stale:
        print(f"{'differs' if check else 'wrote'} {name}")
    return 1 if check and stale else 0


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
    raise SystemExit(main())
