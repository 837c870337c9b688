"""The offline verifier of certificates: a file and what the reader trusts in, a verdict with numbered steps out; pure.

1   parse       canonical, complete, no unknown field, no record that no step asks for
2   contracts   those of the policy's Directory, with the committed code
3   sealed      the block, by whom the policy trusts
4   recorded    the position or the disposal is what the ledger holds in that block
5   origin      the lot, who first held it, under which decision, what it was carried over from
6   title       the member holds the units, and in which states; or they have ended, for what and for whom
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from carbonledger import numbered
from carbonledger.bundle.needs import DIRECTORY, DIRECTORY_WORD, Need
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Unknown
from carbonledger.periods import rfc3339
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.title.document import Certificate, records_by_id
from carbonledger.title.needs import NOTHING, origin_of, subject_needs
from carbonledger.verify import chain
from carbonledger.verify.context import CodeHashes, Proven, committed_code_hashes
from carbonledger.verify.verdict import Finding, Step, StepVerdict, Verification, judge, sentence

STEPS: Final = {1: "parse", 2: "contracts", 3: "sealed", 4: "recorded", 5: "origin", 6: "title"}

ALLOWANCE, OFFSET = 1, 2
KINDS: Final = {ALLOWANCE: "allowances (CEA)", OFFSET: "offsets (CCER)"}
STATES: Final = ("registered", "trading", "frozen", "pledged", "pending", "provincial")
DONE: Final = 2
CARRY_OVER: Final = 3
PURPOSES: Final = {1: "surrender", 2: "voluntary cancellation", 4: "forced surrender"}
ADMITTED: Final = 1


def verify(data: bytes, policy: Policy | None = None, *, code_hashes: CodeHashes | None = None) -> Verification:
    """Verify the bytes of a certificate offline; any bytes get an answer.

    Without a policy, what depends on trust is INDETERMINATE.
    """
    try:
        certificate = Certificate.parse(data)
        _complete(certificate)
    except CarbonLedgerError as error:
        rest = [
            Step(n, STEPS[n], "indeterminate", "Not run: the certificate could not be read.") for n in STEPS if n > 1
        ]
        verdict: StepVerdict = "indeterminate" if isinstance(error, Unknown) else "invalid"
        return Verification((Step(1, STEPS[1], verdict, sentence(error)), *rest))
    opened = _Opened(certificate, policy or Policy(), code_hashes or committed_code_hashes())
    checks: dict[int, Callable[[], Finding]] = {
        1: lambda: Finding(f"A certificate of {certificate.kind} in its one form."),
        2: opened.contracts,
        3: opened.sealed,
        4: opened.recorded,
        5: opened.origin,
        6: opened.title if certificate.kind == "title" else opened.retirement,
    }
    steps = tuple(judge(number, STEPS[number], checks[number]) for number in STEPS)
    return Verification(steps, subject_of(certificate))


def subject_of(certificate: Certificate) -> dict[str, Any]:
    """What the certificate is about; nothing in it is verified by being said here."""
    record, lots = certificate.subject, records_by_id(certificate.chain.records, "lot")
    lot = lots[record.field("lot")]
    subject: dict[str, Any] = {
        "kind": certificate.kind,
        "member": record.field("member").hex(),
        "lot": lot.id.hex(),
        "units": KINDS.get(lot.field("kind"), str(lot.field("kind"))),
        "vintage": lot.field("vintage"),
        "serials": [lot.field("serialFrom"), lot.field("serialFrom") + lot.field("amount") - 1],
        "project": None if lot.field("project") == NOTHING else lot.field("project").hex(),
    }
    if certificate.kind == "title":
        return subject | {"tonnes": {state: record.field(state) for state in STATES if record.field(state)}}
    return subject | {
        "disposal": record.id.hex(),
        "tonnes": record.field("amount"),
        "purpose": PURPOSES.get(record.field("purpose"), str(record.field("purpose"))),
        "year": record.field("year") or None,
        "beneficiary": None if record.field("note") == NOTHING else record.field("note").hex(),
        "ended": rfc3339(record.field("decidedAt") * 1000),
    }


def _complete(certificate: Certificate) -> None:
    """1. Just the records that the steps ask for."""
    lots = records_by_id(certificate.chain.records, "lot")
    wanted = set(subject_needs(certificate.kind, certificate.subject, lots.get))
    found = {Need(r.kind, r.id) for r in certificate.chain.records if r.kind != "contract"}
    if missing := sorted(wanted - found):
        expected = f"{missing[0].kind} {missing[0].id.hex()}"
        raise Malformed("records of the certificate", expected=expected, found="missing")
    if extra := sorted(found - wanted):
        raise Malformed("records of the certificate", expected="those that a step asks for", found=extra[0].kind)


class _Opened:
    """A certificate whose evidence is opened; what opening raised is raised by each step that needs it."""

    def __init__(self, certificate: Certificate, policy: Policy, code_hashes: CodeHashes) -> None:
        self._certificate, self._policy, self._hashes = certificate, policy, code_hashes
        self._proven: Proven | CarbonLedgerError
        try:
            self._proven = Proven(certificate.chain, pointers=True)
        except CarbonLedgerError as error:
            self._proven = error

    @property
    def proven(self) -> Proven:
        if isinstance(self._proven, CarbonLedgerError):
            raise self._proven
        return self._proven

    @property
    def directory(self) -> bytes:
        return self._certificate.chain.contracts.get(DIRECTORY, b"")

    def contracts(self) -> Finding:
        """2. Each contract is listed in the Directory with its address and the committed code; no node is left over."""
        unknown = chain.listed(self.proven, self.directory, self._hashes)
        for address in self._certificate.chain.contracts.values():
            self.proven.state.storage(address, DIRECTORY_WORD)
        self.proven.leftover()
        if unknown is not None:
            raise unknown
        return chain.of_the_policy(self.proven, self.directory, self._policy.chain, seal_step=3)

    def sealed(self) -> Finding:
        """3. Sealed by the operator, validators or signers that the policy trusts."""
        return chain.sealed_by(self.proven, self._policy.chain)

    def recorded(self) -> Finding:
        """4. The record is proven by account and storage proofs against the block's state root."""
        record = self._certificate.subject
        self.proven.get(record.kind, record.id)
        state = self.proven.state
        return Finding(
            f"The {record.kind} {record.id.hex()} is what the ledger holds in block {state.number}, at"
            f" {rfc3339(state.timestamp * 1000)}; what came after that block is not said here."
        )

    def origin(self) -> Finding:
        """5. Lot by lot to the issuance: class, decision, plan, project, and what was carried over."""
        proven = self.proven
        lots = list(origin_of(self._certificate.subject.field("lot"), lambda lot: proven.get("lot", lot)))
        for lot in lots:
            _check_lot(proven, lot)
        for younger, older in pairwise(lots):
            tally = proven.get("tally", older.id)
            if tally.field("carried") < younger.field("amount") or tally.field("issued") != older.field("amount"):
                raise Invalid(
                    f"units carried over from lot {older.id.hex()}",
                    expected=f"at least {younger.field('amount')} of {older.field('amount')}",
                    found=f"{tally.field('carried')} of {tally.field('issued')}",
                )
            kinds = {younger.field("kind"), older.field("kind")}
            if kinds != {ALLOWANCE} or younger.field("vintage") <= older.field("vintage"):
                raise Invalid(
                    "a lot that was carried over", expected="allowances, to a later vintage", found=younger.id.hex()
                )
            if younger.field("issuedAt") < older.field("issuedAt"):
                raise Invalid("time of a lot", expected="after the lot it is made of", found=younger.field("issuedAt"))
        first = lots[-1]
        by = "the regulators' quorum" if first.field("plan") == NOTHING else f"plan {first.field('plan').hex()}"
        carried = f", carried over {len(lots) - 1} times since" if len(lots) > 1 else ""
        return Finding(
            f"{first.field('amount')} {KINDS[first.field('kind')]} of {first.field('vintage')} were issued to member"
            f" {first.field('member').hex()} at {rfc3339(first.field('issuedAt') * 1000)} under decision"
            f" {first.field('decision').hex()} by {by}{carried}."
        )

    def title(self) -> Finding:
        """6. The member holds the units."""
        record, proven = self._certificate.subject, self.proven
        held = {state: record.field(state) for state in STATES if record.field(state)}
        lot = proven.get("lot", record.field("lot"))
        if not held:
            raise Invalid("units of the lot held by the member", expected="at least one", found="none")
        if sum(held.values()) > lot.field("amount"):
            raise Invalid("units held", expected=f"at most {lot.field('amount')}", found=sum(held.values()))
        words = ", ".join(f"{amount} {state}" for state, amount in held.items())
        bound = {"frozen", "pledged", "pending"} & set(held)
        limits = f"; {' and '.join(sorted(bound))} units can not be disposed of" if bound else ""
        return Finding(f"Member {record.field('member').hex()} ({self._member()}) holds {words} t of the lot{limits}.")

    def retirement(self) -> Finding:
        """6. The units have ended and cannot come back."""
        record, proven = self._certificate.subject, self.proven
        purpose = record.field("purpose")
        if purpose == CARRY_OVER:
            raise Invalid("purpose of the disposal", expected="one that ends units", found="3, carry-over")
        if purpose not in PURPOSES or record.field("status") != DONE:
            raise Invalid(
                "the disposal",
                expected="carried out (status 2), of purpose 1, 2 or 4",
                found=f"status {record.field('status')}, purpose {purpose}",
            )
        tally = proven.get("tally", record.field("lot"))
        ended = tally.field("cancelled" if PURPOSES[purpose] == "voluntary cancellation" else "surrendered")
        if not 0 < record.field("amount") <= ended or ended > tally.field("issued"):
            raise Invalid("units of the lot that ended", expected=f"at least {record.field('amount')}", found=ended)
        if not record.field("requestedAt") <= record.field("decidedAt") <= proven.state.timestamp:
            raise Invalid("times of the disposal", expected="requested, decided, then the block", found="another order")
        whom = (
            "" if record.field("note") == NOTHING or purpose != 2 else f" for beneficiary {record.field('note').hex()}"
        )
        year = f" for {record.field('year')}" if record.field("year") else ""
        return Finding(
            f"{record.field('amount')} t of member {record.field('member').hex()} ({self._member()}) ended by"
            f" {PURPOSES[purpose]}{year}{whom} at {rfc3339(record.field('decidedAt') * 1000)}."
        )

    def _member(self) -> str:
        status = self.proven.get("member", self._certificate.subject.field("member")).field("status")
        return numbered.MEMBER_STATUS.get(status, f"status {status}")


def _check_lot(proven: Proven, lot: Record) -> None:
    kind, project = lot.field("kind"), lot.field("project")
    if kind not in KINDS or (project == NOTHING) != (kind == ALLOWANCE) or lot.field("amount") == 0:
        raise Invalid("class of the lot", expected="allowances, or offsets of a project", found=f"kind {kind}")
    if lot.field("issuedAt") > proven.state.timestamp:
        raise Invalid("time of the lot", expected=f"at most {proven.state.timestamp}", found=lot.field("issuedAt"))
    if kind == OFFSET:
        owner = proven.get("offsetproject", project).field("owner")
        if owner != lot.field("member"):
            raise Invalid("owner of the project", expected=lot.field("member").hex(), found=owner.hex())
    if lot.field("plan") != NOTHING:
        proven.get("plan", lot.field("plan"))
