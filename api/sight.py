"""Who may be told of what: one table for records and for the events made of them, judged for one reader.

The table says of each kind of record to whom its ordinary operations show it (`api.access`); the stream of records, the
events, their stream and the webhooks all ask here. A kind that is not in the table is told to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection

from api import present
from api.access import STATUTORY, Caller, sees_emission, sees_parties
from carbonledger.sharing import standing_scope
from ledger_node.queries import access, grants, loans, quota, records
from ledger_node.queries.records import Kept

Openness = Literal["open", "keyed", "consent", "statutory"]
"""Who is told: everybody; every key; the member, statutory roles, parties and grantees; the same without grantees."""
Basis = Literal["public", "key", "owner", "party", "statutory", "grant"]
UNWRITTEN: Final[frozenset[Basis]] = frozenset({"public", "key", "owner"})
"""Told without a line on the access log: what is open to all, and one's own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is told of records of a kind.

    `owner` is the field that names whom it is about, `parties` the fields of those who signed it too; `through` is the
    field and kind of a record whose owner and parties are this one's as well; with `lenders` the banks that lend on
    its project are parties, with `pledgees` those to whom units of its lot are pledged.
    """

    openness: Openness
    owner: str = "member"
    parties: tuple[str, ...] = ()
    through: tuple[str, str] | None = None
    lenders: bool = False
    pledgees: bool = False


def _of(openness: Openness, *kinds: str) -> dict[str, Rule]:
    return {kind: Rule(openness) for kind in kinds}


RULES: Final[Mapping[str, Rule]] = {
    **_of("open", "contract", "governance", "member", "log", "anchor", "factor", "ruleset", "report", "current"),
    **_of("open", "instrument", "tradingterms", "tradingdays", "tradingday", "auction", "trade"),
    **_of("open", "code", "grade", "assessment", "assessmentset", "statistics"),
    "loandisclosure": Rule("open"),  # it says which document the bank published: whoever has one compares
    **_of("keyed", "key", "device", "unit", "units", "month", "controlplan", "lot", "tally", "offsetproject"),
    **_of("keyed", "allocationRules", "plan", "compliancerules", "carryoverrules", "penaltylaw", "workingyear"),
    **_of("keyed", "catalogue", "supportrules"),
    **_of("open", "year", "obligation"),  # the authority publishes who settled a year and who did not
    "position": Rule("consent", pledgees=True),
    "disposal": Rule("consent"),
    "pledge": Rule("consent", parties=("bank",)),
    "enforcement": Rule("consent", parties=("taker",), through=("pledge", "pledge")),
    "reduction": Rule("consent", parties=("verifier",)),
    **_of("statutory", "freeze", "closing", "balance", "inspection"),
    "suspension": Rule("statutory", owner="subject"),
    "issuer": Rule("statutory", owner="bank"),
    "payment": Rule("statutory", parties=("bank",)),
    "grant": Rule("statutory", owner="owner", parties=("grantee",)),
    # a grant of the standing opens no other bank's loans: a standing does not show them either
    "loanproject": Rule("statutory", parties=("bank",), lenders=True),
    "loan": Rule("statutory", parties=("bank",)),
    "checkup": Rule("statutory", parties=("verifier",), through=("project", "loanproject"), lenders=True),
    "supportcheck": Rule("statutory", parties=("verifier",), through=("loan", "loan")),
    "support": Rule("statutory"),
}


class Sight:
    """Whom one reader may be told of, and on what basis: as a standing is opened (decision 0021).

    Grants and loans are judged at the last block in the view. One object serves one batch.
    """

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self._connection = connection
        self._caller = caller
        self._granted: dict[str, bool] = {}
        self._lending: dict[str, list[Kept]] = {}
        self._pledged: dict[str, list[Kept]] = {}

    def of_record(self, kept: Kept) -> Basis | None:
        """On what basis the reader is told of a record; None: not at all."""
        rule = RULES.get(kept.kind)
        if rule is None:
            return None
        return self.of(rule.openness, self.owner(kept), lambda: self._parties(rule, kept))

    def owner(self, kept: Kept) -> str | None:
        """Whom a record of a known kind is about (member id); None where it names nobody."""
        return owner_of(self._connection, kept)

    def of_borrower(self, member: str) -> Basis | None:
        """The same of what happens to a borrower: for who has an open loan to it. None where it has none."""
        lenders = {loan["bank"] for loan in self._loans(member) if not int(loan["endedAt"])}
        return self.of("statutory", member, lambda: lenders) if lenders else None

    def of(
        self, openness: Openness, owner: str | None, parties: Callable[[], Collection[str]] = lambda: ()
    ) -> Basis | None:
        """The same of anything with an owner (None where nobody knows it) and parties, who are asked for at need."""
        caller = self._caller
        if openness == "open":
            return "public"
        if openness == "keyed":
            return None if caller.role == "public" else "key"
        if caller.member is not None and caller.member == owner:
            return "owner"
        if caller.role in STATUTORY:
            return "statutory"
        if caller.member is None or owner is None:
            return None
        if caller.member in parties():
            return "party"
        return "grant" if openness == "consent" and self._has_grant(caller.member, owner) else None

    def hidden(self, kept: Kept) -> frozenset[str]:
        """Fields of a record that this reader is not shown, as the operations do not show them either."""
        if kept.kind == "report" and not sees_emission(self._caller, present.report_status(kept)):
            return frozenset({"emission"})
        if kept.kind == "trade" and not sees_parties(self._caller, kept["buyer"], kept["seller"]):
            return frozenset({"buyer", "seller", "buyOrder", "sellOrder"})
        return frozenset()

    def _parties(self, rule: Rule, kept: Kept) -> set[str]:
        found = {str(kept[name]) for name in rule.parties}
        other = _through(self._connection, kept)
        if other is not None:
            found |= {str(other[name]) for name in RULES[other.kind].parties}
        if rule.lenders:
            found |= {loan["bank"] for loan in self._loans(kept["member"]) if loan["project"] == kept["project"]}
        if rule.pledgees:
            found |= {pledge["bank"] for pledge in self._pledges(kept["member"]) if pledge["lot"] == kept["lot"]}
        return found

    def _loans(self, borrower: str) -> list[Kept]:
        if borrower not in self._lending:
            self._lending[borrower] = loans.of_borrower(self._connection, borrower)
        return self._lending[borrower]

    def _pledges(self, member: str) -> list[Kept]:
        if member not in self._pledged:
            self._pledged[member] = [p for p in quota.pledges_of(self._connection, member) if int(p["held"])]
        return self._pledged[member]

    def _has_grant(self, grantee: str, owner: str) -> bool:
        if owner not in self._granted:
            head = records.head(self._connection)
            scope = standing_scope(bytes.fromhex(owner)).hex()
            found = None if head is None else grants.in_force(self._connection, owner, grantee, scope, head[1])
            self._granted[owner] = found is not None
        return self._granted[owner]


def owner_of(connection: Connection, kept: Kept) -> str | None:
    """Whom a record of a known kind is about (member id), by itself or by what it goes through; None: nobody."""
    found = kept.fields.get(RULES[kept.kind].owner)
    if found is None and (other := _through(connection, kept)) is not None:
        found = other.fields.get(RULES[other.kind].owner)
    return None if found is None else str(found)


def _through(connection: Connection, kept: Kept) -> Kept | None:
    through = RULES[kept.kind].through
    return None if through is None else records.one(connection, through[1], kept[through[0]])


def note_reads(connection: Connection, caller: Caller, told: Iterable[tuple[str | None, str, Basis]], at: int) -> None:
    """Write what was told of others' affairs on their access logs: one row an owner, thing and basis.

    `told` is whom it was about, what it was (`event pledge.changed`), and the basis.
    """
    found: dict[tuple[str, str, Basis], int] = {}
    for owner, thing, basis in told:
        if owner is not None and basis not in UNWRITTEN:
            found[owner, thing, basis] = found.get((owner, thing, basis), 0) + 1
    for (owner, thing, basis), count in found.items():
        noun, _, name = thing.partition(" ")
        what = f"{count} {noun}{'s' if count > 1 else ''} {name}".rstrip()
        access.write(connection, at=at, reader=caller.reader, owner=owner, what=what, basis=basis)
