"""Step 14: quantities, months, lines, rule set, result; each follows from the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final

from carbonledger import numbered
from carbonledger.accounting import units
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.factors import Published
from carbonledger.accounting.lines import Line, lines_digest
from carbonledger.accounting.names import name32, name_of
from carbonledger.accounting.rule_set import STATUS, RuleSet
from carbonledger.bundle.model import Report
from carbonledger.errors import CarbonLedgerError, Invalid, Unknown
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.month_statement import commitment
from carbonledger.records import Record
from carbonledger.verify.context import Context, Proven
from carbonledger.verify.quantities import Quantities, manifests_of, quantities, silence
from carbonledger.verify.supported import LineKey, Supported, check_parameters, fold, supported
from carbonledger.verify.verdict import Finding, not_applicable

MAX_TRIALS: Final = 50_000
MAX_CHOOSING: Final = 100
DRAFT: Final = 4
QUIET_MS: Final = 3_600_000


def figures(context: Context, measured: Quantities | None = None) -> Finding:
    """14. Quantities follow from the entries, months sum to lines, the result follows from lines, rule set, factors.

    `measured` replaces what the bundle's entries say by what a replay of all readings found.
    """
    report = context.bundle.report
    if report is None:
        return not_applicable("A reading has no figures of a report.")
    proven, record = context.proven, context.report_record
    year: int = record.field("year")
    by_hand = supported(context.bundle, year)
    _statements(context, report, record, by_hand)
    rules = _rule_set(proven, report, record)
    lines_follow(report, rules, record)
    try:
        found = evaluate(rules, year, report.lines, _factors(proven, rules, report.lines)).emission
    except Unknown:
        raise
    except CarbonLedgerError as error:
        raise Invalid(f"the lines do not compute: {error}") from error
    if found != record.field("emission"):
        raise Invalid("emission of the report (g)", expected=found, found=record.field("emission"))
    devices = {device.identifier: proven.get("device", object_id(device.identifier)) for device in report.devices}
    sums = quantities(context.bundle, year, devices) if measured is None else measured
    attribute(report, rules, devices, sums, by_hand, year)
    total = sum(sums.values())
    hand = f" and {len(by_hand.manuals)} manual entries" if by_hand.manuals else ""
    return Finding(
        f"{len(report.lines)} lines over twelve months follow from {len(devices)} meters' registers"
        f" (sum {total} base units){hand} and give {found} gCO2e under {rules.key}"
        f"{_caveats(context, year, rules, devices, by_hand, sums)}."
    )


def _caveats(
    context: Context, year: int, rules: RuleSet, devices: Mapping[str, Record], by_hand: Supported, sums: Quantities
) -> str:
    """What holds and yet a reader should know: flags, silence, and values that nobody compared with their source."""
    report, said = context.bundle.report, []
    used = set(factors_of(rules, report.lines)) if report else set()
    if rules.status == "unverified" or any(f.unverified for f in rules.factors if f.id in used):
        said.append("the rule set has values that were not compared with their source")
    measured = sorted({line.code for line in (report.lines if report else ()) if line.tiers})
    if measured:
        said.append(f"parameters of {', '.join(measured)} are the enterprise's own")
    if (rests := by_hand.caveat(sums)) is not None:
        said.append(rests)
    flags: dict[str, int] = {}
    for found in manifests_of(context.bundle, year).values():
        for name, count in found.manifest.flags.items():
            flags[name] = flags.get(name, 0) + count
    if flags:
        said.append("the gateway flagged " + ", ".join(f"{name} {flags[name]}" for name in sorted(flags)))
    quiet, whose = silence(context.bundle, year, devices)
    if quiet > QUIET_MS:
        said.append(f"{whose} shows no reading for up to {quiet // 3_600_000} h before a month's boundary")
    return "".join(f"; {caveat}" for caveat in said)


def _statements(context: Context, report: Report, record: Record, by_hand: Supported) -> None:
    """Each month statement is the one committed to, names its entries, and the twelve are the report's."""
    proven, bundle = context.proven, context.bundle
    member, year, size = record.field("member"), record.field("year"), record.field("logSize")
    head = bundle.log.checkpoint
    if size > head.size or (size == head.size and record.field("logRoot") != head.root):
        raise Invalid("head that the report names", expected=f"within size {head.size}", found=size)
    beyond = next((item.index for item in bundle.entries if item.index >= size), None)
    if beyond is not None:
        raise Invalid("entries of the report", expected=f"below its head's size {size}", found=beyond)
    months = sorted(proven.of_kind("month"), key=lambda month: month.field("month"))
    if [month.field("month") for month in months] != list(range(1, 13)):
        raise Invalid("months of the report", expected="twelve", found=[month.field("month") for month in months])
    digest = keccak256(b"".join(month.id for month in months))
    if digest != record.field("monthsDigest"):
        raise Invalid("digest of the months", expected=record.field("monthsDigest").hex(), found=digest.hex())
    manifests = {found.index: month for (_, month), found in manifests_of(bundle, year).items()}
    named: dict[int, int] = {}
    manuals: dict[int, int] = {}
    for number, (opened, month) in enumerate(zip(report.months, months, strict=True), 1):
        statement, what = opened.statement, f"statement of month {number}"
        found = commitment(opened.raw, opened.salt)
        if found != month.field("commitment"):
            raise Invalid(f"commitment of the {what}", expected=month.field("commitment").hex(), found=found.hex())
        said = (statement.member, statement.year, statement.month, statement.origin)
        filed = (month.field("member"), month.field("year"))
        if said != (member, year, number, bundle.log.origin) or filed != (member, year):
            raise Invalid(what, expected=f"{member.hex()} {year} of {bundle.log.origin}", found=str(said)[:200])
        if statement.size > size:
            raise Invalid(f"head of the {what}", expected=f"size at most {size}", found=statement.size)
        anchored = next((a for a in proven.of_kind("anchor") if a.field("size") == statement.size), None)
        if anchored is not None and anchored.field("root") != statement.root:
            raise Invalid(f"head of the {what}", expected=anchored.field("root").hex(), found=statement.root.hex())
        for index in statement.manifests:
            if index >= statement.size or index in named:
                raise Invalid(f"manifests of the {what}", expected=f"below {statement.size}, once", found=index)
            named[index] = number
        for index in statement.manuals:
            if index >= statement.size or index in manuals:
                raise Invalid(f"manual entries of the {what}", expected=f"below {statement.size}, once", found=index)
            manuals[index] = number
    if manuals != by_hand.months:
        strange = sorted(set(manuals.items()) ^ set(by_hand.months.items()))[0]
        raise Invalid("manual entries of the months", expected="just those in the bundle", found=f"index {strange[0]}")
    if named != manifests:
        strange = sorted(set(named.items()) ^ set(manifests.items()))[0]
        raise Invalid("manifests of the months", expected="just those in the bundle", found=f"index {strange[0]}")


def _rule_set(proven: Proven, report: Report, record: Record) -> RuleSet:
    identifier = sha256(report.rule_set).digest()
    if identifier != record.field("ruleSetId"):
        raise Invalid("rule set of the report", expected=record.field("ruleSetId").hex(), found=identifier.hex())
    published = proven.get("ruleset", identifier)
    rules = RuleSet.parse(report.rule_set)
    expected = {
        "key": name32(rules.key),
        "yearFrom": rules.years[0],
        "yearTo": rules.years[1],
        "status": STATUS[rules.status],
        "formDigest": rules.form_digest(),
    }
    for name, value in expected.items():
        if published.field(name) != value:
            raise Invalid(f"{name} of the rule set on the chain", expected=value, found=published.field(name))
    if rules.status == "draft":
        raise Invalid("status of the rule set", expected="not a draft", found="draft")
    return rules


def lines_follow(report: Report, rules: RuleSet, record: Record) -> None:
    """The lines are those whose digest was filed, and each is the sum of the months."""
    digest = lines_digest(report.lines)
    if digest != record.field("linesDigest"):
        raise Invalid("digest of the lines", expected=record.field("linesDigest").hex(), found=digest.hex())
    sums: dict[LineKey, int] = {}
    for month in report.months:
        for line in month.statement.lines:
            sums[line.code, line.item] = sums.get((line.code, line.item), 0) + line.quantity
    reported = {(line.code, line.item): line.quantity for line in report.lines}
    for key in sorted(set(sums) | set(reported)):
        expected, rule = sums.get(key), rules.line(key[0])
        if expected is not None and rule is not None:
            rounded = rules.rounded_quantity(Fraction(expected), units.KIND_OF[rule.quantity])
            expected = rounded.numerator if rounded.denominator == 1 else None
        if expected != reported.get(key):
            raise Invalid(f"line {key[0]} against the months' sum", expected=expected, found=reported.get(key))


def _factors(proven: Proven, rules: RuleSet, lines: Sequence[Line]) -> Mapping[bytes, Published]:
    """The register's factors that the lines name, each as the rule set has it too; no other in the bundle."""
    embedded = {factor.id: factor for factor in rules.factors}
    found: dict[bytes, Published] = {}
    for identifier in factors_of(rules, lines):
        record = proven.get("factor", identifier)
        factor = embedded.get(identifier)
        if factor is not None:
            for name, value in factor.act_fields().items():
                if record.field(name) != value:
                    raise Invalid(f"{name} of factor {factor.reference}", expected=value, found=record.field(name))
        if record.field("evidence") == DRAFT:
            raise Invalid(f"evidence of factor {identifier.hex()}", expected="not a draft", found="draft")
        years = (record.field("yearFrom"), record.field("yearTo"))
        guideline = name_of(record.field("guideline"))
        found[identifier] = Published(record.field("value"), name_of(record.field("unit")), *years, guideline)
    for record in proven.of_kind("factor"):
        if record.id not in found:
            raise Invalid("factors of the bundle", expected="each used by a line", found=record.id.hex())
    return found


def factors_of(rules: RuleSet, lines: Sequence[Line]) -> list[bytes]:
    """Ids of the factors that the lines name, sorted."""
    named = set()
    for line in lines:
        rule = rules.line(line.code)
        count = len(rule.parameters) if rule else 0
        named |= {line.parameters[i] for i in range(count) if line.tier(i) == 0}
    return sorted(named)


@dataclass(frozen=True, slots=True)
class _Meter:
    """A device, its twelve quantities, and the lines that it may be counted in."""

    device: str
    months: tuple[int, ...]
    lines: tuple[LineKey, ...]


def attribute(
    report: Report,
    rules: RuleSet,
    devices: Mapping[str, Record],
    measured: Quantities,
    by_hand: Supported,
    year: int,
) -> None:
    """Invalid unless each month of each line is the sum of its meters, each counted in one line, and manual entries.

    A meter may count in a line of its measure whose base item is its production unit, or no production unit. Unknown
    if a line has neither, or the meters allow too many combinations to try.
    """
    units = {object_id(unit) for unit in report.units}
    folded = fold(report, units | {manual.item for manual in by_hand.manuals.values()}, year)
    wanted = folded.wanted
    manual = _by_hand(by_hand, rules, wanted)
    check_parameters(by_hand, folded, rules, report)
    cases = by_hand.cases()
    if strange := {device for device, _ in cases} - set(devices):
        raise Invalid("meters of the manual entries", expected="of the report", found=sorted(strange)[0])
    meters = []
    for device in report.devices:
        record = devices[device.identifier]
        read = [measured.get((device.identifier, month), 0) for month in range(1, 13)]
        months = tuple(by_hand.corrected(device.identifier, read))
        said = {(m.line, m.item) for (of, _), m in cases.items() if of == device.identifier}
        lines = tuple(
            key
            for key in wanted
            if (rule := rules.line(key[0])) is not None
            and rule.quantity == numbered.MEASURES.get(record.field("measure"))
            and (key[1] == record.field("unit") or key[1] not in units)
            and said <= {key}
        )
        if not lines and any(months):
            raise Invalid(
                f"line of meter {device.identifier}", expected="one in the report", found=f"none, sum {sum(months)}"
            )
        if lines:
            meters.append(_Meter(device.identifier, months, lines))
    _match(meters, wanted, manual)


def _by_hand(by_hand: Supported, rules: RuleSet, wanted: Mapping[LineKey, list[int]]) -> dict[LineKey, list[int]]:
    """Line → its twelve quantities by manual entries; Invalid for one that no line of the report can hold."""
    for index, manual in by_hand.manuals.items():
        rule = rules.line(manual.line)
        unit = rule.quantity if rule else None
        if (manual.line, manual.item) not in wanted or manual.unit not in (None, unit):
            found = f"{manual.line} in {manual.unit}"
            raise Invalid(f"line of manual entry {index}", expected=f"one of the report, in {unit}", found=found)
        if manual.meter is not None and rule is not None:
            # what is added to the emission is corrected upwards, what is deducted from it downwards
            wanted_data = "production" if rule.sign < 0 else "activity"
            if (data := manual.meter.calibration.data) != wanted_data:
                raise Invalid(f"data of the meter of manual entry {index}", expected=wanted_data, found=data)
    sums: dict[LineKey, list[int]] = {}
    for (key, month), quantity in by_hand.amounts().items():
        sums.setdefault(key, [0] * 12)[month - 1] = quantity
    return sums


def _match(meters: list[_Meter], wanted: Mapping[LineKey, list[int]], manual: Mapping[LineKey, list[int]]) -> None:
    left = {key: list(months) for key, months in wanted.items()}
    counted: dict[LineKey, int] = dict.fromkeys(wanted, 0)
    for key, taken in manual.items():
        counted[key] += 1
        left[key] = [have - take for have, take in zip(left[key], taken, strict=True)]
        if (short := next((n for n, rest in enumerate(left[key], 1) if rest < 0), None)) is not None:
            said, least = wanted[key][short - 1], taken[short - 1]
            raise Invalid(f"line {key[0]}, month {short}", expected=f"at least {least} by manual entries", found=said)
    for meter in (meter for meter in meters if len(meter.lines) == 1):
        counted[meter.lines[0]] += 1
        left[meter.lines[0]] = [have - take for have, take in zip(left[meter.lines[0]], meter.months, strict=True)]
    choosing = [meter for meter in meters if len(meter.lines) > 1]
    if len(choosing) > MAX_CHOOSING:
        raise Unknown(
            "which meter counts in which line", expected=f"at most {MAX_CHOOSING} choices", found=len(choosing)
        )
    open_lines = {key for meter in choosing for key in meter.lines}
    for key, months in left.items():
        off = [number for number, rest in enumerate(months, 1) if rest]
        if counted[key] and key not in open_lines and off:
            found = wanted[key][off[0] - 1]
            raise Invalid(
                f"line {key[0]}, month {off[0]}", expected=f"{found - months[off[0] - 1]} by its entries", found=found
            )
    best: list[LineKey] | None = None
    for unmet in _assignments(choosing, 0, left, counted, [MAX_TRIALS]):
        best = unmet
        if not unmet:
            break
    if best is None:
        names = ", ".join(sorted({key[0] for key in open_lines}))
        raise Invalid("months of the lines", expected=f"sums of the meters that may count in {names}", found="others")
    if best:
        raise Unknown(
            f"quantity of line {best[0][0]}",
            expected="a meter that measures it, or manual entries",
            found="neither in the bundle",
            remedy="Ask the enterprise what it rests on",
        )


def _assignments(
    meters: Sequence[_Meter],
    at: int,
    left: dict[LineKey, list[int]],
    counted: dict[LineKey, int],
    trials: list[int],
) -> Iterator[list[LineKey]]:
    """For each way to count the meters in which all counted lines are met: the lines that no meter was counted in."""
    if at == len(meters):
        if not any(counted[key] and any(months) for key, months in left.items()):
            yield [key for key, months in left.items() if any(months)]
        return
    meter = meters[at]
    for key in meter.lines:
        trials[0] -= 1
        if trials[0] < 0:
            raise Unknown("which meter counts in which line", expected=f"at most {MAX_TRIALS} ways", found="more")
        rest = left[key]
        if any(have < take for have, take in zip(rest, meter.months, strict=True)):
            continue
        left[key] = [have - take for have, take in zip(rest, meter.months, strict=True)]
        counted[key] += 1
        yield from _assignments(meters, at + 1, left, counted, trials)
        counted[key] -= 1
        left[key] = rest
