"""What a method answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from carbonledger.assessment.grade.document import NOT_RATED
from carbonledger.assessment.parameters import Title
from carbonledger.assessment.steps import Step

NOT_RATED_TITLE: Title = ("Not rated", "未评级")


@dataclass(frozen=True, slots=True)
class Rated:
    """A grade with its steps; `reached` before hysteresis; `marks`: further words, such as a level per dimension."""

    grade: str
    title: Title
    reached: str
    steps: tuple[Step, ...]
    marks: dict[str, str] = field(default_factory=dict)


def not_rated(steps: list[Step], why: Title) -> Rated:
    """Unknown is not the lowest grade."""
    steps.append(Step("not-rated", why, "", (), outcome=NOT_RATED))
    return Rated(NOT_RATED, NOT_RATED_TITLE, NOT_RATED, tuple(steps))
