"""The closed list of checks: the function behind each, the parameters it reads, the words its explanation may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from carbonledger.assessment.code import hard, soft
from carbonledger.assessment.code.document import Document
from carbonledger.assessment.code.outcome import Outcome
from carbonledger.assessment.parameters import Domain, Parameters
from carbonledger.errors import Unknown


@dataclass(frozen=True, slots=True)
class Check:
    """`run(document, parameters)`; `parameters`: what it reads, and what each may be; a hard rule has no points."""

    name: str
    run: Callable[[Document, Parameters], Outcome]
    parameters: Mapping[str, Domain]
    words: tuple[str, ...]

    @property
    def points(self) -> tuple[str, ...]:
        """The parameters that give points."""
        return tuple(name for name, domain in self.parameters.items() if domain == "points")

    @property
    def is_hard(self) -> bool:
        """Whether a breach decides by itself."""
        return not self.points


_P: Final[Mapping[str, Domain]] = {"points": "points"}
_TWO: Final[Mapping[str, Domain]] = {"high": "amount", "low": "amount", "points-high": "points", "points-low": "points"}
_GAPS: Final[Mapping[str, Domain]] = {"large": "amount", "most": "amount", "most-large": "amount"}
_DIGITS: Final[Mapping[str, Domain]] = {"least": "count", "most": "amount", **_P}
_PEERS: Final[Mapping[str, Domain]] = {"peers": "count"}
_OWN: Final[Mapping[str, Domain]] = {"most": "amount", "quarters": "quarters", **_P}
_LAB: Final = ("month", "sampled", "received", "tested", "reported", "months_tested_that_day", "original_code")
_RATIO: Final = ("name", "ratio", "median")
_MODEL: Final = ("model", "score", "percentile")
CHECKS: Final = {
    check.name: check
    for check in (
        Check(
            "missing-data",
            hard.missing_data,
            {"grace": "days", "months": "count"},
            ("annual_report", "due", "months_missing", "months"),
        ),
        Check("integrity", hard.integrity, {}, ("id", "anchored", "computed", "signature", "key")),
        Check("reuse", hard.reuse, {"places": "count"}, ("kind", "number", "places")),
        Check("arithmetic", hard.arithmetic, {"most": "amount"}, ("name", "reported", "recomputed")),
        Check("factors", hard.factors, {}, ("id", "used", "allowed")),
        Check("purchases", hard.purchases, _GAPS, ("name", "reported", "invoiced")),
        Check("lab-dates", hard.lab_dates, {}, _LAB),
        Check("meters", hard.meters, {}, ("id", "register", "step", "most")),
        Check("loans", hard.loans, {"shares": "positive", "tolerance": "amount"}, ("id", "found", "expected")),
        Check("proceeds", hard.proceeds, {}, ("id", "catalogue", "item", "listed", "traced")),
        Check(
            "frozen",
            soft.frozen,
            {"digits": "count", "months": "count", **_P, "readings": "count"},
            ("name", "repeated", "run"),
        ),
        Check("year-on-year", soft.year_on_year, _TWO, ("emission", "output")),
        Check(
            "peer-score",
            soft.peer_score,
            {"factor": "positive", "most": "amount", **_PEERS, **_P},
            ("x", "median", "mad", "n"),
        ),
        Check("fence", soft.fence, {**_TWO, **_PEERS}, ("x", "q1", "q3", "n")),
        Check(
            "seasonal-residual",
            soft.seasonal_residual,
            {"least": "count", "most": "amount", **_P, "scale": "positive"},
            ("name", "residual", "spread", "software"),
        ),
        Check("energy-ratio", soft.energy_ratio, _OWN, _RATIO),
        Check("two-methods", soft.two_methods, {**_OWN, "periods": "quarters"}, _RATIO),
        Check(
            "lending-yield",
            soft.lending_yield,
            {"high": "amount", "low": "amount", **_P},
            ("id", "reduction", "amount"),
        ),
        Check("resubmissions", soft.resubmissions, {"least": "count", **_P}, ("count",)),
        Check("first-digits", soft.first_digits, _DIGITS, ("n",)),
        Check("last-digits", soft.last_digits, _DIGITS, ("n",)),
        Check("isolation-forest", soft.isolation_forest, _P, _MODEL),
        Check("reconstruction", soft.reconstruction, _P, _MODEL),
    )
}


def check(name: str) -> Check:
    """The check of this name; Unknown for one of another build."""
    if name not in CHECKS:
        raise Unknown(f"check {name!r}", expected="one of " + ", ".join(CHECKS), found=name)
    return CHECKS[name]
