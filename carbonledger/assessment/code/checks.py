"""The closed list of checks: the function behind each, the parameters it reads, the words its explanation may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from carbonledger.assessment.code import hard, soft
from carbonledger.assessment.code.document import Document
from carbonledger.assessment.code.outcome import Outcome
from carbonledger.assessment.parameters import Parameters
from carbonledger.errors import Unknown


@dataclass(frozen=True, slots=True)
class Check:
    """`run(document, parameters)`; `most_points` names the parameters that give points, none for a hard rule."""

    name: str
    run: Callable[[Document, Parameters], Outcome]
    parameters: tuple[str, ...]
    words: tuple[str, ...]
    points: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        """Whether a breach decides by itself."""
        return not self.points


_P = ("points",)
_TWO = ("points-high", "points-low")
CHECKS: Final = {
    check.name: check
    for check in (
        Check(
            "missing-data", hard.missing_data, ("grace", "months"), ("annual_report", "due", "months_missing", "months")
        ),
        Check("integrity", hard.integrity, (), ("id", "anchored", "computed", "signature", "key")),
        Check("reuse", hard.reuse, ("places",), ("kind", "number", "places")),
        Check("arithmetic", hard.arithmetic, ("most",), ("name", "reported", "recomputed")),
        Check("factors", hard.factors, (), ("id", "used", "allowed")),
        Check("purchases", hard.purchases, ("large", "most", "most-large"), ("name", "reported", "invoiced")),
        Check(
            "lab-dates",
            hard.lab_dates,
            (),
            ("month", "sampled", "received", "tested", "reported", "months_tested_that_day", "original_code"),
        ),
        Check("meters", hard.meters, (), ("id", "register", "step", "most")),
        Check("loans", hard.loans, ("shares", "tolerance"), ("id", "found", "expected")),
        Check("proceeds", hard.proceeds, (), ("id", "catalogue", "item", "listed", "traced")),
        Check("frozen", soft.frozen, ("digits", "months", "points", "readings"), ("name", "repeated", "run"), _P),
        Check("year-on-year", soft.year_on_year, ("high", "low", *_TWO), ("emission", "output"), _TWO),
        Check("peer-score", soft.peer_score, ("factor", "most", "peers", "points"), ("x", "median", "mad", "n"), _P),
        Check("fence", soft.fence, ("high", "low", "peers", *_TWO), ("x", "q1", "q3", "n"), _TWO),
        Check(
            "seasonal-residual",
            soft.seasonal_residual,
            ("least", "most", "points", "scale"),
            ("name", "residual", "spread", "software"),
            _P,
        ),
        Check("energy-ratio", soft.energy_ratio, ("most", "points", "quarters"), ("name", "ratio", "median"), _P),
        Check(
            "two-methods", soft.two_methods, ("most", "periods", "points", "quarters"), ("name", "ratio", "median"), _P
        ),
        Check("lending-yield", soft.lending_yield, ("high", "low", "points"), ("id", "reduction", "amount"), _P),
        Check("resubmissions", soft.resubmissions, ("least", "points"), ("count",), _P),
        Check("first-digits", soft.first_digits, ("least", "most", "points"), ("n",), _P),
        Check("last-digits", soft.last_digits, ("least", "most", "points"), ("n",), _P),
        Check("isolation-forest", soft.isolation_forest, ("points",), ("model", "score", "percentile"), _P),
        Check("reconstruction", soft.reconstruction, ("points",), ("model", "score", "percentile"), _P),
    )
}


def check(name: str) -> Check:
    """The check of this name; Unknown for one of another build."""
    if name not in CHECKS:
        raise Unknown(f"check {name!r}", expected="one of " + ", ".join(CHECKS), found=name)
    return CHECKS[name]
