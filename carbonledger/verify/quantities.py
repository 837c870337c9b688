"""What each device measured in each month, from its signed registers at the boundaries and the gateway's manifests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from carbonledger.bundle.model import Bundle, Entry
from carbonledger.entry import MEASURED_KINDS
from carbonledger.errors import Invalid, Unknown
from carbonledger.manifest import Manifest
from carbonledger.periods import instants, rfc3339
from carbonledger.records import Record
from carbonledger.verify.context import at_entry

Quantities = Mapping[tuple[str, int], int]
"""(identifier of a device, month 1 to 12) → quantity in base units of its measure."""


@dataclass(frozen=True, slots=True)
class MonthManifest:
    """A manifest entry of a bundle: its index in the log, and what it says."""

    index: int
    manifest: Manifest


def register_difference(start: int, end: int, modulus: int) -> int:
    """end - start of a register that rolls over at `modulus` (0: it does not); Invalid if it ran backward."""
    if end < start and not modulus:
        raise Invalid("the register ran backward", expected=f"at least {start}", found=end)
    if modulus and not (start < modulus and end < modulus):
        raise Invalid("a register above its modulus", expected=f"below {modulus}", found=max(start, end))
    return (end - start) % modulus if modulus else end - start


def silence(bundle: Bundle, year: int, devices: Mapping[str, Record]) -> tuple[int, str]:
    """The longest time (ms) without a disclosed reading before a boundary at which a meter was in place, and whose.

    What a meter counted after its last reading is in no quantity of the year, and a bundle cannot show that there was
    no later reading; so a reader is told.
    """
    worst, whose = 0, ""
    for device, record in devices.items():
        times = sorted(
            e.body.time_ms for e in bundle.entries if e.body.kind in MEASURED_KINDS and e.body.signer == device
        )
        since, until = record.field("installedFrom") * 1000, record.field("removedAt") * 1000
        for instant in instants(year):
            then = min(instant, until) if until else instant
            if then <= since:
                continue
            at = bisect_right(times, then)
            if (quiet := then - (times[at - 1] if at else since)) > worst:
                worst, whose = quiet, device
    return worst, whose


def manifests_of(bundle: Bundle, year: int) -> dict[tuple[str, int], MonthManifest]:
    """(device, month) → its manifest; Invalid for a period that is no month of the year, or a month closed twice."""
    bounds = instants(year)
    found: dict[tuple[str, int], MonthManifest] = {}
    for item in bundle.entries:
        if item.body.kind != "manifest":
            continue
        manifest = Manifest.parse(item.body.content)
        month = next(
            (m for m in range(1, 13) if (manifest.start_ms, manifest.end_ms) == (bounds[m - 1], bounds[m])), None
        )
        if month is None or (manifest.device, month) in found:
            raise Invalid(
                f"period of {at_entry(item)}",
                expected=f"a month of {year}, each once",
                found=f"{rfc3339(manifest.start_ms)} to {rfc3339(manifest.end_ms)} of {manifest.device}",
            )
        found[manifest.device, month] = MonthManifest(item.index, manifest)
    return found


def quantities(bundle: Bundle, year: int, devices: Mapping[str, Record]) -> dict[tuple[str, int], int]:
    """The quantities of all devices and months; every reading and manifest of the bundle is used.

    `devices` are the register's records by identifier. Unknown where a meter sends interval values only: then they
    follow from the full readings alone. Invalid where registers, sequence numbers and manifests disagree.
    """
    manifests = manifests_of(bundle, year)
    if strange := {device for device, _ in manifests} - set(devices):
        raise Invalid("manifests of the bundle", expected="of devices in the report", found=sorted(strange)[0])
    found: dict[tuple[str, int], int] = {}
    unknown: Unknown | None = None
    for device, record in devices.items():
        readings = [e for e in bundle.entries if e.body.kind in MEASURED_KINDS and e.body.signer == device]
        closed = {month: manifests[device, month] for month in range(1, 13) if (device, month) in manifests}
        try:
            found |= {(device, m): q for m, q in _months(device, record, readings, closed, instants(year)).items()}
        except Unknown as error:
            unknown = error
    if unknown is not None:
        raise unknown
    return found


def _months(
    device: str,
    record: Record,
    readings: Sequence[Entry],
    closed: Mapping[int, MonthManifest],
    bounds: Sequence[int],
) -> dict[int, int]:
    ordered = sorted(readings, key=lambda item: item.body.sequence)
    for before, after in pairwise(ordered):
        if before.body.sequence == after.body.sequence or before.body.time_ms >= after.body.time_ms:
            raise Invalid(
                f"time of {at_entry(after)}",
                expected=f"after {rfc3339(before.body.time_ms)}, with a later sequence",
                found=rfc3339(after.body.time_ms),
            )
    if any(item.body.register is None for item in ordered):
        raise Unknown(
            f"quantities of {device}",
            expected="register readings",
            found="interval values only",
            remedy="The audit package holds all its readings: replay it",
        )
    used: set[int] = set()
    found: dict[int, int] = {}
    for month in range(1, 13):
        start = _boundary(ordered, bounds[month - 1])
        end = _boundary(ordered, bounds[month])
        if start is None and end is not None:  # installed within the month: from its commissioning entry on
            start = ordered[0]
            if start.body.kind != "commissioning":
                raise Invalid(
                    f"first entry of {device}",
                    expected=f"at or before {rfc3339(bounds[month - 1])}, or the commissioning entry",
                    found=f"{start.body.kind} at {rfc3339(start.body.time_ms)}",
                )
        used |= {item.index for item in (start, end) if item is not None}
        found[month] = _month(device, month, record, start, end, closed.get(month), bounds[month - 1 : month + 1])
    if unused := [item for item in ordered if item.index not in used]:
        raise Invalid("readings of the bundle", expected="each at a month's boundary", found=at_entry(unused[0]))
    return found


def _boundary(ordered: Iterable[Entry], instant: int) -> Entry | None:
    """The last entry at or before an instant."""
    last = None
    for item in ordered:
        if item.body.time_ms <= instant:
            last = item
    return last


def _month(
    device: str,
    month: int,
    record: Record,
    start: Entry | None,
    end: Entry | None,
    closed: MonthManifest | None,
    bounds: Sequence[int],
) -> int:
    what = f"of {device}, month {month}"
    if closed is None:
        removed = record.field("removedAt")
        if record.field("installedFrom") * 1000 < bounds[1] and not (removed and removed * 1000 <= bounds[0]):
            raise Invalid(f"manifest {what}", expected="one", found="none")
    if start is None or end is None or start.body.register is None or end.body.register is None:
        if closed is not None and (closed.manifest.count or closed.manifest.total):
            raise Invalid(f"manifest {what}", expected="boundary readings beside it", found="none")
        return 0
    quantity = register_difference(start.body.register, end.body.register, record.field("modulus"))
    if closed is None:
        if quantity:
            raise Invalid(f"register {what}", expected="no change while not installed", found=quantity)
        return 0
    check_manifest(closed, start, end, quantity, what)
    require_one_round(record, end.body.time_ms - start.body.time_ms, what)
    if closed.manifest.flags.get("backward_register"):
        raise Unknown(
            f"quantity {what}",
            expected="a register that only grew",
            found="the gateway's flag that it ran backward",
            remedy="The audit package holds all its readings: replay it",
        )
    return quantity


def require_one_round(record: Record, span_ms: int, what: str) -> None:
    """Unknown if a register may have rolled over more than once in this time: at its rated maximum, base units/h."""
    modulus, hours = record.field("modulus"), Fraction(max(span_ms, 0), 3_600_000)
    if modulus and record.field("ratedMax") * hours >= modulus:
        raise Unknown(
            f"quantity {what}",
            expected=f"a register that needs longer than {float(hours):.2f} h to roll over at {modulus}",
            found=f"a rated maximum of {record.field('ratedMax')} an hour",
            remedy="The audit package holds all its readings: replay it",
        )


def check_manifest(closed: MonthManifest, start: Entry, end: Entry, quantity: int, what: str) -> None:
    """Invalid unless a manifest says what the two boundary readings say: count by sequence, registers, sum."""
    manifest = closed.manifest
    span = end.body.sequence - start.body.sequence
    expected = {
        "unit": end.body.unit,
        "sum": quantity,
        "register_start": start.body.register,
        "register_end": end.body.register,
        "count": span - manifest.missing,
    }
    found = {
        "unit": manifest.unit,
        "sum": manifest.total,
        "register_start": manifest.register_start,
        "register_end": manifest.register_end,
        "count": manifest.count,
    }
    for name, value in expected.items():
        if found[name] != value:
            raise Invalid(f"{name} of the manifest {what}", expected=value, found=found[name])
    if any(not start.body.sequence < first <= last < end.body.sequence for first, last in manifest.gaps):
        raise Invalid(
            f"gaps of the manifest {what}",
            expected=f"between {start.body.sequence} and {end.body.sequence}",
            found=manifest.gaps,
        )
    first, last = _ends(start.body.sequence, end.body.sequence, manifest.gaps)
    wanted = (first, last) if manifest.count else (None, None)
    if (manifest.first, manifest.last) != wanted:
        raise Invalid(f"first and last of the manifest {what}", expected=wanted, found=(manifest.first, manifest.last))
    places = (manifest.low, manifest.high)
    if manifest.count:
        fits = manifest.low is not None and manifest.high is not None and manifest.low <= manifest.high < closed.index
        inside = fits and (manifest.low or 0) <= end.index <= (manifest.high or 0)
        if not inside:
            raise Invalid(f"log range of the manifest {what}", expected=f"around {end.index}", found=places)
    elif places != (None, None):
        raise Invalid(f"log range of the manifest {what}", expected="none", found=places)


def _ends(start: int, end: int, gaps: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """First and last sequence number after `start` that no gap takes."""
    first = start + 1
    for low, high in gaps:
        if low <= first <= high:
            first = high + 1
    return first, end
