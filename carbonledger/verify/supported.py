"""What the manual entries of a report support: quantities and measured parameters of its lines, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.lines import Line, month_item
from carbonledger.accounting.rule_set import TIERS, RuleSet
from carbonledger.bundle.model import Bundle, Report
from carbonledger.errors import Invalid, Unknown
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Document, Manual, Measured
from carbonledger.verify.context import at_entry

LineKey = tuple[str, bytes]
"""Code of a line, and its base item."""

MEASURED: Final = TIERS["measured"]


@dataclass(frozen=True, slots=True)
class Supported:
    """The report's manual and document entries, by log index."""

    manuals: Mapping[int, Manual]
    documents: Mapping[int, Document]

    @property
    def months(self) -> dict[int, int]:
        """Log index of a manual entry → its month."""
        return {index: manual.month for index, manual in self.manuals.items()}

    def amounts(self) -> dict[tuple[LineKey, int], int]:
        """(line, month) → the quantity by hand; a month with parameters alone is not in it."""
        return {((line, item), month): q for (line, item, _, month), q in _amounts(self.manuals.values()).items()}

    def caveat(self) -> str | None:
        """What a reader should know: which figures rest on documents, and what is odd about these."""
        if not self.manuals:
            return None
        lines = sorted({m.line for m in self.manuals.values() if m.quantity is not None})
        values = sorted({name for m in self.manuals.values() for name in m.parameters or {}})
        what = [f"quantities of {', '.join(lines)}"] if lines else []
        what += [f"parameters {', '.join(values)}"] if values else []
        said = f"{' and '.join(what)} rest on {len(self.manuals)} manual entries and {len(self.documents)} documents"
        return "; ".join([said, *(flag.text for flag in support.flags(self.documents, self.manuals))])


_amounts = support.amounts


def supported(bundle: Bundle, year: int) -> Supported:
    """The entries, parsed; Invalid for one of another year, or a document that is missing, unnamed or too late."""
    manuals, documents = {}, {}
    for item in bundle.entries:
        if item.body.kind == "manual":
            manuals[item.index] = Manual.parse(item.body.content)
            if manuals[item.index].year != year:
                raise Invalid(f"year of {at_entry(item)}", expected=year, found=manuals[item.index].year)
        elif item.body.kind == "document":
            documents[item.index] = Document.parse(item.body.content)
    named = set()
    for index, manual in manuals.items():
        for document in manual.documents:
            if document not in documents or document >= index:
                found = "not in the bundle" if document not in documents else "later in the log"
                raise Invalid(f"document {document} of manual entry {index}", expected="an earlier entry", found=found)
            named.add(document)
        if manual.replaces in manuals:
            raise Invalid("manual entries of the report", expected="none replaced", found=f"entry {manual.replaces}")
    if unnamed := sorted(set(documents) - named):
        raise Invalid("documents of the bundle", expected="each named by a manual entry", found=f"entry {unnamed[0]}")
    return Supported(manuals, documents)


@dataclass(frozen=True, slots=True)
class Folded:
    """The report's lines by base item: `wanted` twelve quantities each; `lines` who holds a month of a base item."""

    wanted: dict[LineKey, list[int]]
    lines: dict[tuple[LineKey, int], Line]


def fold(report: Report, bases: Iterable[bytes], year: int) -> Folded:
    """Lines that stand for one month of a base item are put together; Invalid if a month is counted twice.

    `bases` are the items that may have such lines: the production units, and those that manual entries name.
    """
    months = {month_item(base, year, month): (base, month) for base in set(bases) for month in range(1, 13)}
    lines = {(line.code, line.item): line for line in report.lines}
    wanted: dict[LineKey, list[int]] = {}
    holders: dict[tuple[LineKey, int], Line] = {}
    for (code, item), line in lines.items():
        base, _ = months.get(item, (item, 0))
        wanted.setdefault((code, base), [0] * 12)
        if item in months:
            holders[(code, base), months[item][1]] = line
    for number, month in enumerate(report.months, 1):
        for stated in month.statement.lines:
            base, only = months.get(stated.item, (stated.item, number))
            key = (stated.code, base)
            if only != number and stated.quantity:
                raise Invalid(f"line {stated.code} of month {only}", expected="none in other months", found=number)
            if stated.quantity and wanted[key][number - 1]:
                raise Invalid(f"line {stated.code}, month {number}", expected="counted once", found="twice")
            wanted[key][number - 1] += stated.quantity
            if only == number and stated.item == base:
                holders.setdefault((key, number), lines[key])
    return Folded(wanted, holders)


def check_parameters(found: Supported, folded: Folded, rules: RuleSet, report: Report) -> None:
    """Invalid unless the measured parameters are those of the manual entries; Unknown for one that has none."""
    given = support.parameters(found.manuals.values())
    measured: dict[Line, Mapping[str, Measured]] = {}
    for (code, item, _, month), values in given.items():
        what = f"line {code}, month {month}"
        line = folded.lines.get(((code, item), month))
        rule = rules.line(code)
        if line is None or rule is None or line.item == item:
            raise Invalid(f"parameters of {what}", expected="a line of this month alone", found="none in the report")
        measured[line] = values
        names = [parameter.name for parameter in rule.parameters]
        for name, value in values.items():
            if name not in names or rule.parameter(name).unit != value.unit:
                raise Invalid(f"parameter {name} of {what}", expected=" ".join(names), found=f"{name} in {value.unit}")
            at = names.index(name)
            rounded = rules.rounded_parameter(Fraction(value.value, SCALE), value.unit) * SCALE
            if line.tier(at) != MEASURED or int.from_bytes(line.parameters[at], "big") != rounded:
                raise Invalid(
                    f"parameter {name} of {what} (1e-18 {value.unit})",
                    expected=f"{rounded}, measured",
                    found=f"tier {line.tier(at)}, word {line.parameters[at].hex()}",
                )
    for line in report.lines:
        rule = rules.line(line.code)
        for at, parameter in enumerate(rule.parameters if rule else ()):
            if line.tier(at) == MEASURED and parameter.name not in measured.get(line, {}):
                raise Unknown(
                    f"parameter {parameter.name} of line {line.code}",
                    expected="a manual entry that gives it",
                    found="none in the bundle",
                    remedy="The enterprise has the lab report",
                )
