"""The support tool's published numbers: editions by date, its fields, what a disclosure says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import (
    HEAD_FIELDS,
    Head,
    Parameters,
    Title,
    bilingual,
    day,
    key,
    parameters,
    require,
    title,
)
from carbonledger.errors import Refused

KIND: Final = "support-tool"
EDITION: Final = ("quota", "rate", "rollovers", "share", "term")
DISCLOSURE: Final = ("band-high", "band-low", "due-days", "late-days", "marked")
PLACES: Final = ("amount", "rate", "reduction")
MILLION: Final = 10**6


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the tool; `number` is the contract's."""

    number: int
    key: str
    title: Title


@dataclass(frozen=True, slots=True)
class Edition:
    """The numbers in force from a day on: share of the principal, rate a year, term in days, roll-overs, CNY a year."""

    valid_from: date
    parameters: Parameters

    @property
    def share(self) -> Fraction:
        """Of a loan's principal."""
        return self.parameters["share"].value

    @property
    def rate(self) -> Fraction:
        """Of the funds, a year."""
        return self.parameters["rate"].value

    @property
    def rollovers(self) -> int:
        """How many terms more, at most."""
        return int(self.parameters["rollovers"].value)

    def chain_values(self) -> dict[str, int]:
        """As the act SupportToolRules says them: parts per million, days, fen a year (0: none)."""
        return {
            "quota": int(self.parameters["quota"].value * 100),
            "ratePpm": int(self.rate * MILLION),
            "rollovers": self.rollovers,
            "sharePpm": int(self.share * MILLION),
            "termDays": int(self.parameters["term"].value),
        }


@dataclass(frozen=True, slots=True)
class Tool:
    """The set; its id is the SHA-256 of its canonical JSON."""

    head: Head
    editions: tuple[Edition, ...]
    fields: tuple[Field, ...]
    disclosure: Parameters
    places: dict[str, int]
    statement: Title
    purpose: Title

    @classmethod
    def parse(cls, raw: bytes) -> Tool:
        """From canonical JSON; Malformed with the path for anything else."""
        names = (*HEAD_FIELDS, "disclosure", "editions", "fields", "places", "purpose", "statement")
        node = Node(jcs.decode_object(raw)).fields(names)
        editions = []
        for item in node["editions"].items(least=1, most=100):
            row = item.fields(("parameters", "valid_from"))
            found = parameters(row["parameters"])
            require(row["parameters"], found, EDITION, "an edition")
            editions.append(Edition(day(row["valid_from"]), found))
            if len(editions) > 1 and editions[-2].valid_from >= editions[-1].valid_from:
                raise item.malformed("editions out of order", "each later than the one before")
        fields: list[Field] = []
        for item in node["fields"].items(least=1, most=8):
            row = item.fields(("key", "number", "title"))
            fields.append(
                Field(row["number"].integer(len(fields) + 1, len(fields) + 1), key(row["key"]), title(row["title"]))
            )
        disclosure = parameters(node["disclosure"])
        require(node["disclosure"], disclosure, DISCLOSURE, "a disclosure")
        places = {name: item.integer(0, 6) for name, item in node["places"].fields(PLACES).items()}
        return cls(
            Head.parse(node, KIND),
            tuple(editions),
            tuple(fields),
            disclosure,
            places,
            title(node["statement"]),
            title(node["purpose"]),
        )

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return self.head.to_json() | {
            "disclosure": [one.to_json() for one in self.disclosure.values()],
            "editions": [
                {
                    "parameters": [one.to_json() for one in edition.parameters.values()],
                    "valid_from": edition.valid_from.isoformat(),
                }
                for edition in self.editions
            ],
            "fields": [{"key": f.key, "number": f.number, "title": bilingual(f.title)} for f in self.fields],
            "places": dict(self.places),
            "purpose": bilingual(self.purpose),
            "statement": bilingual(self.statement),
        }

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()

    def at(self, on: date) -> Edition:
        """The edition in force on a day; Refused before the first."""
        found = [edition for edition in self.editions if edition.valid_from <= on]
        if not found:
            raise Refused(
                f"{self.head.key} was not in force on {on}", expected=f"from {self.editions[0].valid_from}", found=on
            )
        return found[-1]
