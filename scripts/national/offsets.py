"""Offsets of the cycle: projects outside the scheme that some enterprises own, credited elsewhere and registered here.

ASSUMPTIONS: one punctual enterprise in seven owns a wind farm of its own, which nobody else's obligation covers, and
holds offsets of 2023 for 6 % of its emission: more than the 5 % of the obligation that may be met with them (Measures,
article 29), so that the cap binds and the rest stays with the owner. They were registered after the market for offsets
opened (2024-01-22), which the notices ask for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from carbonledger.quota.books import Books
from carbonledger.quota.tables import CCER, State
from ledger_node.chain.bindings import structs
from ledger_node.settlement.batches import Call
from scripts.national import calendar
from scripts.national.calendar import ZERO
from scripts.national.carrier import Carrier
from scripts.national.population import YEAR, Conduct, Enterprise
from scripts.national.world import act, quorum

VINTAGE: Final = 2023
ONE_IN: Final = 7
HELD_PPM: Final = 60_000
_PPM: Final = 10**6
_GRAMS: Final = 10**6


def owners(enterprises: Sequence[Enterprise]) -> list[Enterprise]:
    """Who has a project."""
    return [one for one in enterprises if one.number % ONE_IN == 0 and one.conduct is Conduct.PUNCTUAL]


def project_of(one: Enterprise) -> bytes:
    """The id of an owner's project."""
    return hashlib.sha256(b"national/wind farm/" + one.id).digest()


def issued(carrier: Carrier, enterprises: Sequence[Enterprise]) -> Iterator[Call]:
    """Each project by the quorum, then its units."""
    for one in owners(enterprises):
        project = project_of(one)
        known = act(
            "OffsetProject", "project", project, project=project, owner=one.id, methodology=ZERO, covered=0,
            documentDigest=ZERO,
        )  # fmt: skip
        yield carrier.call(known, quorum(carrier, known))
        units = act(
            "Issuance", "offsets", project, member=one.id, kind=CCER, vintage=VINTAGE, project=project,
            amount=one.emission * HELD_PPM // _PPM // _GRAMS, state=int(State.REGISTERED),
            registeredAt=calendar.OFFSETS_REGISTERED, decision=project,
        )  # fmt: skip
        by_quorum = tuple(structs.Signed(s.signer, s.signature) for s in quorum(carrier, units))
        yield carrier.call(units, structs.Authority(by_quorum, ZERO, 0, ()))


def usable(books: Books, member: bytes) -> int:
    """Offsets that still may meet what a member owes, t: within the cap, and no more than it holds."""
    year, rules = books.years[member, YEAR], books.rules_of_year(YEAR)
    share = 0 if rules is None else int(rules["offsetPpm"])
    cap = int(year["obligation"]) * share // _PPM - int(year["offsets"])
    held = sum(int(p["registered"]) for p in books.positions_of(member) if books.lots[p["lot"]]["kind"] == CCER)
    return min(cap, held)
