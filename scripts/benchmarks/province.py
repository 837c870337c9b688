"""A province's year, recomputed as a replay does: opened month statements, their sums, the lines, the result.

Each enterprise filed twelve months of five lines; their figures are drawn from a seed, two hundred enterprises at a
time, so nothing grows with the province. What is drawn and filed is not timed; what is timed is what an auditor does:
parse each month's statement, compare its commitment, sum the months, compare the lines and their digest, compute the
result under the rule set, and compare it with the one filed.
"""

from __future__ import annotations

import hashlib
import random
import resource
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carbonledger.accounting import library
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.factors import Published
from carbonledger.accounting.lines import Line, item_id, lines_digest
from carbonledger.accounting.rule_set import PARAMETER_SLOTS, LineRule, RuleSet
from carbonledger.bundle.model import Report, ReportedMonth
from carbonledger.errors import Invalid
from carbonledger.month_statement import MonthLine, MonthStatement, commitment
from carbonledger.records import KINDS, Record, Value
from carbonledger.verify.figures import lines_follow
from scripts.benchmarks.result import Measured, Run

ENTERPRISES = 40_000
SAMPLE = 2_000
CHUNK = 200
MONTHS, LINES = 12, 5
YEAR = 2025
LIMIT_S = 120.0
SEED = 20_250_101
RULES = ("steel-2024", "gbt32150-2015", "other-industry-2015", "cement-2024")


@dataclass(frozen=True, slots=True)
class _Filed:
    """What the chain holds and what was opened of one enterprise's year."""

    rules: RuleSet
    rules_raw: bytes
    commitments: tuple[bytes, ...]
    months: tuple[tuple[bytes, bytes], ...]
    lines: tuple[object, ...]
    record: Record


def replay(run: Run) -> Measured:
    """Seconds of CPU for a province: 40,000 enterprises, 2,400,000 lines of months; a sample stands for it by default.

    The peak of the resident size after a tenth and at the end are in the notes.
    """
    count = ENTERPRISES if run.long else SAMPLE
    factors = library.factors().published()
    spent, tenth_mb = 0.0, 0.0
    for first in range(0, count, CHUNK):
        filed = list(_enterprises(range(first, min(first + CHUNK, count)), factors))
        started = time.process_time()
        for enterprise in filed:
            _recompute(enterprise, factors)
        spent += time.process_time() - started
        done = first + len(filed)
        if not tenth_mb and done * 10 >= count:
            tenth_mb = _peak_mb()
        if done % (10 * CHUNK) == 0 or done == count:
            run.say(f"{done:,} enterprises, {spent:.1f} s, peak {_peak_mb():.1f} MB")
    lines = count * MONTHS * LINES
    what = "all" if count == ENTERPRISES else f"a sample of {count:,}, scaled"
    notes = (
        f"{what}: {lines:,} lines of months in {spent:.1f} s of CPU, {lines / spent:,.0f} a second",
        f"peak of the resident size {tenth_mb:.1f} MB after a tenth, {_peak_mb():.1f} MB at the end",
    )
    return Measured(spent * ENTERPRISES / count, LIMIT_S, notes)


def _recompute(filed: _Filed, factors: Mapping[bytes, Published]) -> None:
    months = []
    for expected, (salt, raw) in zip(filed.commitments, filed.months, strict=True):
        if commitment(raw, salt) != expected:
            raise Invalid("commitment of a month", expected=expected.hex(), found="another")
        months.append(ReportedMonth(salt, raw, MonthStatement.parse(raw)))
    lines = tuple(Line.from_json(line) for line in filed.lines)
    report = Report((), lines, tuple(months), filed.rules_raw, ())
    lines_follow(report, filed.rules, filed.record)
    found = evaluate(filed.rules, YEAR, lines, factors).emission
    if found != filed.record.field("emission"):
        raise Invalid("emission of the report (g)", expected=found, found=filed.record.field("emission"))


def _enterprises(numbers: range, factors: Mapping[bytes, Published]) -> Iterator[_Filed]:
    sets = [(rules, rules.json()) for rules in map(library.rule_set, RULES)]
    usable = {rules.key: [rule for rule in rules.lines if _takes(rules, rule)] for rules, _ in sets}
    for number in numbers:
        draw = random.Random(SEED * ENTERPRISES + number)
        rules, raw = sets[number % len(sets)]
        yield _enterprise(number, draw, rules, raw, usable[rules.key], factors)


def _enterprise(
    number: int,
    draw: random.Random,
    rules: RuleSet,
    rules_raw: bytes,
    usable: list[LineRule],
    factors: Mapping[bytes, Published],
) -> _Filed:
    member = hashlib.sha256(f"enterprise {number}".encode()).digest()
    drawn: dict[tuple[bytes, bytes], tuple[LineRule, bytes]] = {}
    while len(drawn) < LINES:
        # what is subtracted needs something that it is subtracted from
        rule = draw.choice(usable if drawn else [rule for rule in usable if rule.sign > 0])
        item = item_id(f"unit {draw.randrange(8)}")
        drawn[rule.code.encode(), item] = (rule, item)
    chosen = [drawn[key] for key in sorted(drawn)]
    months = []
    for month in range(1, MONTHS + 1):
        # whole tonnes, whole 10^4 m3, MWh and GJ: no rule set rounds them
        quantities = tuple(
            MonthLine(rule.code, item, draw.randrange(1_000, 10_000) * (10**10 if rule.sign > 0 else 10**7))
            for rule, item in chosen
        )
        statement = MonthStatement(member, YEAR, month, quantities, (month,), "plant.example/log", 1000, member)
        months.append((draw.randbytes(16), statement.json()))
    sums = [0] * LINES
    for _, raw in months:
        for at, line in enumerate(MonthStatement.parse(raw).lines):
            sums[at] += line.quantity
    lines = tuple(_line(rule, item, total, draw) for (rule, item), total in zip(chosen, sums, strict=True))
    emission = evaluate(rules, YEAR, lines, factors).emission
    zero: dict[str, Value] = {"bytes32": bytes(32), "bool": False}
    blank = {field.name: zero.get(field.type, 0) for field in KINDS["report"].fields}
    values: dict[str, Value] = {
        "member": member,
        "year": YEAR,
        "emission": emission,
        "linesDigest": lines_digest(lines),
    }
    commitments = tuple(commitment(raw, salt) for salt, raw in months)
    record = Record.of("report", **(blank | values))
    return _Filed(rules, rules_raw, commitments, tuple(months), tuple(line.to_json() for line in lines), record)


def _takes(rules: RuleSet, rule: LineRule) -> bool:
    """Whether each parameter has a fixed default in force, or may be measured.

    Not of methods whose values bind each other: any value must do.
    """
    fixed = {factor.id: factor for factor in rules.factors}
    return rule.method.name not in ("shielding-gas", "steam", "hot-water") and all(
        "measured" in p.tiers if p.factor is None else fixed[p.factor].in_force(YEAR) for p in rule.parameters
    )


def _line(rule: LineRule, item: bytes, quantity: int, draw: random.Random) -> Line:
    tiers, words = 0, []
    for at, parameter in enumerate(rule.parameters):
        if parameter.factor is not None:
            words.append(parameter.factor)
            continue
        tiers |= 1 << 8 * at
        words.append((draw.randrange(500, 900) * SCALE // 1000).to_bytes(32, "big"))
    words += [bytes(32)] * (PARAMETER_SLOTS - len(words))
    return Line(rule.code, item, quantity, tiers, tuple(words))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
