"""What an entry says of a meter's calibration in a month, held against the device register and the readings.

The register says until when the meter's calibration holds; the manifest how many readings came after that. Where the
calibration ended within the month, what is covered can be no greater a share than the readings that were in time show
(the full readings decide to the unit: the replay of an audit package does). A difference asks a person to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting.calibration import Calibration
from carbonledger.errors import Invalid
from carbonledger.mrv.checked import Text
from carbonledger.mrv.evidence import Manual
from carbonledger.periods import month_bounds, rfc3339

EXPIRED: Final = "calibration_expired"


@dataclass(frozen=True, slots=True)
class MeteredMonth:
    """One meter's month (`start_ms` to `end_ms`): readings, those after the calibration, their sum in base units.

    `valid_to_ms` is the register's end of the calibration.
    """

    start_ms: int
    end_ms: int
    count: int
    expired: int
    total: int
    valid_to_ms: int

    @property
    def whole(self) -> bool:
        """Whether the calibration held all month, by the register and by every reading."""
        return self.valid_to_ms >= self.end_ms and not self.expired


def differences(month: MeteredMonth, said: Calibration | None) -> Iterator[Text]:
    """What the entry and the register do not agree on, in English and Chinese; nothing where they do."""
    until = rfc3339(month.valid_to_ms)
    if said is None:
        if not month.whole and month.count:
            ended = f"the register has it calibrated until {until}, {month.expired} of {month.count} readings are later"
            yield f"{ended}, and nothing was corrected", f"检定有效期至 {until}，{month.expired} 条读数超期且未修正"
        return
    match said.case:
        case "on-time":
            if month.valid_to_ms < month.end_ms or (month.count and month.expired == month.count):
                yield f"said to be on time, calibrated until {until} by the register", f"申报按期，登记有效期至 {until}"
        case "not-calibrated":
            if month.whole:
                yield f"said not to be calibrated, the register has it until {until}", f"申报未检，登记有效期至 {until}"
        case "late":
            yield from _late(month, said.covered or Fraction(0), until)


def _late(month: MeteredMonth, covered: Fraction, until: str) -> Iterator[Text]:
    if month.whole:
        yield f"said to be late, the register has it until {until}", f"申报逾期，登记有效期至 {until}"
        return
    in_time = month.count - month.expired if month.valid_to_ms > month.start_ms else 0
    if covered * month.count > month.total * in_time:
        told = f"{covered} of {month.total} are said to be covered"
        yield (
            f"{told}, {in_time} of {month.count} readings were in time",
            f"申报有效部分 {covered}/{month.total}，按期读数 {in_time}/{month.count}",
        )


def require_covered(
    year: int,
    cases: Mapping[tuple[str, int], Manual],
    valid_to_ms: Mapping[str, int],
    read: Callable[[str, int, int], int],
) -> None:
    """Invalid where more is said to be covered than was read while the register's calibration held.

    `cases` by device and month; `valid_to_ms` by device; `read` sums a device's readings with start < t <= end (ms).
    A calibration that was renewed since tells nothing of an earlier month.
    """
    for (device, month), manual in cases.items():
        covered = None if manual.meter is None else manual.meter.calibration.covered
        start, end = month_bounds(year, month)
        ended = valid_to_ms.get(device)
        if covered is None or ended is None or ended > end:
            continue
        most = read(device, start, ended) if ended > start else 0
        if covered > most:
            raise Invalid(
                f"what the calibration of {device} covers of month {month}",
                expected=f"at most {most}, read until {rfc3339(ended)}",
                found=covered,
            )
