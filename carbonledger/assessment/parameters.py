"""What every published set of parameters has: a head with validity and sources, and values with their origin.

A set is canonical JSON; its SHA-256 is its id. A changed number is another set (docs/assessment.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final, Literal

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational

EVIDENCE: Final = ("official", "reputable", "transcription", "unverified", "draft", "none")
"""How a value was read at its source; `none`: it has no source outside, it is a proposal."""
STATUS: Final = ("in-force", "draft", "proposal", "example", "unverified")
_KEY: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_FIELDS: Final = ("evidence", "label", "name", "source", "unit", "value")
HEAD_FIELDS: Final = ("key", "kind", "region", "sources", "status", "title", "v", "valid_from", "valid_to", "version")

Title = tuple[str, str]
"""(English, Chinese)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a rule: exact, in `unit`, with its source; `proposal` where it is our own choice, not published."""

    name: str
    value: Fraction
    unit: str
    source: str
    evidence: str
    proposal: bool

    @classmethod
    def parse(cls, node: Node) -> Parameter:
        """From `{"evidence","label","name","source","unit","value"}`; label is `published` or `proposal`."""
        fields = node.fields(_FIELDS)
        label = fields["label"].one_of(("published", "proposal"))
        evidence = fields["evidence"].one_of(EVIDENCE)
        if label == "published" and evidence == "none":
            raise fields["evidence"].malformed("a published value without a source", "how it was read")
        return cls(
            name=key(fields["name"]),
            value=rational.signed(fields["value"]),
            unit=fields["unit"].text(least=1, most=40),
            source=fields["source"].text(least=1, most=400),
            evidence=evidence,
            proposal=label == "proposal",
        )

    def to_json(self) -> dict[str, str]:
        """Inverse of `parse`."""
        return {
            "evidence": self.evidence,
            "label": "proposal" if self.proposal else "published",
            "name": self.name,
            "source": self.source,
            "unit": self.unit,
            "value": rational.text(self.value),
        }


Parameters = dict[str, Parameter]

Domain = Literal["amount", "count", "days", "points", "positive", "quality", "quarters"]
"""What a parameter may be: outside of it a rule would divide by nothing, count backwards, or hold of everybody."""
DOMAINS: Final[Mapping[Domain, tuple[str, bool, Fraction, Fraction | None]]] = {
    "amount": ("a number from 0", False, Fraction(0), None),
    "count": ("a whole number from 1 to 1000000", True, Fraction(1), Fraction(10**6)),
    "days": ("a whole number from 0 to 1000", True, Fraction(0), Fraction(1000)),
    "points": ("a whole number from 1 to 10", True, Fraction(1), Fraction(10)),
    "positive": ("a number above 0", False, Fraction(1, 10**18), None),
    "quality": ("a number from 1 to 5", False, Fraction(1), Fraction(5)),
    "quarters": ("a whole number from 1 to 100", True, Fraction(1), Fraction(100)),
}
"""Domain → what is expected, whether whole, least (a decimal has 18 places at most), most."""


def parameters(node: Node, most: int = 64) -> Parameters:
    """A list of parameters as name -> parameter, each name once."""
    found = [Parameter.parse(item) for item in node.items(most=most)]
    named = {parameter.name: parameter for parameter in found}
    if len(named) != len(found):
        raise node.malformed("a parameter comes twice", "each name once")
    return named


def require(node: Node, found: Parameters, names: tuple[str, ...], what: str) -> None:
    """MalformedInput unless the parameters are exactly those that `what` reads."""
    if set(found) != set(names):
        raise node.malformed(f"parameters of {what}", ", ".join(names) or "none")


def within(node: Node, found: Parameters, domains: Mapping[str, Domain], what: str) -> None:
    """`require`, and MalformedInput at the first parameter that lies outside of what it may be."""
    require(node, found, tuple(domains), what)
    for item, (name, parameter) in zip(node.items(), found.items(), strict=True):
        expected, whole, least, most = DOMAINS[domains[name]]
        value = parameter.value
        if value < least or (most is not None and value > most) or (whole and value.denominator != 1):
            raise item.fields(_FIELDS)["value"].malformed(f"{name} of {what}", expected)


@dataclass(frozen=True, slots=True)
class Head:
    """What a set is: its key, region, version, dates of validity (ISO, `valid_to` "" = open), status and sources."""

    key: str
    kind: str
    region: str
    version: str
    valid_from: date
    valid_to: date | None
    status: str
    title: Title
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, fields: dict[str, Node], kind: str) -> Head:
        """From the fields of `HEAD_FIELDS` of a set."""
        fields["v"].integer(1, 1)
        fields["kind"].one_of((kind,))
        last = fields["valid_to"]
        return cls(
            key=key(fields["key"]),
            kind=kind,
            region=fields["region"].text(most=100),
            version=fields["version"].text(least=1, most=40),
            valid_from=day(fields["valid_from"]),
            valid_to=None if last.value == "" else day(last),
            status=fields["status"].one_of(STATUS),
            title=title(fields["title"]),
            sources=tuple(item.text(least=1, most=400) for item in fields["sources"].items(least=1, most=100)),
        )

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "key": self.key,
            "kind": self.kind,
            "region": self.region,
            "sources": list(self.sources),
            "status": self.status,
            "title": bilingual(self.title),
            "v": 1,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else "",
            "version": self.version,
        }

    def holds(self, on: date) -> bool:
        """Whether the set is in its dates of validity."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def summary(self, identifier: bytes) -> dict[str, Any]:
        """What a result says of the set it was computed by."""
        return {
            "id": identifier.hex(),
            "key": self.key,
            "status": self.status,
            "title": bilingual(self.title),
        }

    def listed(self, identifier: bytes) -> dict[str, Any]:
        """One row of a list: its readable id (the key), and the SHA-256 that binds it."""
        validity = {"valid_from": self.valid_from.isoformat(), "valid_to": self.valid_to and self.valid_to.isoformat()}
        named = {"id": self.key, "sha256": identifier.hex(), "status": self.status, "title": bilingual(self.title)}
        return named | {"region": self.region, "version": self.version} | validity


def key(node: Node) -> str:
    """A key: lower-case letters and digits, joined by - or ."""
    value = node.text(least=1, most=64)
    if _KEY.fullmatch(value) is None:
        raise node.malformed("not a key", "lower-case letters and digits, joined by - or .")
    return value


def title(node: Node, most: int = 300) -> Title:
    """`{"en","zh"}`."""
    fields = node.fields(("en", "zh"))
    return fields["en"].text(least=1, most=most), fields["zh"].text(least=1, most=most)


def bilingual(value: Title) -> dict[str, str]:
    """Inverse of `title`."""
    return {"en": value[0], "zh": value[1]}


def day(node: Node) -> date:
    """A date as YYYY-MM-DD."""
    written = node.text(most=10)
    try:
        value = date.fromisoformat(written)
    except ValueError as error:
        raise node.malformed("not a date", "YYYY-MM-DD from 1990") from error
    if value.isoformat() != written or not 1990 <= value.year < 9000:
        raise node.malformed("not a date", "YYYY-MM-DD from 1990")
    return value


DATE_PATTERN: Final = r"^(199[0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
