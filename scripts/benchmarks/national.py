"""The settlement of a national cycle on an own engine: seconds scaled to the whole, against the time that is allowed.

What stands before a settlement (contracts, members, approved reports) is made, and not counted.
"""

from __future__ import annotations

from typing import Final

from carbonledger.errors import Refused
from scripts.benchmarks.result import Measured, Run
from scripts.national.__main__ import run as cycle
from scripts.national.cycle import Cycle
from scripts.national.population import WHOLE

ALL: Final = sum(WHOLE.values())
SEED: Final = 2024
ON_ANVIL_S, ON_EMBEDDED_S = 300.0, 1_800.0
"""What a whole settlement may take."""


def anvil(run: Run) -> Measured:
    """A tenth of the enterprises by default; the whole in a long run."""
    return _measure(run, "anvil:", ALL if run.long else ALL // 10, ON_ANVIL_S)


def embedded(run: Run) -> Measured:
    """A sample by default, as the engine computes slowly; the whole in a long run."""
    return _measure(run, "embedded:", ALL if run.long else 60, ON_EMBEDDED_S)


def _measure(run: Run, url: str, enterprises: int, allowed: float) -> Measured:
    report, phases = cycle(url, run.folder, enterprises, SEED, run.say)
    if len(report.lines) != enterprises:
        raise Refused("the settlement left enterprises out", expected=enterprises, found=len(report.lines))
    counted = [phase for phase in phases if phase.name not in Cycle.SETUP]
    seconds, gas = sum(phase.seconds for phase in counted), sum(phase.gas for phase in counted)
    return Measured(
        seconds * ALL / enterprises,
        allowed,
        (
            f"{enterprises:,} of {ALL:,} enterprises: {seconds:.1f} s, {gas / 1e6:,.0f} Mgas",
            f"{gas / enterprises / 1e6:.2f} Mgas an enterprise, {gas / seconds / 1e6:.1f} Mgas/s, "
            f"{sum(phase.steps for phase in counted) / seconds:,.0f} steps/s",
        ),
    )
