"""Factors: published values with key, validity by reporting year, evidence and source (docs/formats/rule-set.md).

Year of the data, year of publication and year of use are three things: `data_year`, `version`, `years`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs, numbered
from carbonledger.accounting import exact
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.names import chain_name, name32
from carbonledger.accounting.units import PARAMETERS
from carbonledger.errors import Malformed, Refused
from carbonledger.numbered import numbers

EVIDENCE: Final = numbers(numbered.EVIDENCE)
"""Tag -> number on the chain. A transcription was not compared with the document; `unverified` has no stored source."""
UNVERIFIED: Final = frozenset({"transcription", "unverified"})

MAX_YEAR: Final = 9999
_ID: Final = re.compile(r"[0-9a-f]{64}")
_KEY_FIELDS: Final = ("data_year", "guideline", "region", "row", "version")
_FIELDS: Final = (*_KEY_FIELDS, "evidence", "factor", "source", "unit", "value", "years")


@dataclass(frozen=True, slots=True)
class Published:
    """What a register holds of a factor: all that a computation reads. Value in 1e-18 of the unit; a year 0 is open."""

    value: int
    unit: str
    year_from: int
    year_to: int
    guideline: str

    def in_force(self, year: int) -> bool:
        """Whether it may be used for this reporting year."""
        return self.year_from <= year and (self.year_to == 0 or year <= self.year_to)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor. `value` in 1e-18 of `unit`; `years` (from, to) inclusive with 0 = open, None = not known."""

    guideline: str
    version: str
    row: str
    region: str
    data_year: int
    value: int
    unit: str
    years: tuple[int, int] | None
    evidence: str
    source: str

    @property
    def id(self) -> bytes:
        """SHA-256 of the canonical JSON of the key."""
        return factor_id(self.guideline, self.version, self.row, self.region, self.data_year)

    @property
    def reference(self) -> str:
        """Its row, with `@region` where there is one: how a document may name it, and its row on the chain."""
        return f"{self.row}@{self.region}" if self.region else self.row

    @property
    def full_name(self) -> str:
        """Guideline, version and reference: how a document names one of several factors of one reference."""
        return f"{self.guideline} {self.version} {self.reference}"

    @property
    def unverified(self) -> bool:
        """Nobody compared the value with the document."""
        return self.evidence in UNVERIFIED

    @property
    def published(self) -> Published | None:
        """As a register holds it; None where the years of use are not known."""
        return None if self.years is None else Published(self.value, self.unit, *self.years, self.guideline)

    def in_force(self, year: int) -> bool:
        """Whether it may be used for this reporting year; never where the years are not known."""
        if self.years is None:
            return False
        first, last = self.years
        return first <= year and (last == 0 or year <= last)

    @classmethod
    def parse(cls, node: Node) -> Factor:
        """From the JSON of a factor, whose id must be that of its key."""
        fields = node.fields(_FIELDS)
        unit = fields["unit"].one_of(tuple(PARAMETERS), "not a base unit of a parameter")
        value = exact.fixed(exact.decimal(fields["value"]), fields["value"].path, unit)
        if exact.fixed_text(value) != fields["value"].value:
            raise fields["value"].malformed("a decimal with needless zeros", exact.fixed_text(value))
        factor = cls(
            guideline=chain_name(fields["guideline"]),
            version=chain_name(fields["version"]),
            row=chain_name(fields["row"]),
            region=chain_name(fields["region"], least=0),
            data_year=fields["data_year"].integer(0, MAX_YEAR),
            value=value,
            unit=unit,
            years=None if fields["years"].value is None else years(fields["years"]),
            evidence=fields["evidence"].one_of(tuple(EVIDENCE)),
            source=fields["source"].text(least=1),
        )
        try:
            name32(factor.reference)
        except Malformed as error:
            raise fields["region"].malformed(
                "a row and region too long for the chain", "31 bytes as row@region"
            ) from error
        if fields["factor"].value != factor.id.hex():
            raise fields["factor"].malformed("the id is not that of the key", factor.id.hex())
        return factor

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "data_year": self.data_year,
            "evidence": self.evidence,
            "factor": self.id.hex(),
            "guideline": self.guideline,
            "region": self.region,
            "row": self.row,
            "source": self.source,
            "unit": self.unit,
            "value": exact.fixed_text(self.value),
            "version": self.version,
            "years": None if self.years is None else list(self.years),
        }

    def act_fields(self) -> dict[str, bytes | int]:
        """The fields of the act `Factor` but reference and deadline; Refused where the years are not known."""
        if self.years is None:
            raise Refused(
                f"factor {self.reference} of {self.guideline} cannot be published",
                expected="its reporting years",
                found="not known",
                remedy="Find in its source for which reporting years it holds",
            )
        return {
            "factorId": self.id,
            "guideline": name32(self.guideline),
            "version": name32(self.version),
            "row": name32(self.reference),
            "value": self.value,
            "unit": name32(self.unit),
            "yearFrom": self.years[0],
            "yearTo": self.years[1],
            "dataYear": self.data_year,
            "evidence": EVIDENCE[self.evidence],
            "sourceDigest": sha256(self.source.encode()).digest(),
        }


class Factors:
    """A set of factors, by id and by reference; one id has one content."""

    def __init__(self, factors: Iterable[Factor] = ()) -> None:
        self.by_id: dict[bytes, Factor] = {}
        for factor in factors:
            known = self.by_id.setdefault(factor.id, factor)
            if known != factor:
                raise Refused(
                    f"two factors of one key: {factor.reference} of {factor.guideline} {factor.version}",
                    expected=known.to_json(),
                    found=factor.to_json(),
                )

    def __iter__(self) -> Iterator[Factor]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def named(self, reference: str) -> list[Factor]:
        """The factor of this id (hex), or all of this full name, `row` or `row@region`, whatever their years."""
        by_id = self.by_id.get(bytes.fromhex(reference)) if _ID.fullmatch(reference) else None
        if by_id:
            return [by_id]
        return list(self._by_name.get(reference, ()))

    @cached_property
    def _by_name(self) -> dict[str, list[Factor]]:
        found: dict[str, list[Factor]] = {}
        for factor in self.by_id.values():
            for name in {factor.reference, factor.full_name}:
                found.setdefault(name, []).append(factor)
        return found

    def with_(self, factors: Iterable[Factor]) -> Factors:
        """These and some more; the same set where it has them all."""
        more = list(factors)
        for factor in more:
            known = self.by_id.get(factor.id)
            if known is not factor and known != factor:
                break
        else:
            return self
        return Factors([*self.by_id.values(), *more])

    def published(self) -> Mapping[bytes, Published]:
        """As a register holds them: those whose years are known."""
        return self._published

    @cached_property
    def _published(self) -> dict[bytes, Published]:
        return {identifier: factor.published for identifier, factor in self.by_id.items() if factor.published}


@lru_cache(maxsize=8192)  # asked for at every line and every copy of the library
def factor_id(guideline: str, version: str, row: str, region: str, data_year: int) -> bytes:
    """SHA-256 of the canonical JSON of a factor's key."""
    key = {"data_year": data_year, "guideline": guideline, "region": region, "row": row, "version": version}
    return sha256(jcs.encode(key)).digest()


def years(node: Node) -> tuple[int, int]:
    """`[from, to]`, reporting years, inclusive, 0 = open."""
    first, last = node.items(least=2, most=2)
    year_from, year_to = first.integer(0, MAX_YEAR), last.integer(0, MAX_YEAR)
    if year_to and year_to < year_from:
        raise node.malformed("years that end before they begin", "[from, to]")
    return year_from, year_to
