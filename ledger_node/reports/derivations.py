"""How a value came about that is not as it was given: corrected, rounded, a mean, in place of a missing one."""

from __future__ import annotations

from collections.abc import Callable

from carbonledger.accounting.statement import Derivation, Statement, StatementLine
from ledger_node.reports.model import Column, Row, Table, Text
from ledger_node.reports.words import Words


def derivations(statement: Statement, words: Words, named: Callable[[StatementLine], Text]) -> Table | None:
    """One row for each derived value; None where all are as they were given."""
    rows = []
    for line in statement.lines:
        told = [(used.name, of_parameter(used.derivation, words)) for used in line.parameters if used.derivation]
        if line.derivation is not None:
            told.insert(0, (words("quantity"), of_quantity(line.derivation, words)))
        title = Text(words.title(line.rule.title))
        rows += [Row((title, named(line), Text(name), Text(how))) for name, how in told]
    if not rows:
        return None
    columns = (
        Column(words("source"), width=4),
        Column(words("item"), width=3),
        Column(words("value"), width=2),
        Column(words("derived.how"), width=9),
    )
    return Table("derivations", words("derived"), columns, tuple(rows))


def of_quantity(derivation: Derivation, words: Words) -> str:
    """In words: what was reported, and how it was corrected for the meter or rounded."""
    reported = derivation["reported"]
    parts = [words("derived.reported", value=reported["value"], unit=reported["unit"])]
    if "meter" in derivation:
        meter = derivation["meter"]
        case = words(f"derived.meter.{meter['case']}")
        parts.append(words("derived.meter", case=case, required=meter["required"], corrected=derivation["corrected"]))
        parts += [words(f"derived.{key}", value=meter[key]) for key in ("calibrated", "factor") if key in meter]
    if "rounded" in derivation:
        parts.append(words("derived.rounded", value=derivation["rounded"]))
    return "; ".join(parts)


def of_parameter(derivation: Derivation, words: Words) -> str:
    """In words, by its kind."""
    kind = "parameter-rounded" if derivation["kind"] == "rounded" else derivation["kind"]
    return words(f"derived.{kind}", **{k: v for k, v in derivation.items() if k != "kind"})
