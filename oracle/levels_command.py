"""`python -m oracle levels`: totals, comparisons and the set of tables, from the node's own store."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from carbonledger.errors import Malformed
from oracle import levels, levels_file, levels_xlsx
from oracle.files import Files
from oracle.store import Store

FILE_NAME = "levels.toml"


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser("levels", help="totals by plant, unit, line, device, shift")
    parser.add_argument("--home", type=Path, required=True, help="where the node keeps everything")
    parser.add_argument("--levels", type=Path, help=f"levels file (default HOME/{FILE_NAME})")
    parser.add_argument("--year", type=int, required=True)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--by", choices=("month", "day", "shift"), default="month")
    what.add_argument("--compare", choices=("devices", "shifts", "periods"))
    what.add_argument("--xlsx", type=Path, metavar="FILE", help="write totals and all comparisons as one XLSX")
    what.add_argument("--tables", type=Path, metavar="DIR", help="write original, ledger and statistics as CSV")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true")
    form.add_argument("--json", action="store_true")
    parser.set_defaults(action=run)


def read(home: Path, file: Path | None, year: int) -> levels.Year:
    """The year of a home; Malformed where there is no store or no levels file."""
    path = home / "store.db"
    if not path.is_file():
        raise Malformed("home of a node", expected=f"a file {path.name} in it", found="none")
    tree = levels_file.load(file or home / FILE_NAME)
    store = Store(path, Files())
    try:
        return levels.Year.read(store, tree, year)
    finally:
        store.close()


def run(arguments: argparse.Namespace) -> int:
    """0 done; refusals come as errors."""
    year = read(arguments.home, arguments.levels, arguments.year)
    if arguments.tables is not None:
        arguments.tables.mkdir(parents=True, exist_ok=True)
        for name, (head, rows) in levels.tables(year).items():
            with (arguments.tables / f"{name}-{year.year}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([head, *rows])
        return 0
    if arguments.xlsx is not None:
        arguments.xlsx.write_bytes(levels_xlsx.workbook(year))
        return 0
    if arguments.compare is not None:
        values = [levels.compare_json(found) for found in year.compare(arguments.compare)]
    else:
        values = [levels.row_json(row) for row in year.totals(arguments.by)]
    if arguments.json:
        print(json.dumps(values, ensure_ascii=False, indent=1))
        return 0
    flat = [_flat(value) for value in values]
    if arguments.csv:
        csv.writer(sys.stdout).writerows([list(flat[0]) if flat else [], *(row.values() for row in flat)])
        return 0
    for row in flat:
        print("  ".join(f"{name} {value}" for name, value in row.items() if value != ""))
    return 0


def _flat(value: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, item in value.items():
        if isinstance(item, dict):
            found[name], found["unit"] = item["value"], item["unit"]
        else:
            found[name] = "" if item is None else str(item)
    return found
