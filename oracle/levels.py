"""Totals below the enterprise, from its own readings: by level and month, day or shift; they never leave the site.

Every interval is a difference of registers, so the sums of a meter telescope to its register difference. A level with
meters of its own shows what its children do not account for as unmetered (未计量), whatever its sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any, Final, Literal

from carbonledger.accounting import exact
from carbonledger.errors import Malformed
from oracle.flags import Limits
from oracle.levels_file import Level, Levels
from oracle.periods import boundary, instants, readings_of
from oracle.signers import Signer
from oracle.store import Store

By = Literal["month", "day", "shift"]
Compared = Literal["devices", "shifts", "periods"]
UNMETERED: Final = "未计量"
_LOCAL: Final = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Interval:
    """One reading of a meter: what it added, in base units. `day` and `shift` are those it is counted in."""

    meter: str
    index: int
    time_ms: int
    register: int | None
    value: int
    month: int
    day: str
    shift: str

    def key(self, by: By) -> str:
        """The period it is counted in."""
        match by:
            case "month":
                return f"{self.month:02}"
            case "day":
                return self.day
            case "shift":
                return self.shift


@dataclass(frozen=True, slots=True)
class Row:
    """A level's total in a period, base units. `of_children` None where it has none that are metered."""

    level: str
    kind: str
    depth: int
    period: str
    unit: str
    total: int
    metered: bool
    of_children: int | None

    @property
    def unmetered(self) -> int | None:
        """What its children do not account for; None where there is nothing to compare."""
        return self.total - self.of_children if self.metered and self.of_children is not None else None


@dataclass(frozen=True, slots=True)
class Compare:
    """One of several alike: its total, how far it is from their mean (per cent), its rank from the largest."""

    group: str
    name: str
    unit: str
    total: int
    mean: Fraction
    median: Fraction
    deviation: Fraction | None
    rank: int
    specific: Fraction | None
    per: str


def intervals(store: Store, meter: Signer, levels: Levels, year: int) -> Iterator[Interval]:
    """A meter's year, by sequence. A register that falls rolled over where the meter has a modulus."""
    start, end = instants(year)[0], instants(year)[-1]
    months = instants(year)
    found = sorted(readings_of(store, meter, start, end), key=lambda item: item.reading.sequence)
    opening = boundary(store, meter, start)
    before = opening.reading.register if opening else None
    modulus = Limits.of(meter.profile).modulus or 0
    for item in found:
        reading = item.reading
        if meter.register_type == "interval":
            value = reading.interval or 0
        else:
            register = reading.register or 0
            value = 0 if before is None else register - before
            value += modulus if value < 0 else 0
            before = register
        if item.kind != "reading":
            continue
        local = datetime.fromtimestamp(reading.time_ms / 1000, UTC) + _LOCAL
        minute = local.hour * 60 + local.minute
        shift = levels.shift_of(minute)
        # the interval that ends at midnight is the last of the day before
        begun = (
            local - timedelta(minutes=1) if minute == 0 else local - timedelta(days=levels.day_offset(shift, minute))
        )
        month = next(number for number in range(1, 13) if reading.time_ms <= months[number])
        yield Interval(
            meter.identifier, item.index, reading.time_ms, reading.register, value, month, f"{begun:%Y-%m-%d}", shift
        )


@dataclass(frozen=True, slots=True)
class Year:
    """All intervals of the metered levels; `units` base unit by meter."""

    year: int
    levels: Levels
    units: dict[str, str]
    intervals: tuple[Interval, ...]

    @classmethod
    def read(cls, store: Store, levels: Levels, year: int) -> Year:
        """From the store; Malformed for a meter that is not enrolled."""
        signers = {signer.identifier: signer for signer in store.signers() if signer.role == "device"}
        wanted = [meter for level in levels.levels for meter in level.meters]
        for meter in wanted:
            if meter not in signers:
                raise Malformed(f"meter {meter!r} of the levels", expected=", ".join(sorted(signers)), found="none")
        found = [interval for meter in wanted for interval in intervals(store, signers[meter], levels, year)]
        return cls(year, levels, {meter: signers[meter].unit or "" for meter in wanted}, tuple(found))

    def totals(self, by: By) -> list[Row]:
        """Rows by level (as in the file), unit and period."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        periods: set[str] = set()
        for interval in self.intervals:
            sums[interval.meter, interval.key(by)] += interval.value
            periods.add(interval.key(by))
        rows: list[Row] = []
        for unit in dict.fromkeys(self.units.values()):
            for period in sorted(periods):
                self._walk(None, 0, unit, period, sums, rows)
        order = {level.name: place for place, level in enumerate(self.levels.levels)}
        return sorted(rows, key=lambda row: (order[row.level], row.unit, row.period))

    def _walk(
        self,
        parent: Level | None,
        depth: int,
        unit: str,
        period: str,
        sums: dict[tuple[str, str], int],
        rows: list[Row],
    ) -> int | None:
        total: int | None = None
        for level in self.levels.children(parent.name if parent else ""):
            below = self._walk(level, depth + 1, unit, period, sums, rows)
            own = [sums[meter, period] for meter in level.meters if self.units[meter] == unit]
            value = sum(own) if own else below
            if value is None:
                continue
            rows.append(Row(level.name, level.kind, depth, period, unit, value, bool(own), below))
            total = (total or 0) + value
        return total

    def compare(self, what: Compared) -> list[Compare]:
        """Like devices with each other; a level's shifts, or its months, with each other."""
        rows = self.totals("shift" if what == "shifts" else "month")
        groups: dict[tuple[str, str], list[tuple[str, int, tuple[str, Fraction] | None]]] = defaultdict(list)
        if what == "devices":
            likes = {level.name: level.like for level in self.levels.levels if level.like}
            year: dict[tuple[str, str], int] = defaultdict(int)
            for row in rows:
                if row.level in likes:
                    year[row.level, row.unit] += row.total
            for (name, unit), total in year.items():
                groups[likes[name], unit].append((name, total, self.levels.output(name, range(1, 13))))
        else:
            for row in rows:
                month = int(row.period) if what == "periods" else 0
                made = self.levels.output(row.level, range(month, month + 1)) if month else None
                groups[row.level, row.unit].append((row.period or "-", row.total, made))
        return [found for (group, unit), members in groups.items() for found in _compared(group, unit, members)]


def _compared(
    group: str, unit: str, members: Sequence[tuple[str, int, tuple[str, Fraction] | None]]
) -> Iterator[Compare]:
    totals = [total for _, total, _ in members]
    mean = Fraction(sum(totals), len(totals))
    middle = Fraction(median([Fraction(total) for total in totals]))
    for name, total, made in members:
        deviation = 100 * (total - mean) / mean if mean else None
        rank = 1 + sum(1 for other in totals if other > total)
        specific = Fraction(total) / made[1] if made and made[1] else None
        per = f"{unit}/{made[0]}" if specific is not None and made else ""
        yield Compare(group, name, unit, total, mean, middle, deviation, rank, specific, per)


def intensity(year: Year, row: Row) -> tuple[Fraction, str] | None:
    """A monthly row per unit of output, where the output is known."""
    made = year.levels.output(row.level, range(int(row.period), int(row.period) + 1))
    return None if made is None or not made[1] else (row.total / made[1], f"{row.unit}/{made[0]}")


def row_json(row: Row) -> dict[str, Any]:
    """A total as JSON; amounts are decimal strings of base units."""
    return {
        "kind": row.kind,
        "level": row.level,
        "period": row.period,
        "total": {"unit": row.unit, "value": str(row.total)},
        "unmetered": None if row.unmetered is None else {"unit": row.unit, "value": str(row.unmetered)},
    }


def compare_json(found: Compare) -> dict[str, Any]:
    """A comparison as JSON: means and deviations cut to three decimals, for people."""
    return {
        "deviation_percent": None if found.deviation is None else exact.truncated(found.deviation, 3),
        "group": found.group,
        "mean": exact.truncated(found.mean, 3),
        "median": exact.truncated(found.median, 3),
        "name": found.name,
        "rank": found.rank,
        "specific": None if found.specific is None else exact.truncated(found.specific, 3),
        "specific_unit": found.per,
        "total": {"unit": found.unit, "value": str(found.total)},
    }


def tables(year: Year) -> dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]]:
    """One set of tables: original record (原始记录) → ledger (台账) → statistics (统计); each sums to the next."""
    ledger: dict[tuple[str, str, str], int] = defaultdict(int)
    for item in year.intervals:
        ledger[item.meter, item.day, item.shift] += item.value
    return {
        "original": (
            ("meter", "log_index", "time_ms", "register", "value", "unit"),
            ((i.meter, i.index, i.time_ms, i.register, i.value, year.units[i.meter]) for i in year.intervals),
        ),
        "ledger": (
            ("meter", "day", "shift", "value", "unit"),
            ((*key, value, year.units[key[0]]) for key, value in sorted(ledger.items())),
        ),
        "statistics": (
            ("level", "kind", "month", "total", "unmetered", "unit", "intensity", "intensity_unit"),
            (
                (r.level, r.kind, r.period, r.total, r.unmetered, r.unit, *_shown(intensity(year, r)))
                for r in year.totals("month")
            ),
        ),
    }


def _shown(found: tuple[Fraction, str] | None) -> tuple[str, str]:
    return ("", "") if found is None else (exact.truncated(found[0], 3), found[1])
