"""What a benchmark is and what it gives: a value, the limit it is held against, their ratio and the goal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its limit, both in the benchmark's unit and from the same minute; `notes` are shown, not kept."""

    value: float
    limit: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What a benchmark is given: an empty folder of its own, a voice, and whether it may take long."""

    folder: Path
    say: Callable[[str], None]
    long: bool = False


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One figure. `goal` is of the ratio value / limit, None where there is none; `about` says what the two are."""

    name: str
    unit: str
    goal: float | None
    lower_is_better: bool
    about: str
    measure: Callable[[Run], Measured] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one run."""

    name: str
    value: float
    unit: str
    limit: float
    ratio: float
    goal: float | None
    lower_is_better: bool

    @classmethod
    def of(cls, benchmark: Benchmark, measured: Measured) -> Result:
        """The ratio follows from value and limit, the goal from the benchmark."""
        return cls(
            benchmark.name,
            measured.value,
            benchmark.unit,
            measured.limit,
            measured.value / measured.limit,
            benchmark.goal,
            benchmark.lower_is_better,
        )

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None if there is none."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.lower_is_better else self.ratio >= self.goal

    def to_json(self) -> dict[str, str | float | bool | None]:
        """The documented form."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "limit": self.limit,
            "ratio": self.ratio,
            "goal": self.goal,
            "lower_is_better": self.lower_is_better,
        }
