"""Accounting in Python: lines of the chain to grams, documents to statements; and the gas of a line on the chain."""

from __future__ import annotations

import json
from typing import Any

from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.lines import Line
from carbonledger.errors import Invalid
from scripts.benchmarks.measure import process_cpu_s, rate
from scripts.benchmarks.result import Measured, Run
from tests.support.every_method import rules_of_every_method, year_of

ROUNDS = 7
REPORTS = 40
MONTHS = 12
LINES_PER_S = 50_000.0
DOCUMENT_LINES_PER_S = 10_000.0
"""A province files a month: 40,000 documents of five lines are judged in 20 CPU seconds."""
GAS_PER_LINE = 25_000.0
"""A quarter of a millisecond of geth's time, ten of the embedded chain's: a filing of 100 lines stays below 3 Mgas."""


def lines_cpu(run: Run) -> Measured:
    """Source lines per CPU second, from the words of the chain to the report's grams; every method, every sign."""
    rules = rules_of_every_method()
    reports = [(2025, [_other(line, number) for line in year_of(None, rules)]) for number in range(REPORTS)]
    count = sum(len(lines) for _, lines in reports)

    def compute() -> None:
        for year, lines in reports:
            evaluate(rules, year, lines, {})

    rates = sorted(rate(count, compute, process_cpu_s) for _ in range(ROUNDS))
    note = f"{count:,} lines of {len(rules.lines) // 3} methods in reports of {count // REPORTS}; best {rates[-1]:,.0f}"
    return Measured(rates[ROUNDS // 2], LINES_PER_S, (note,))


def documents_cpu(run: Run) -> Measured:
    """Lines of activity documents per CPU second, from JSON bytes to the statement, through the strict door.

    The examples of the shipped rule sets, each line for every month of its year.
    """
    rules, factors = library.rule_sets(), library.factors()
    documents = [_year_of_months(json.loads(library.example(rule.key))) for rule in rules]
    count = sum(len(calculate(document, rules, factors).lines) for document in documents)

    def compute() -> None:
        for document in documents:
            calculate(document, rules, factors)

    rates = sorted(rate(count, compute, process_cpu_s) for _ in range(ROUNDS))
    size = sum(map(len, documents)) / count
    note = f"{count:,} lines of {size:,.0f} bytes in {len(documents)} documents; best {rates[-1]:,.0f}"
    return Measured(rates[ROUNDS // 2], DOCUMENT_LINES_PER_S, (note,))


def gas_line(run: Run) -> Measured:
    """Gas of a source line in the contract, of the costliest calculator; the others are in the notes."""
    # the world of the contract tests, in which each transaction meets cold storage
    from tests.contracts.conftest import World
    from tests.contracts.test_calculation_gas import gas_per_line

    run.say("deploying the contracts")
    found = gas_per_line(World(settled=True))
    notes = tuple(f"{calculator}: {gas:,} gas a line" for calculator, gas in sorted(found.items()))
    return Measured(max(found.values()), GAS_PER_LINE, notes)


def _other(line: Line, number: int) -> Line:
    """The line with another quantity: no report is like another."""
    if line.quantity >= 1 << 200:
        raise Invalid("quantity of a benchmark's line", expected="one of a plant", found=line.quantity)
    return Line(line.code, line.item, line.quantity + 7919 * number, line.tiers, line.parameters)


def _year_of_months(document: dict[str, Any]) -> bytes:
    lines = [{**line, "month": month} for line in document["lines"] if "month" not in line for month in range(1, 13)]
    return json.dumps({**document, "lines": lines}, indent=1, ensure_ascii=False).encode()
