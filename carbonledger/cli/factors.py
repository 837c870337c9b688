"""`carbonledger factors`: list and show the factor library, and import a table of new factors.

Exit codes: 0 done (of an import: nothing is wrong), 1 the table has errors or conflicts and nothing was written, 2
misuse or a file that is no table.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import exact, library, tables, text
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.tables import Import
from carbonledger.acts import Act
from carbonledger.cli import answers, files
from carbonledger.errors import CarbonLedgerError, Malformed, Unknown

DONE, WRONG, REFUSED = 0, 1, 2
MAX_TABLE: Final = 16 * 1024 * 1024


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "factors",
        help="list, show and import emission factors",
        description="The factor library: what it holds, with source, evidence and reporting years; import of a table.",
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    listed = kinds.add_parser("list", help="list the library")
    listed.add_argument("--guideline", help="only of this guideline")
    listed.add_argument("--year", type=int, help="only what may be used for this reporting year")
    shown = kinds.add_parser("show", help="all that is known of a factor")
    shown.add_argument("name", metavar="NAME", help="id, row, row@region, or full name (guideline version row)")
    taken = kinds.add_parser(
        "import",
        help="check a table and make a library file of it",
        description="Checks every row of a table (columns: docs/factors.md), says what it adds, what is there already "
        "and what conflicts, and writes a library file and the acts that a quorum signs.",
    )
    taken.add_argument("file", metavar="FILE", help="CSV in UTF-8, or XLSX (first sheet)")
    taken.add_argument("--dry-run", action="store_true", help="only say what it would do")
    taken.add_argument(
        "--known", metavar="FILE", action="append", default=[], help="library file known beside the package"
    )
    taken.add_argument("--out", metavar="FILE", help="new library file (JSON)")
    taken.add_argument("--acts", metavar="FILE", help="new file of the acts that a quorum signs (JSON)")
    for one in (listed, shown, taken):
        one.add_argument("--json", action="store_true", help="answer in JSON")
        one.add_argument("--lang", choices=text.LANGUAGES, default="en", help="language of titles (default en)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    try:
        match args.what:
            case "list":
                return _list(args)
            case "show":
                return _show(args)
            case _:  # import: argparse has seen to it
                return _import(args)
    except CarbonLedgerError as error:
        print(f"carbonledger factors: {error}", file=sys.stderr)
        return REFUSED


def _list(args: argparse.Namespace) -> int:
    records = [
        record
        for record in library.records()
        if args.guideline in (None, record["guideline"])
        and (args.year is None or _in_force(record["years"], args.year))
    ]
    if args.json:
        answers.print_json(records)
        return DONE
    for record in records:
        published, tag = record["published"], f"{record['evidence']}  {record['title'][args.lang]}"
        reference = record["row"] + (f"@{record['region']}" if record["region"] else "")
        name = f"{record['guideline']} {record['version']} {reference}"
        print(f"{name}  {published['value']} {published['unit']}  {_years(record['years'])}  {tag}")
    return DONE


def _show(args: argparse.Namespace) -> int:
    found = {factor.id.hex() for factor in library.factors().named(args.name)}
    records = [record for record in library.records() if record["factor"] in found]
    if not records:
        raise Unknown(f"factor {args.name!r}", expected="an id, a row, row@region or a full name of `factors list`")
    if args.json:
        answers.print_json(records)
        return DONE
    for record in records:
        print(record["title"][args.lang])
        for name in ("factor", "guideline", "version", "row", "region", "data_year", "evidence", "source"):
            print(f"  {name}: {record[name]}")
        published = record["published"]
        print(f"  published: {published['value']} {published['unit']}  ({record['value']} {record['unit']})")
        print(f"  reporting years: {_years(record['years'])}")
    return DONE


def _import(args: argparse.Namespace) -> int:
    if not args.dry_run and args.out is None and args.acts is None:
        raise Malformed("the arguments", expected="--dry-run, or --out and/or --acts", found="none of them")
    known = library.factors()
    for name in args.known:
        known = known.with_(library_file(name))
    found = tables.load(_cells(args.file), known)
    if args.json:
        answers.print_json(_answer(found))
    else:
        print(_text(found))
    if not found.clean:
        return WRONG
    if not args.dry_run:
        _write(args.out, found.library())
        _write(args.acts, jcs.encode(acts(entry.factor for entry in found.added if entry.factor.years is not None)))
    return DONE


def acts(factors: Iterable[Factor]) -> list[dict[str, Any]]:
    """What a quorum signs, as `POST /v1/acts` takes it, but for the deadline, which whoever files it adds."""
    made = []
    for factor in factors:
        # the reference makes the act's id one for one factor, whoever files it
        reference = sha256(b"carbonledger/reference/v1\0factor\0" + factor.id).digest()
        act = Act("Factor", **factor.act_fields(), reference=reference, deadline=0)
        fields = {name: _field(act[name]) for _, name in act.type.fields if name != "deadline"}
        made.append({"act": "Factor", "act_id": act.id.hex(), "fields": fields, "name": factor.full_name})
    return made


def _field(value: bytes | int) -> str | int:
    if isinstance(value, bytes):
        return value.hex()
    return value if value < 2**53 else str(value)


def _cells(name: str) -> list[list[str]]:
    raw = files.read(name, MAX_TABLE)
    if len(raw) > MAX_TABLE:
        raise Malformed("the table is too large", expected=f"at most {MAX_TABLE} bytes", found="more")
    return _xlsx(raw) if raw.startswith(b"PK\x03\x04") else tables.parse_csv(raw)


def _xlsx(raw: bytes) -> list[list[str]]:
    """The first sheet. A number's cell is the shortest decimal that reads back as it: what the sheet shows."""
    try:
        calamine = importlib.import_module("python_calamine")
    except ImportError as error:
        raise Malformed(
            "an XLSX file",
            expected="the package python-calamine (extra `services`)",
            found="not installed",
            remedy="Install it, or save the sheet as CSV UTF-8",
        ) from error
    try:
        sheet = calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0).to_python(nrows=tables.MAX_ROWS + 2)
    except calamine.CalamineError as error:
        raise Malformed("an XLSX file", expected="a workbook with a sheet", found=str(error)[:200]) from error
    return [[_cell(value) for value in row] for row in sheet]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else exact.plain(value)
    return str(value)


def library_file(name: str) -> list[Factor]:
    """The factors of a library file, as `factors import --out` writes it; errors name their place in it."""
    decoded = Node(jcs.decode(files.read(name, MAX_TABLE)))
    return [library.factor_of(item) for item in decoded.items(most=100_000)]


def _write(name: str | None, data: bytes) -> None:
    if name is None:
        return
    try:
        with Path(name).open("xb") as file:
            file.write(data)
    except OSError as error:
        raise Malformed(f"file {name}", expected="a new file", found=error.strerror or str(error)) from error


def _answer(found: Import) -> dict[str, Any]:
    return {
        "added": [entry.record() for entry in found.added],
        "conflicts": [
            {"kind": item.kind, "row": item.entry.row, "factor": item.entry.record(), "other": item.other.to_json()}
            for item in found.conflicts
        ],
        "errors": [
            {"row": e.row, "column": e.column, "message": e.message, "expected": e.expected, "found": e.found}
            for e in found.errors
        ],
        "present": [{"row": entry.row, "factor": entry.factor.id.hex()} for entry in found.present],
    }


def _text(found: Import) -> str:
    lines = []
    for entry in found.added:
        unit, value = entry.published
        lines.append(f"+ row {entry.row}: {entry.factor.full_name}  {value} {unit}  {_years(entry.factor.years)}")
        if entry.factor.years is None:
            lines.append("    its reporting years are not known: it cannot be published")
    lines += [f"= row {entry.row}: {entry.factor.full_name} is there already" for entry in found.present]
    for item in found.conflicts:
        what = {"overwrite": "another content of a known key", "overlap": "years that overlap with"}[item.kind]
        other = f"{item.other.full_name} {exact.fixed_text(item.other.value)} {item.other.unit}"
        lines.append(f"X row {item.entry.row}: {item.kind}: {what}: {other}, {_years(item.other.years)}")
    lines += [f"X {error}" for error in found.errors]
    counts = (len(found.added), len(found.present), len(found.conflicts), len(found.errors))
    lines.append("{} to add, {} there already, {} conflicts, {} errors".format(*counts))
    return "\n".join(answers.printable(line) for line in lines)


def _in_force(years: list[int] | None, year: int) -> bool:
    return years is not None and years[0] <= year and (years[1] == 0 or year <= years[1])


def _years(years: Any) -> str:
    return "years not known" if years is None else f"{years[0]}-{years[1] or ''}"
