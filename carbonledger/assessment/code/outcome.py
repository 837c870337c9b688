"""What a rule finds: measures, and a verdict over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from carbonledger.assessment import rational
from carbonledger.assessment.parameters import Parameter

Verdict = Literal["passed", "failed", "points", "silent", "insufficient"]
"""`failed` for a hard rule, `points` for a soft one; `silent`: its input was not given; `insufficient`: too little
of it for the rule to say anything (a short history, few peers)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing measured: where in the document, from what, its exact value, against which threshold, with what end."""

    at: str
    inputs: tuple[tuple[str, str], ...]
    value: Fraction | None
    threshold: Parameter | None
    breached: bool

    def to_json(self) -> dict[str, Any]:
        """As in the result; the threshold by its name."""
        return {
            "at": self.at,
            "breached": self.breached,
            "inputs": dict(self.inputs),
            "threshold": None if self.threshold is None else self.threshold.name,
            "value": rational.json_or_none(self.value),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdict of one rule; `points` 0 unless the verdict is `points`; `need` says what was missing."""

    verdict: Verdict
    points: int = 0
    measures: tuple[Measure, ...] = ()
    need: str = ""


SHOWN_MEASURES = 20


def hard(measures: Sequence[Measure]) -> Outcome:
    """Failed if any measure is breached."""
    return Outcome("failed" if any(m.breached for m in measures) else "passed", 0, kept(measures))


def soft(measures: Sequence[Measure], points: int) -> Outcome:
    """`points` if any measure is breached."""
    breached = any(m.breached for m in measures)
    return Outcome("points" if breached else "passed", points if breached else 0, kept(measures))


def silent(section: str) -> Outcome:
    """The section was not given."""
    return Outcome("silent", need=section)


def insufficient(need: str, measures: Sequence[Measure] = ()) -> Outcome:
    """There is too little for the rule."""
    return Outcome("insufficient", 0, kept(measures), need)


def kept(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The breached ones, else the one nearest to its threshold; at most 20."""
    breached = [m for m in measures if m.breached]
    if breached:
        return tuple(breached[:SHOWN_MEASURES])
    numbered = [m for m in measures if m.value is not None]
    if numbered:
        return (max(numbered, key=lambda m: m.value or Fraction(0)),)
    return tuple(measures[:1])
