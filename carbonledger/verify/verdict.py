"""Verdicts: what each step found, and what follows for the whole (docs/formats/bundle.md, Verdict)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from carbonledger.errors import CarbonLedgerError, Unknown

StepVerdict = Literal["valid", "invalid", "indeterminate", "not applicable"]
Verdict = Literal["VALID", "INVALID", "INDETERMINATE", "ERROR"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its number and name, its verdict, and one sentence that says why."""

    number: int
    name: str
    verdict: StepVerdict
    reason: str

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {"name": self.name, "number": self.number, "reason": self.reason, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step function answers; failures are raised instead."""

    reason: str
    verdict: StepVerdict = "valid"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer: every step by its number, what was checked, and for ERROR the sentence that says why."""

    steps: tuple[Step, ...]
    subject: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def verdict(self) -> Verdict:
        """INVALID if a step is invalid, else INDETERMINATE if one is, else VALID; ERROR where nothing was checked."""
        found = {step.verdict for step in self.steps}
        if self.error is not None or not found:
            return "ERROR"
        if "invalid" in found:
            return "INVALID"
        return "INDETERMINATE" if "indeterminate" in found else "VALID"

    def step(self, number: int) -> Step:
        """The step of this number."""
        return next(step for step in self.steps if step.number == number)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "error": self.error,
            "steps": [step.to_json() for step in self.steps],
            "subject": dict(self.subject),
            "v": 1,
            "verdict": self.verdict,
        }


def undecided(reason: str) -> Finding:
    """A step that could not be run, and why."""
    return Finding(reason, "indeterminate")


def not_applicable(reason: str) -> Finding:
    """A step that does not concern this kind."""
    return Finding(reason, "not applicable")


def judge(number: int, name: str, check: Callable[[], Finding]) -> Step:
    """Run one step: what the build does not know leaves it undecided, any other failure makes it invalid."""
    try:
        found = check()
    except Unknown as unknown:
        return Step(number, name, "indeterminate", sentence(unknown))
    except CarbonLedgerError as failure:
        return Step(number, name, "invalid", sentence(failure))
    return Step(number, name, found.verdict, found.reason)


def sentence(error: CarbonLedgerError) -> str:
    """One sentence for people, of bounded length, on one line."""
    text = " ".join(str(error).split())
    text = text if len(text) <= 600 else text[:597] + "..."
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "...")) else ".")
