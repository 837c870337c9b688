"""The decoupling index of Tapio: relative change of emission over relative change of value added, and its eight words.

Exact fractions. Where value added did not change there is no index.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from carbonledger.assessment.parameters import Parameters

State = Literal[
    "strong-decoupling",
    "weak-decoupling",
    "expansive-coupling",
    "expansive-negative-decoupling",
    "strong-negative-decoupling",
    "weak-negative-decoupling",
    "recessive-coupling",
    "recessive-decoupling",
]
STATES: Final[dict[State, tuple[str, str]]] = {
    "strong-decoupling": ("Strong decoupling", "强脱钩"),
    "weak-decoupling": ("Weak decoupling", "弱脱钩"),
    "expansive-coupling": ("Expansive coupling", "扩张连结"),
    "expansive-negative-decoupling": ("Expansive negative decoupling", "扩张负脱钩"),
    "strong-negative-decoupling": ("Strong negative decoupling", "强负脱钩"),
    "weak-negative-decoupling": ("Weak negative decoupling", "弱负脱钩"),
    "recessive-coupling": ("Recessive coupling", "衰退连结"),
    "recessive-decoupling": ("Recessive decoupling", "衰退脱钩"),
}


@dataclass(frozen=True, slots=True)
class Decoupling:
    """Index and word."""

    index: Fraction
    state: State


def decoupling(
    before: tuple[Fraction, Fraction], after: tuple[Fraction, Fraction], p: Parameters
) -> Decoupling | None:  # fmt: skip
    """From (emission, value added) of two years; None where an amount before is not above 0 or nothing grew or fell."""
    if before[0] <= 0 or before[1] <= 0 or before[1] == after[1]:
        return None
    emission = after[0] / before[0] - 1
    value = after[1] / before[1] - 1
    index = emission / value
    low, high = p["weak"].value, p["strong"].value
    state: State
    if value > 0:
        if emission < 0:
            state = "strong-decoupling"
        elif index < low:
            state = "weak-decoupling"
        elif index <= high:
            state = "expansive-coupling"
        else:
            state = "expansive-negative-decoupling"
    elif emission > 0:
        state = "strong-negative-decoupling"
    elif index < low:
        state = "weak-negative-decoupling"
    elif index <= high:
        state = "recessive-coupling"
    else:
        state = "recessive-decoupling"
    return Decoupling(index, state)
