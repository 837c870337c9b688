"""What verifiers compare values with: ranges of experience, and the accuracy required of instruments.

A value outside a range is a question to the enterprise, never a reason to change a figure. The correction for a meter
that was calibrated late or badly is arithmetic, and lives with the quantities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carbonledger.accounting import exact
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.units import PARAMETERS


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds (inclusive, None open) and the usual value, in 1e-18 of `unit`, a base unit of parameters."""

    row: str
    unit: str
    lower: int | None
    upper: int | None
    usual: int | None
    title: tuple[str, str]
    evidence: str
    source: str

    def holds(self, value: int) -> bool:
        """Whether a value (1e-18 of the unit) is within the bounds."""
        return (self.lower is None or self.lower <= value) and (self.upper is None or value <= self.upper)


@dataclass(frozen=True, slots=True)
class Instrument:
    """Required accuracy as a fraction in 1e-18, and the longest time between calibrations."""

    row: str
    accuracy: int
    months: int
    title: tuple[str, str]
    evidence: str
    source: str


def parse_ranges(value: Any) -> tuple[Range, ...]:
    """From data/verification/experience.json."""
    fields = Node(value).fields(("evidence", "rows", "source"))
    evidence, source = fields["evidence"].text(), fields["source"].text()
    found = []
    for item in fields["rows"].items():
        row, unit, lower, upper, usual, english, chinese = item.items(least=7, most=7)
        # a percentage is a fraction of 1, also where it is of carbon
        base = "1" if unit.value == "%" else next(base for base, known in PARAMETERS.items() if unit.value in known)
        low, high, typical = (_fixed(bound, base, unit.value) for bound in (lower, upper, usual))
        titles = (english.text(), chinese.text())
        found.append(Range(row.text(), base, low, high, typical, titles, evidence, source))
    return tuple(found)


def parse_instruments(value: Any) -> tuple[Instrument, ...]:
    """From data/verification/instruments.json."""
    fields = Node(value).fields(("evidence", "norms", "rows", "source"))
    evidence, source = fields["evidence"].text(), fields["source"].text()
    found = []
    for item in fields["rows"].items():
        row, accuracy, months, english, chinese = item.items(least=5, most=5)
        fraction = _fixed(accuracy, "1", "%")
        assert fraction is not None  # every instrument has a class
        titles = (english.text(), chinese.text())
        found.append(Instrument(row.text(), fraction, months.integer(1, 120), titles, evidence, source))
    return tuple(found)


def _fixed(node: Node, base: str, unit: str) -> int | None:
    return exact.fixed(exact.decimal(node) * PARAMETERS[base][unit], node.path, base) if node.value else None
