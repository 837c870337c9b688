"""Methodologies as data: parameters and grid factors with source and evidence; the id is the SHA-256 of the JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, get_args

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational

Kind = Literal["grid-renewable", "methane-use", "building-heating"]
Measure = Literal["electricity", "heat", "methane"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
EVIDENCE: Final = ("official", "reputable", "transcription", "draft", "unverified")
STATUS: Final = ("in-force", "draft", "unverified")
UNITS: Final = ("1", "tCO2/MWh", "tC/GJ", "g/m3")
"""tCO2/MWh is g/Wh and tC/GJ is g/kJ: no factor lies between."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a methodology, and where it comes from."""

    value: Fraction
    unit: str
    evidence: str
    source: str

    def to_json(self) -> dict[str, str]:
        """As in a result."""
        shown = {"evidence": self.evidence, "source": self.source, "unit": self.unit}
        return shown | {"value": rational.text(self.value)}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One monitored quantity."""

    measure: Measure
    required: bool
    title: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Region:
    """A grid: operating and build margin in tCO2/MWh."""

    om: Parameter
    bm: Parameter
    title: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Methodology:
    """One methodology; `id` is 32 bytes and is the word that a project on the chain names."""

    key: str
    id: bytes
    kind: Kind
    status: str
    title: tuple[str, str]
    quantities: Mapping[str, Quantity]
    parameters: Mapping[str, Parameter]
    regions: Mapping[str, Region]

    @classmethod
    def parse(cls, raw: bytes) -> Methodology:
        """From canonical JSON; Malformed for another form."""
        node = Node(jcs.decode_object(raw))
        f = node.fields(("key", "kind", "parameters", "quantities", "regions", "status", "title", "v"))
        f["v"].integer(1, 1)
        kind = next(kind for kind in KINDS if kind == f["kind"].one_of(KINDS))
        return cls(
            f["key"].text(least=1, most=40),
            hashlib.sha256(raw).digest(),
            kind,
            f["status"].one_of(STATUS),
            _title(f["title"]),
            {name: _quantity(item) for name, item in f["quantities"].members().items()},
            {name: _parameter(item) for name, item in f["parameters"].members().items()},
            {name: _region(item) for name, item in f["regions"].members().items()},
        )

    def listed(self) -> dict[str, Any]:
        """One row of a list."""
        title = {"en": self.title[0], "zh": self.title[1]}
        return {"id": self.id.hex(), "key": self.key, "kind": self.kind, "status": self.status, "title": title}


def _title(node: Node) -> tuple[str, str]:
    f = node.fields(("en", "zh"))
    return f["en"].text(least=1), f["zh"].text(least=1)


def _quantity(node: Node) -> Quantity:
    f = node.fields(("kind", "required", "title"))
    if not isinstance(f["required"].value, bool):
        raise f["required"].malformed("not a truth value", "true or false")
    word = f["kind"].one_of(MEASURES)
    return Quantity(next(m for m in MEASURES if m == word), f["required"].value, _title(f["title"]))


def _parameter(node: Node) -> Parameter:
    f = node.fields(("evidence", "source", "unit", "value"))
    return Parameter(
        rational.decimal(f["value"]), f["unit"].one_of(UNITS), f["evidence"].one_of(EVIDENCE), f["source"].text(least=1)
    )


def _region(node: Node) -> Region:
    f = node.fields(("bm", "evidence", "om", "source", "title"))
    evidence, source = f["evidence"].one_of(EVIDENCE), f["source"].text(least=1)
    om, bm = (Parameter(rational.decimal(f[name]), "tCO2/MWh", evidence, source) for name in ("om", "bm"))
    return Region(om, bm, _title(f["title"]))
