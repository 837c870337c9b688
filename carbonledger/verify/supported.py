"""What the manual entries of a report support: quantities and measured parameters of its lines, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.lines import Line, month_item
from carbonledger.accounting.parameters import mean_for_missing
from carbonledger.accounting.rule_set import TIERS, LineRule, RuleSet
from carbonledger.bundle.model import Bundle, Report
from carbonledger.errors import Invalid, Unknown
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Document, Manual
from carbonledger.verify.context import at_entry

LineKey = tuple[str, bytes]
"""Code of a line, and its base item."""

DEFAULT: Final = TIERS["default"]


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

    def cases(self) -> dict[tuple[str, int], Manual]:
        """(device, month) → the entry that says how the device was calibrated."""
        return support.cases(self.manuals)

    def corrected(self, device: str, months: Sequence[int]) -> list[int]:
        """A device's twelve quantities, corrected for its calibration where an entry says how that was."""
        cases = self.cases()
        found = list(months)
        for number, measured in enumerate(months, 1):
            manual = cases.get((device, number))
            if manual is not None and manual.meter is not None:
                found[number - 1] = manual.meter.counted(measured)
        return found

    def caveat(self, measured: Mapping[tuple[str, int], int]) -> str | None:
        """What a reader should know: which figures rest on documents, what is odd about these, what was corrected.

        `measured` are the devices' quantities by month.
        """
        if not self.manuals:
            return None
        lines = sorted({m.line for m in self.manuals.values() if m.quantity is not None})
        values = sorted({name for m in self.manuals.values() for name in m.parameters or {}})
        what = [f"quantities of {', '.join(lines)}"] if lines else []
        what += [f"parameters {', '.join(values)}"] if values else []
        said = f"{len(self.manuals)} manual entries and {len(self.documents)} documents"
        parts = [f"{' and '.join(what)} rest on {said}" if what else f"there are {said}"]
        parts += [flag.text for flag in support.flags(self.documents, self.manuals)]
        for manual in self.manuals.values():
            if manual.meter is not None:
                meter = manual.meter
                read = manual.quantity or 0 if meter.device is None else measured.get((meter.device, manual.month), 0)
                whose = meter.device or f"line {manual.line}"
                parts.append(
                    f"{whose}, month {manual.month}, meter {meter.calibration.case}: {read} counts as"
                    f" {meter.counted(read)}"
                )
            for name, reason in sorted((manual.missing or {}).items()):
                parts.append(f"{name} of line {manual.line}, month {manual.month}, is missing: {reason}")
        return "; ".join(parts)


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
    """Invalid unless the enterprise's own parameters are those of the manual entries; Unknown for one that has none."""
    named: dict[Line, set[str]] = {}
    for (code, item, _, month), values in support.parameters(found.manuals.values()).items():
        line, rule, what = _own_line(folded, rules, (code, item), month)
        for name, value in values.items():
            at = _place(rule, name, f"{what}, in {value.unit}")
            if rule.parameters[at].unit != value.unit:
                expected = rule.parameters[at].unit
                raise Invalid(f"unit of parameter {name} of {what}", expected=expected, found=value.unit)
            rounded = rules.rounded_parameter(Fraction(value.value, SCALE), value.unit) * SCALE
            _require_word(line, at, TIERS[value.tier], int(rounded).to_bytes(32, "big"), f"{name} of {what}")
            named.setdefault(line, set()).add(name)
    for (code, item, _, month), reasons in support.missing(found.manuals.values()).items():
        line, rule, what = _own_line(folded, rules, (code, item), month)
        for name in sorted(reasons):
            if name in named.get(line, ()):
                raise Invalid(f"parameter {name} of {what}", expected="a value or the reason for none", found="both")
            at = _place(rule, name, what)
            tier, word = _stand_in(folded, rule, at, (code, item), what)
            _require_word(line, at, tier, word, f"{name} of {what}, which is missing")
        named.setdefault(line, set()).update(reasons)
    for line in report.lines:
        own = rules.line(line.code)
        for at, parameter in enumerate(own.parameters if own else ()):
            if line.tier(at) != DEFAULT and parameter.name not in named.get(line, ()):
                raise Unknown(
                    f"parameter {parameter.name} of line {line.code}",
                    expected="a manual entry that gives it",
                    found="none in the bundle",
                    remedy="The enterprise has the lab report",
                )


def _own_line(folded: Folded, rules: RuleSet, key: LineKey, month: int) -> tuple[Line, LineRule, str]:
    """The line that stands for one month of a base item, its rule, and how sentences name it."""
    code, item = key
    what = f"line {code}, month {month}"
    line, rule = folded.lines.get((key, month)), rules.line(code)
    if line is None or rule is None or line.item == item:
        raise Invalid(f"parameters of {what}", expected="a line of this month alone", found="none in the report")
    return line, rule, what


def _place(rule: LineRule, name: str, what: str) -> int:
    names = [parameter.name for parameter in rule.parameters]
    if name not in names:
        raise Invalid(f"parameter {name} of {what}", expected=" ".join(names), found=name)
    return names.index(name)


def _require_word(line: Line, at: int, tier: int, word: bytes, what: str) -> None:
    if (line.tier(at), line.parameters[at]) != (tier, word):
        raise Invalid(
            f"parameter {what}",
            expected=f"tier {tier}, word {word.hex()}",
            found=f"tier {line.tier(at)}, word {line.parameters[at].hex()}",
        )


def _stand_in(folded: Folded, rule: LineRule, at: int, key: LineKey, what: str) -> tuple[int, bytes]:
    """Tier and word of what the rule set puts for a missing value: the mean of the measured months, or the default."""
    parameter = rule.parameters[at]
    if parameter.missing == "refuse" or parameter.factor is None:
        raise Invalid(f"parameter {parameter.name} of {what}", expected="a value", found="the reason for none")
    measured = [
        int.from_bytes(line.parameters[at], "big")
        for (of, _), line in folded.lines.items()
        if of == key and line.item != key[1] and line.tier(at) == TIERS["measured"]
    ]
    mean = mean_for_missing(parameter, measured)
    return (DEFAULT, parameter.factor) if mean is None else (TIERS["conservative"], mean.to_bytes(32, "big"))
