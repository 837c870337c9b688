"""A catalogue of green purposes: which items there are, in which field of the support tool, from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import EVIDENCE, HEAD_FIELDS, Head, Title, bilingual, key, title
from carbonledger.identifiers import chain_name
from carbonledger.keccak import keccak256
from carbonledger.loans.attribution import DOWN, HALF_UP, UP

KIND: Final = "catalogue"
ROUNDING: Final = {"down": DOWN, "up": UP, "half-up": HALF_UP}
CHAIN_EVIDENCE: Final = {"official": 1, "reputable": 2, "transcription": 3, "draft": 4, "unverified": 5}
MOST_FIELD: Final = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One purpose; `field` is the tool's, 0 for none of them."""

    key: str
    field: int
    title: Title


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The set; its id is the SHA-256 of its canonical JSON, and what the chain calls it. Items by ascending key."""

    head: Head
    rounding: str
    evidence: str
    items: tuple[Item, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Catalogue:
        """From canonical JSON; Malformed with the path for anything else."""
        fields = Node(jcs.decode_object(raw)).fields((*HEAD_FIELDS, "evidence", "items", "rounding"))
        items: list[Item] = []
        for node in fields["items"].items(least=1, most=1000):
            row = node.fields(("field", "key", "title"))
            items.append(Item(key(row["key"]), row["field"].integer(0, MOST_FIELD), title(row["title"])))
            if len(items) > 1 and items[-2].key >= items[-1].key:
                raise node.malformed("items out of order", "ascending keys, each once")
        rounding = fields["rounding"].one_of(tuple(ROUNDING))
        evidence = fields["evidence"].one_of(tuple(word for word in EVIDENCE if word in CHAIN_EVIDENCE))
        return cls(Head.parse(fields, KIND), rounding, evidence, tuple(items))

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return self.head.to_json() | {
            "evidence": self.evidence,
            "items": [{"field": i.field, "key": i.key, "title": bilingual(i.title)} for i in self.items],
            "rounding": self.rounding,
        }

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()

    def item(self, name: str) -> Item | None:
        """The item of this key, None if the catalogue has none."""
        return next((item for item in self.items if item.key == name), None)

    def chain_items(self) -> tuple[tuple[bytes, int], ...]:
        """(name of 32 bytes, field), ascending: what LoanRules.publishCatalogue takes beside the act."""
        return tuple(sorted((chain_name(item.key), item.field) for item in self.items))

    def items_digest(self) -> bytes:
        """The act's `itemsDigest`: d = 0, then d = keccak256(d ‖ item ‖ field as a word)."""
        digest = bytes(32)
        for name, field in self.chain_items():
            digest = keccak256(digest + name + field.to_bytes(32, "big"))
        return digest
