"""The commands `python -m oracle document …` and `manual`, at the home of a node that does not run."""

from __future__ import annotations

import argparse
import json
import mimetypes
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from carbonledger.accounting import exact, units
from carbonledger.accounting.calibration import CASES, DATA, Calibration
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.lines import item_id
from carbonledger.errors import Malformed
from carbonledger.mrv.evidence import PURPOSES, Manual, Measured, MeterCase, fixed_text
from carbonledger.periods import month_bounds
from oracle import documents
from oracle.node import OracleNode

Open = Callable[[Path], OracleNode]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], opened: Open) -> None:
    """Adds the two commands; `opened` opens the node of a home."""
    document = commands.add_parser("document", help="keep documents and enter them into the log").add_subparsers(
        dest="what", required=True
    )
    adding = document.add_parser("add", help="keep a file and enter it; prints its log index")
    adding.add_argument("file", type=Path)
    adding.add_argument("--home", type=Path, required=True)
    adding.add_argument("--purpose", required=True, choices=PURPOSES)
    adding.add_argument("--name", help="instead of the file's name")
    adding.add_argument("--number", help="the number printed on it")
    adding.add_argument("--issued", type=date.fromisoformat, metavar="YYYY-MM-DD")
    adding.add_argument("--sampled", type=date.fromisoformat, metavar="YYYY-MM-DD", help="day of a lab report's sample")
    adding.set_defaults(action=lambda arguments: _add(arguments, opened))
    listing = document.add_parser("list", help="documents, what they support, and what is odd about them")
    listing.add_argument("--home", type=Path, required=True)
    listing.set_defaults(action=lambda arguments: _list(arguments, opened))

    manual = commands.add_parser("manual", help="enter a value that no meter sent; prints its log index")
    manual.add_argument("--home", type=Path, required=True)
    manual.add_argument("--line", required=True, help="code of the rule set's line")
    manual.add_argument("--item", default="", help="production unit or fuel, as the report names it")
    manual.add_argument("--month", required=True, metavar="YYYY-MM")
    manual.add_argument("--quantity", nargs=2, metavar=("VALUE", "UNIT"), help="such as 1234.5 t")
    manual.add_argument("--parameter", nargs=3, action="append", default=[], metavar=("NAME", "VALUE", "UNIT"))
    manual.add_argument(
        "--conservative", action="append", default=[], metavar="NAME", help="this parameter is a value on the safe side"
    )
    manual.add_argument(
        "--missing", nargs=2, action="append", default=[], metavar=("NAME", "REASON"),
        help="a parameter that was to be measured and was not; the rule set says what stands in",
    )  # fmt: skip
    manual.add_argument("--case", choices=CASES, help="how the quantity's meter was calibrated (CETS-VG-01.01, 3.4.1)")
    manual.add_argument("--device", help="the enrolled meter whose month the case is of, instead of --quantity")
    manual.add_argument("--required", nargs=2, metavar=("VALUE", "UNIT"), help="accuracy required, such as 0.5 %%")
    manual.add_argument("--calibrated", nargs=2, metavar=("VALUE", "UNIT"), help="accuracy found, such as 0.7 %%")
    manual.add_argument("--covered", nargs=2, metavar=("VALUE", "UNIT"), help="what was read while calibrated")
    manual.add_argument("--data", choices=DATA, default="activity", help="production where the line is deducted")
    manual.add_argument("--document", type=int, action="append", default=[], metavar="INDEX")
    manual.add_argument("--replaces", type=int, metavar="INDEX", help="the entry that this one corrects")
    manual.add_argument("--reason", required=True)
    manual.set_defaults(action=lambda arguments: _enter(arguments, opened))


def _add(arguments: argparse.Namespace, opened: Open) -> int:
    data = arguments.file.read_bytes()
    node = opened(arguments.home)
    try:
        index = documents.add(
            node,
            data,
            name=arguments.name or arguments.file.name,
            purpose=arguments.purpose,
            media_type=mimetypes.guess_type(arguments.file.name)[0] or "application/octet-stream",
            number=arguments.number,
            issued=arguments.issued,
            sampled=arguments.sampled,
        )
    finally:
        node.close()
    print(index)
    return 0


def _list(arguments: argparse.Namespace, opened: Open) -> int:
    """1 where something is odd."""
    node = opened(arguments.home)
    try:
        found = documents.listed(node)
        rows = [
            {
                "index": index,
                "kept": documents.read(node, document.digest) is not None,
                "supports": [i for i, manual in found.manuals.items() if index in manual.documents],
                **document.content(),
            }
            for index, document in found.documents.items()
        ]
    finally:
        node.close()
    flags = [{"flag": flag.name, "index": flag.index, "text": flag.text} for flag in found.flags()]
    print(json.dumps({"documents": rows, "flags": flags}, ensure_ascii=False, indent=2))
    return 1 if flags or not all(row["kept"] for row in rows) else 0


def _enter(arguments: argparse.Namespace, opened: Open) -> int:
    year, month = _month(arguments.month)
    quantity = None if arguments.quantity is None else _quantity("--quantity", *arguments.quantity)
    named = {name for name, _, _ in arguments.parameter}
    if strange := sorted(set(arguments.conservative) - named):
        raise Malformed("--conservative", expected="the name of a --parameter", found=strange[0])
    manual = Manual(
        line=arguments.line,
        item=item_id(arguments.item),
        year=year,
        month=month,
        period=month_bounds(year, month),
        reason=arguments.reason,
        quantity=None if quantity is None else quantity.value,
        unit=None if quantity is None else quantity.unit,
        parameters={
            name: replace(_measured(value, unit), tier="conservative" if name in arguments.conservative else "measured")
            for name, value, unit in arguments.parameter
        },
        documents=tuple(sorted(set(arguments.document))),
        replaces=arguments.replaces,
        meter=_case(arguments),
        missing=dict(arguments.missing) or None,
    )
    node = opened(arguments.home)
    try:
        index = documents.enter(node, manual)
    finally:
        node.close()
    print(index)
    return 0


def _quantity(option: str, value: str, unit: str) -> units.Quantity:
    if unit not in units.KIND_OF:
        raise Malformed(option, expected="a unit of " + ", ".join(units.QUANTITY_UNITS), found=unit)
    base = units.KINDS[units.KIND_OF[unit]][0]
    fields = Node({"unit": unit, "value": value}).fields(("unit", "value"))
    return units.whole(units.amount(fields["unit"], fields["value"], base), fields["value"], base)


def _case(arguments: argparse.Namespace) -> MeterCase | None:
    """The case of the quantity's meter, or of `--device`."""
    if arguments.case is None:
        given = [n for n in ("device", "required", "calibrated", "covered") if getattr(arguments, n) is not None]
        if given:
            raise Malformed(f"--{given[0]}", expected="--case beside it", found="none")
        return None
    if arguments.required is None:
        raise Malformed("--case", expected="--required: the accuracy that the guideline asks for", found="none")
    covered = None if arguments.covered is None else Fraction(_quantity("--covered", *arguments.covered).value)
    calibrated = None if arguments.calibrated is None else _share("--calibrated", *arguments.calibrated)
    required = _share("--required", *arguments.required)
    found = MeterCase(Calibration(arguments.case, arguments.data, required, calibrated, covered), arguments.device)
    MeterCase.parse(found.content())
    return found


def _share(option: str, value: str, unit: str) -> Fraction:
    """An accuracy as a share; a meter of class 0.5 has 0.5 %."""
    if unit not in units.PARAMETERS["1"]:
        raise Malformed(option, expected="a unit of " + ", ".join(units.PARAMETERS["1"]), found=unit)
    fields = Node({"unit": unit, "value": value}).fields(("unit", "value"))
    share = units.parameter(fields["unit"], fields["value"], "1")
    return Fraction(exact.fixed(share, option, "1"), exact.SCALE)


def _measured(value: str, unit: str) -> Measured:
    """In the base unit of the parameter. A unit of several bases is refused unless the base stands behind it: %[1]."""
    written, bracket, base = unit.removesuffix("]").partition("[")
    bases = [known for known, all_ in units.PARAMETERS.items() if written in all_]
    if not bases:
        raise Malformed("--parameter", expected="a unit of " + ", ".join(units.PARAMETER_UNITS), found=unit)
    if bracket and (base not in bases or not unit.endswith("]")):
        raise Malformed("--parameter", expected=" or ".join(f"{written}[{b}]" for b in bases), found=unit)
    if not bracket and written not in bases and len(bases) > 1:
        fields = Node({"unit": written, "value": value}).fields(("unit", "value"))
        readings = " or ".join(
            f"{written}[{b}], which is {exact.text(units.parameter(fields['unit'], fields['value'], b))} {b}"
            for b in bases
        )
        raise Malformed(
            f"--parameter: {value} {written} can be read in {len(bases)} ways", expected=readings, found=unit,
            remedy="Write which it is",
        )  # fmt: skip
    base = base or (written if written in bases else bases[0])
    fields = Node({"unit": written, "value": value}).fields(("unit", "value"))
    amount = units.parameter(fields["unit"], fields["value"], base)
    found = Measured(base, exact.fixed(amount, fields["value"].path, base))
    assert Measured.parse(found.content()) == found, fixed_text(found.value)
    return found


def _month(text: str) -> tuple[int, int]:
    year, _, month = text.partition("-")
    if len(text) != 7 or not (year + month).isdecimal() or not 1 <= int(month) <= 12:
        raise Malformed("--month", expected="a month such as 2025-03", found=repr(text)[:40])
    return int(year), int(month)
