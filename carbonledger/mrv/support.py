"""Which figure each manual entry supports, month by month, and what is odd about the documents beneath.

Shared by the enterprise that files, the verifier that checks, and the ledger node that compares enterprises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeVar

from carbonledger.errors import Invalid
from carbonledger.mrv.evidence import Document, Manual, Measured, OwnTier

LAB_DAYS: Final = 40  # verification guide for power facilities: tested and reported within 40 days of the sample
CONTINUING: Final = frozenset({"contract", "calibration"})
"""Purposes of documents that stand behind many figures by nature."""

Figure = tuple[str, bytes, int, int]
"""Code of the line, base item, year, month."""

Place = TypeVar("Place")

FlagName = Literal["document-missing", "document-twice", "lab-late", "lab-undated"]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something odd: which manual or document entry (log index), and in words. It changes no value."""

    name: FlagName
    index: int
    text: str


def standing(manuals: Mapping[int, Manual]) -> dict[int, Manual]:
    """The entries, by log index, that no later entry replaces and that are no withdrawal.

    Invalid where an entry replaces a later one, one of another figure, or one that is replaced already.
    """
    replaced: set[int] = set()
    for index, manual in sorted(manuals.items()):
        old = manual.replaces
        if old is None:
            continue
        before = manuals.get(old)
        if old >= index or old in replaced or before is None or before.figure != manual.figure:
            raise Invalid(
                f"entry {index} replaces entry {old}",
                expected="an earlier manual entry of the same figure, once",
                found="none" if before is None else f"line {before.line}, month {before.month}",
            )
        replaced.add(old)
    return {index: manual for index, manual in sorted(manuals.items()) if index not in replaced and manual.says}


def amounts(manuals: Iterable[Manual]) -> dict[Figure, int]:
    """The quantities of all figures as they count, in base units: each corrected for its meter's calibration."""
    found: dict[Figure, int] = {}
    for manual in manuals:
        if (counted := manual.counted) is not None:
            found[manual.figure] = found.get(manual.figure, 0) + counted
    return found


def cases(manuals: Mapping[int, Manual]) -> dict[tuple[str, int], Manual]:
    """(device, month) → the entry that says how the device was calibrated; Invalid where two say it."""
    found: dict[tuple[str, int], tuple[int, Manual]] = {}
    for index, manual in sorted(manuals.items()):
        if manual.meter is None or manual.meter.device is None:
            continue
        key = (manual.meter.device, manual.month)
        if key in found:
            raise Invalid(
                f"case of meter {key[0]}, month {key[1]}", expected="one entry", found=f"{found[key][0]} and {index}",
                remedy="Let the later one replace the earlier one",
            )  # fmt: skip
        found[key] = (index, manual)
    return {key: manual for key, (_, manual) in found.items()}


def missing(manuals: Iterable[Manual]) -> dict[Figure, dict[str, str]]:
    """The parameters of all figures that were to be measured and were not, with the reason."""
    found: dict[Figure, dict[str, str]] = {}
    for manual in manuals:
        for name, reason in (manual.missing or {}).items():
            found.setdefault(manual.figure, {})[name] = reason
    return found


def parameters(manuals: Iterable[Manual]) -> dict[Figure, dict[str, Measured]]:
    """The enterprise's own parameters of all figures; Invalid where a month's values cannot be made into one."""
    found: dict[Figure, dict[str, list[tuple[Measured, int | None]]]] = {}
    for manual in manuals:
        for name, item in (manual.parameters or {}).items():
            weight = item.weight if item.weight is not None else manual.quantity
            found.setdefault(manual.figure, {}).setdefault(name, []).append((item, weight))
    return {
        figure: {name: _mean(values, f"{name} of {figure[0]}, month {figure[3]}") for name, values in by_name.items()}
        for figure, by_name in found.items()
    }


def _mean(values: list[tuple[Measured, int | None]], what: str) -> Measured:
    """The mass-weighted mean, half up at 1e-18 (verification guide: a month's value from its days or batches)."""
    units = {item.unit for item, _ in values}
    if len(units) > 1:
        raise Invalid(f"units of {what}", expected="one", found=" ".join(sorted(units)))
    # one value on the safe side makes the mean one
    tier: OwnTier = "conservative" if any(item.tier == "conservative" for item, _ in values) else "measured"
    distinct = {item.value for item, _ in values}
    if len(distinct) == 1:
        return Measured(units.pop(), distinct.pop(), tier=tier)
    weights = [weight for _, weight in values if weight]
    if len(weights) != len(values):
        raise Invalid(f"values of {what}", expected="a weight above 0 for each, or one value", found="none for one")
    total = sum(weights)
    top = sum(item.value * weight for (item, _), weight in zip(values, weights, strict=True))
    return Measured(units.pop(), (2 * top + total) // (2 * total), tier=tier)


def flags(documents: Mapping[int, Document], manuals: Mapping[int, Manual]) -> list[Flag]:
    """What a reader should know of the documents beneath these figures, in the order of the log.

    `documents` and `manuals` by log index; the manual entries are those that stand.
    """
    found = [
        Flag("document-missing", index, f"line {m.line}, month {m.month}, has a value by hand without a document")
        for index, m in manuals.items()
        if not m.documents and (m.quantity is not None or m.parameters)
    ]
    used = {index for m in manuals.values() for index in m.documents}
    for index in sorted(used & set(documents)):
        document = documents[index]
        if document.purpose != "lab-report":
            continue
        if document.issued is None or document.sampled is None:
            found.append(Flag("lab-undated", index, f"lab report '{document.name}' has no day of sample and of issue"))
        elif document.issued > document.sampled + timedelta(days=LAB_DAYS):
            late = (document.issued - document.sampled).days
            found.append(Flag("lab-late", index, f"lab report '{document.name}' came {late} days after its sample"))
    found += [
        Flag("document-twice", max(indices), f"{said} supports {len(figures)} figures")
        for said, indices, figures in repeated(
            (index, documents[index], manual.figure)
            for manual in manuals.values()
            for index in manual.documents
            if index in documents
        )
    ]
    return sorted(found, key=lambda flag: (flag.index, flag.name))


def repeated(
    uses: Iterable[tuple[int, Document, Place]],
) -> list[tuple[str, set[int], set[Place]]]:
    """Documents used for more than one figure: in words, the entries (log indices), the figures.

    `uses` are (index of the document entry, document, the figure that it supports); two entries are one document if
    their digests are the same, or their purpose and number. `Place` may be wider than a figure: with the member in it.
    """
    found: list[tuple[str, set[int], set[Place]]] = []
    listed = [(index, document, place) for index, document, place in uses if document.purpose not in CONTINUING]
    told: set[frozenset[tuple[int, Place]]] = set()
    for key in (_by_digest, _by_number):
        groups: dict[str, list[tuple[int, Place]]] = {}
        for index, document, place in listed:
            name = key(document)
            if name is not None:
                groups.setdefault(name, []).append((index, place))
        for name, group in groups.items():
            places = {place for _, place in group}
            if len(places) > 1 and frozenset(group) not in told:
                told.add(frozenset(group))
                found.append((name, {index for index, _ in group}, places))
    return found


def _by_digest(document: Document) -> str | None:
    return f"document {document.digest}"


def _by_number(document: Document) -> str | None:
    return None if document.number is None else f"{document.purpose} number '{document.number}'"
