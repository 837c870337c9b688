"""The three windows of a disclosure (this quarter, this year, since first support) and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, get_args

WindowName = Literal["quarter", "year", "cumulative"]
WINDOWS: Final[tuple[WindowName, ...]] = get_args(WindowName)


@dataclass(frozen=True, slots=True)
class Window:
    """Distinct projects; amount in fen; `weighted` = Σ amount × rate (fen × per cent), exact; reduction in g a year."""

    projects: int
    amount: int
    weighted: Fraction
    reduction: int

    @classmethod
    def published(cls, projects: int, amount: int, rate: Fraction, reduction: int) -> Window:
        """From a notice's figures: its rate is rounded, and so is what follows from it."""
        return cls(projects, amount, amount * rate, reduction)

    @property
    def rate(self) -> Fraction | None:
        """Amount-weighted, per cent a year; None where nothing was lent."""
        return None if self.amount == 0 else self.weighted / self.amount

    def __sub__(self, part: Window) -> Window:
        """What the longer window holds beside the shorter one; `projects` then is the least number that it needs.

        Projects are distinct, not additive: a project of the part may have come again.
        """
        return Window(
            max(0, self.projects - part.projects),
            self.amount - part.amount,
            self.weighted - part.weighted,
            self.reduction - part.reduction,
        )


def disorder(windows: dict[WindowName, Window], quarter: int) -> list[str]:
    """What contradicts: a longer window holds the shorter one, and in the first quarter the year is the quarter."""
    pairs: tuple[tuple[WindowName, WindowName], ...] = (("quarter", "year"), ("year", "cumulative"))
    found = [
        f"{measure}: {inner} above {outer}"
        for inner, outer in pairs
        for measure in ("amount", "reduction", "projects")
        if getattr(windows[inner], measure) > getattr(windows[outer], measure)
    ]
    if quarter == 1 and windows["quarter"] != windows["year"]:
        found.append("first quarter: quarter and year differ")
    return found
