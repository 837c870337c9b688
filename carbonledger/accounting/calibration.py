"""The conservative correction for a meter's calibration (verification guide CETS-VG-01.01-V02-2026, 3.4.1).

a_c is the accuracy that calibration found, a_r the one required; both are shares. Emission activity data are corrected
upwards, production data downwards:

    on time, a_c at most a_r     x
    on time, a_c above a_r       x (1 ± (a_c - a_r))
    not calibrated               x (1 ± a_r)
    late                         the part covered as on time, the rest as not calibrated
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, assert_never

from carbonledger.errors import Invalid

Case = Literal["on-time", "not-calibrated", "late"]
Data = Literal["activity", "production"]

CASES: Final[tuple[Case, ...]] = ("on-time", "not-calibrated", "late")
DATA: Final[tuple[Data, ...]] = ("activity", "production")


@dataclass(frozen=True, slots=True)
class Calibration:
    """A case of the guide. `calibrated` is None where nobody calibrated; `covered` (base units) is of a late case."""

    case: Case
    data: Data
    required: Fraction
    calibrated: Fraction | None = None
    covered: Fraction | None = None

    @property
    def on_time(self) -> Fraction:
        """The factor of what was measured while the calibration was valid."""
        found = self.required if self.calibrated is None else self.calibrated
        return 1 + self._side * max(Fraction(0), found - self.required)

    @property
    def not_calibrated(self) -> Fraction:
        """The factor of what was measured without a valid calibration."""
        return 1 + self._side * self.required

    @property
    def factor(self) -> Fraction | None:
        """The factor of the whole; None where two parts have their own."""
        match self.case:
            case "on-time":
                return self.on_time
            case "not-calibrated":
                return self.not_calibrated
            case "late":
                return None
            case _:
                assert_never(self.case)

    def corrected(self, measured: Fraction) -> Fraction:
        """The corrected quantity, exact; Invalid if more is covered than was measured."""
        factor = self.factor
        if factor is not None:
            return measured * factor
        covered = self.covered or Fraction(0)
        if covered > measured:
            raise Invalid("more is covered by a calibration than was measured", expected=measured, found=covered)
        return covered * self.on_time + (measured - covered) * self.not_calibrated

    def whole(self, corrected: Fraction) -> int:
        """In whole base units: what is finer goes to the side that the correction goes to."""
        return -(-corrected.numerator // corrected.denominator) if self.data == "activity" else corrected.__floor__()

    @property
    def _side(self) -> int:
        return 1 if self.data == "activity" else -1
