"""The explain record: each step of a result with its formula, inputs, exact value, rounded value and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from carbonledger.assessment import rational
from carbonledger.assessment.parameters import Parameter, Title, bilingual


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `rounded` where a rounding takes part in the result, `outcome` the word that follows from it."""

    key: str
    title: Title
    formula: str
    inputs: tuple[tuple[str, str], ...]
    value: Fraction | None = None
    rounded: str | None = None
    thresholds: Sequence[Parameter] = ()
    outcome: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        return {
            "formula": self.formula,
            "inputs": dict(self.inputs),
            "key": self.key,
            "outcome": self.outcome,
            "rounded": self.rounded,
            "thresholds": [parameter.to_json() for parameter in self.thresholds],
            "title": bilingual(self.title),
            "value": rational.json_or_none(self.value),
        }
