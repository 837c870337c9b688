"""A method of financed emissions: asset classes with their denominators, and the quality score of each data option."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import HEAD_FIELDS, Head, Parameters, Title, bilingual, key, parameters, title

KIND: Final = "pcaf"
DENOMINATORS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "equity-and-debt": (("debt", "equity"), ()),
    "total-assets": (("value",), ()),
    "evic": (("debt", "market_cap"), ("minority", "preferred")),
    "total-financing": (("value",), ()),
    "value-at-origination": (("value",), ()),
    "gdp-ppp": (("value",), ()),
}
"""Denominator -> its required and optional amounts. EVIC: cash is not deducted."""


@dataclass(frozen=True, slots=True)
class AssetClass:
    """An asset class; `options`: whether the data options of business loans give its score."""

    key: str
    title: Title
    formula: str
    denominators: tuple[str, ...]
    options: bool

    def to_json(self) -> dict[str, Any]:
        """Inverse of its parsing."""
        return {
            "denominators": list(self.denominators),
            "formula": self.formula,
            "key": self.key,
            "options": "yes" if self.options else "no",
            "title": bilingual(self.title),
        }


@dataclass(frozen=True, slots=True)
class Method:
    """The method; its id is the SHA-256 of its canonical JSON."""

    head: Head
    classes: dict[str, AssetClass]
    options: Parameters

    @classmethod
    def parse(cls, raw: bytes) -> Method:
        """From canonical JSON; Malformed with the path for anything else."""
        fields = Node(jcs.decode_object(raw)).fields((*HEAD_FIELDS, "classes", "options"))
        classes: dict[str, AssetClass] = {}
        for item in fields["classes"].items(least=1, most=64):
            row = item.fields(("denominators", "formula", "key", "options", "title"))
            found = AssetClass(
                key=key(row["key"]),
                title=title(row["title"]),
                formula=row["formula"].text(least=1, most=400),
                denominators=tuple(d.one_of(tuple(DENOMINATORS)) for d in row["denominators"].items(least=1, most=6)),
                options=row["options"].one_of(("yes", "no")) == "yes",
            )
            if found.key in classes:
                raise item.malformed("a class comes twice", "each key once")
            classes[found.key] = found
        return cls(Head.parse(fields, KIND), classes, parameters(fields["options"]))

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(
            self.head.to_json()
            | {
                "classes": [one.to_json() for one in self.classes.values()],
                "options": [parameter.to_json() for parameter in self.options.values()],
            }
        )

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()
