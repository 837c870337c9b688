"""The certificate's file: evidence of one block, and the kind of what it certifies (docs/formats/title.md).

What it is about is told by its records alone: a title has one `position`, a retirement one `disposal`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from carbonledger import jcs
from carbonledger.bundle import fields
from carbonledger.bundle.make import ChainParts, chain_of
from carbonledger.bundle.model import Chain
from carbonledger.bundle.needs import DIRECTORY_WORD
from carbonledger.errors import Malformed
from carbonledger.records import Record

Kind = Literal["title", "retirement"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MAX_BYTES: Final = 4 << 20
SUBJECT: Final[dict[Kind, str]] = {"title": "position", "retirement": "disposal"}
"""The kind of record that a certificate is about."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate."""

    kind: Kind
    chain: Chain

    @classmethod
    def parse(cls, data: bytes) -> Certificate:
        """From the bytes of the file; Malformed says where the form is left."""
        if len(data) > MAX_BYTES:
            raise Malformed("the certificate is too long", expected=f"at most {MAX_BYTES} bytes", found=len(data))
        v = fields.record(jcs.decode_object(data), "the certificate", "chain", "kind", "v")
        if type(v["v"]) is not int or v["v"] != 1:
            raise Malformed("version of the certificate", expected=1, found=repr(v["v"])[:40])
        kind = next((name for name in KINDS if name == v["kind"]), None)
        if kind is None:
            raise Malformed("kind of the certificate", expected=" or ".join(KINDS), found=repr(v["kind"])[:80])
        return cls(kind, Chain.parse(v["chain"]))

    def format(self) -> bytes:
        """The bytes of the file: the inverse of `parse`."""
        return jcs.encode({"chain": self.chain.to_json(), "kind": self.kind, "v": 1})

    @property
    def subject(self) -> Record:
        """The position or the disposal; Malformed unless there is exactly one."""
        found = self.chain.of_kind(SUBJECT[self.kind])
        if len(found) != 1:
            raise Malformed(
                f"records of a certificate of {self.kind}",
                expected=f"one record {SUBJECT[self.kind]!r}",
                found=len(found),
            )
        return found[0]


def make(kind: Kind, parts: ChainParts) -> bytes:
    """The certificate from parts that were gathered; what proves nothing is left out."""
    return Certificate(kind, chain_of(parts, (DIRECTORY_WORD,))).format()


def records_by_id(records: Iterable[Record], kind: str) -> dict[bytes, Record]:
    """Id → record, of one kind."""
    return {record.id: record for record in records if record.kind == kind}
