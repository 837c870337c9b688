"""Enthalpy of steam from a table, for the method `steam`: value and whether it was interpolated.

No official table is at hand. That of the package is computed by IAPWS-IF97 to 0.1 kJ/kg (scripts/build_steam.py) and
says so: compare it with the guideline's. Rows that a user has read in a guideline's table go first. Between two rows a
value is linear in pressure (and in temperature between two columns), rounded half up to 0.1 kJ/kg, and flagged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from carbonledger.accounting import exact
from carbonledger.errors import Malformed, Refused

ATMOSPHERE: Final = Fraction(101_325)
"""Standard atmosphere, Pa: what a gauge pressure is taken to be above, where the site's own is not given."""

COMPUTED: Final = "computed by IAPWS-IF97, compare with the guideline's table"


@dataclass(frozen=True, slots=True)
class Pressure:
    """An absolute pressure, Pa. Instruments mostly show gauge pressure: say which it is."""

    pascals: Fraction

    @classmethod
    def absolute(cls, megapascals: Fraction) -> Pressure:
        """From MPa absolute."""
        return cls(megapascals * 10**6)

    @classmethod
    def gauge(cls, megapascals: Fraction, atmosphere: Fraction = ATMOSPHERE) -> Pressure:
        """From MPa above the atmosphere (Pa)."""
        return cls(megapascals * 10**6 + atmosphere)


@dataclass(frozen=True, slots=True)
class Enthalpy:
    """Enthalpy in 0.1 kJ/kg; `interpolated` between rows of a table, `source` says of which."""

    tenths: int
    interpolated: bool
    source: str

    @property
    def fixed(self) -> int:
        """In 1e-18 kJ/g, as a parameter of a line."""
        return self.tenths * exact.SCALE // 10_000

    @property
    def text(self) -> str:
        """In kJ/kg, one decimal."""
        return f"{self.tenths // 10}.{self.tenths % 10}"


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row that the user read in a guideline's table; temperature in degC, None for saturated steam."""

    pressure: Pressure
    temperature: Fraction | None
    tenths: int
    source: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One pressure of a table: (degC, 0.1 kJ/kg), saturated steam first, then ascending temperatures."""

    pressure: Fraction
    points: tuple[tuple[Fraction, Fraction], ...]

    @property
    def saturated(self) -> tuple[Fraction, Fraction]:
        return self.points[0]

    def at(self, temperature: Fraction) -> Fraction:
        """Linear between two columns; the temperature is not below saturation nor above the last column."""
        for (low, before), (high, after) in pairwise(self.points):
            if low <= temperature <= high:
                return _between(low, before, high, after, temperature)
        raise AssertionError("checked by SteamTable.enthalpy")

    def has(self, temperature: Fraction | None) -> bool:
        """Whether the temperature is one of the columns; None, saturated steam, always is."""
        return temperature is None or any(column == temperature for column, _ in self.points[1:])


@dataclass(frozen=True, slots=True)
class SteamTable:
    """A table of steam, rows by ascending pressure."""

    rows: tuple[_Row, ...]

    @classmethod
    def parse(cls, value: Any) -> SteamTable:
        """From data/steam.json: rows [Pa, saturation in 0.01 degC, vapour in 0.1 kJ/kg, [0.1 kJ/kg or null, ...]]."""
        if not isinstance(value, dict) or value.get("v") != 1:
            raise Malformed("a table of steam", expected="v 1", found=str(value)[:80])
        rows = tuple(
            _Row(
                Fraction(pressure),
                (
                    (Fraction(saturation, 100), Fraction(vapour)),
                    *(
                        (Fraction(column), Fraction(enthalpy))
                        for column, enthalpy in zip(value["temperatures"], enthalpies, strict=True)
                        if enthalpy is not None
                    ),
                ),
            )
            for pressure, saturation, vapour, enthalpies in value["rows"]
        )
        return cls(rows)

    def enthalpy(self, pressure: Pressure, temperature: Fraction | None, own: Iterable[OwnRow] = ()) -> Enthalpy:
        """Of steam at this pressure and temperature (degC); None: saturated steam. The user's own rows go first.

        Refused where the table does not reach, and where the temperature is that of water.
        """
        found = _own(list(own), pressure.pascals, temperature)
        return found if found is not None else self._computed(pressure.pascals, temperature)

    def _computed(self, pressure: Fraction, temperature: Fraction | None) -> Enthalpy:
        first, last = self.rows[0], self.rows[-1]
        if not first.pressure <= pressure <= last.pressure:
            raise Refused(
                "a steam pressure outside the table",
                expected=f"{exact.text(first.pressure)} to {exact.text(last.pressure)} Pa absolute",
                found=f"{exact.text(pressure)} Pa",
                remedy="Give a row of the guideline's table; a gauge pressure is not an absolute one",
            )
        at = bisect_right([row.pressure for row in self.rows], pressure) - 1
        low = self.rows[at]
        if low.pressure == pressure:
            return self._of_row(low, temperature, interpolated=not low.has(temperature))
        return self._of_row(_mixed(low, self.rows[at + 1], pressure), temperature, interpolated=True)

    def _of_row(self, row: _Row, temperature: Fraction | None, *, interpolated: bool) -> Enthalpy:
        saturation, vapour = row.saturated
        hottest = row.points[-1][0]
        if temperature is None:
            return Enthalpy(_half_up(vapour), interpolated, COMPUTED)
        if not saturation <= temperature <= hottest:
            raise Refused(
                "a steam temperature outside the table",
                expected=f"{exact.truncated(saturation, 2)} (saturation) to {exact.text(hottest)} degC",
                found=f"{exact.text(temperature)} degC",
                remedy="Below saturation there is water, not steam; leave the temperature out for saturated steam",
            )
        return Enthalpy(_half_up(row.at(temperature)), interpolated, COMPUTED)


def _mixed(low: _Row, high: _Row, pressure: Fraction) -> _Row:
    """The row between two, linear in pressure; its columns are those where both rows hold steam."""
    vapour = tuple(
        _between(low.pressure, before, high.pressure, after, pressure)
        for before, after in zip(low.saturated, high.saturated, strict=True)
    )
    # from saturation at the higher pressure on, both rows hold steam
    columns = [column for column, _ in high.points if column <= low.points[-1][0]]
    points = [
        (column, _between(low.pressure, low.at(column), high.pressure, high.at(column), pressure)) for column in columns
    ]
    return _Row(pressure, ((vapour[0], vapour[1]), *points))


def _own(rows: Sequence[OwnRow], pressure: Fraction, temperature: Fraction | None) -> Enthalpy | None:
    same = sorted((row for row in rows if row.temperature == temperature), key=lambda row: row.pressure.pascals)
    for row in same:
        if row.pressure.pascals == pressure:
            return Enthalpy(row.tenths, False, row.source)
    for low, high in pairwise(same):
        if low.pressure.pascals < pressure < high.pressure.pascals:
            value = _between(
                low.pressure.pascals, Fraction(low.tenths), high.pressure.pascals, Fraction(high.tenths), pressure
            )
            return Enthalpy(_half_up(value), True, low.source)
    return None


def _between(low: Fraction, before: Fraction, high: Fraction, after: Fraction, at: Fraction) -> Fraction:
    if low == high:
        return before
    return before + (after - before) * (at - low) / (high - low)


def _half_up(value: Fraction) -> int:
    return exact.divide(value.numerator, value.denominator, "half-up")
