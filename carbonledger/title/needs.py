"""Which records of the chain a certificate holds (docs/formats/title.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from carbonledger.bundle.needs import Need, with_contracts
from carbonledger.errors import Malformed
from carbonledger.records import Record
from carbonledger.title.document import SUBJECT, Kind

MAX_DEPTH: Final = 64
"""More than there are vintages: a lot is carried over to a later one."""

NOTHING: Final = bytes(32)

FindLot = Callable[[bytes], Record | None]


def needs_of(kind: Kind, subject: Record, find_lot: FindLot) -> tuple[Need, ...]:
    """Needs of the certificate of this position or disposal; `find_lot` gives the record of a lot by id.

    Malformed if a lot is missing, or the lots that it was carried over from have no end.
    """
    if subject.kind != SUBJECT[kind]:
        raise Malformed(f"subject of a certificate of {kind}", expected=SUBJECT[kind], found=subject.kind)
    return with_contracts(subject_needs(kind, subject, find_lot))


def subject_needs(kind: Kind, subject: Record, find_lot: FindLot) -> list[Need]:
    """The same without the Directory's entries."""
    needs = [Need(subject.kind, subject.id), Need("member", subject.field("member"))]
    if kind == "retirement":
        needs.append(Need("tally", subject.field("lot")))
    for lot in origin_of(subject.field("lot"), find_lot):
        needs.append(Need("lot", lot.id))
        if lot.field("project") != NOTHING:
            needs.append(Need("offsetproject", lot.field("project")))
        if lot.field("plan") != NOTHING:
            needs.append(Need("plan", lot.field("plan")))
        if lot.field("source") != NOTHING:
            needs.append(Need("tally", lot.field("source")))
    return list(dict.fromkeys(needs))


def origin_of(lot: bytes, find_lot: FindLot) -> Iterator[Record]:
    """The lot, the one that it was carried over from, and so on to the one that was issued by a decision."""
    for _ in range(MAX_DEPTH):
        record = find_lot(lot)
        if record is None:
            raise Malformed("origin of the units", expected=f"the record of lot {lot.hex()}", found="none")
        yield record
        lot = record.field("source")
        if lot == NOTHING:
            return
    raise Malformed("origin of the units", expected=f"at most {MAX_DEPTH} lots", found="more")
