"""Who may see an enterprise's private data of a year: the chain decides, at its head (docs/formats/sharing.md).

1. the request is fresh by this node's clock;
2. its signer's key is an act key, valid now, of the grantee, who is admitted;
3. the grantee is an admitted regulator, or the verifier that a report of this member and year names, or holds a grant
   of this owner, for this scope, that is in force and not revoked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, Malformed, Refused
from carbonledger.identifiers import chain_name
from carbonledger.sharing import SignedRequest, scope
from ledger_node.chain.bindings import directory as directory_contract
from ledger_node.chain.bindings import grant_registry, member_registry, report_registry
from ledger_node.chain.errors import CallReverted
from ledger_node.chain.interface import Chain

REGULATOR: Final = 1
VERIFIER: Final = 8

Clock = Callable[[], int]
"""Unix seconds."""


class NotSigned(Refused):
    """Nobody who could be asked for signed the request."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Why a request may be answered: the basis, the grant where it is one, and the block that was asked."""

    basis: Literal["regulator", "verifier", "grant"]
    grant: bytes | None
    signer: bytes
    block: int

    def detail(self) -> str:
        """For the access log."""
        on = f" {self.grant.hex()}" if self.grant else ""
        return f"{self.basis}{on}, signed by {self.signer.hex()}, block {self.block}"


class Gatekeeper:
    """Answers for one owner's data on one chain."""

    def __init__(self, chain: Chain, directory: bytes, owner: bytes, clock: Clock) -> None:
        """`directory` is the Directory's address; `clock` gives Unix seconds."""
        self._chain = chain
        self._directory = directory
        self.owner = owner
        self._clock = clock
        self._domain = Domain(chain.chain_id)

    def admit(self, signed: SignedRequest) -> Leave:
        """Leave to answer. NotSigned or BadSignature for who asks, Refused for what; ChainError if nobody can tell."""
        request = signed.request
        if request.owner != self.owner:
            raise Refused("the request is for another member", expected=self.owner.hex(), found=request.owner.hex())
        # 1. fresh
        try:
            request.require_fresh(self._clock())
        except Refused as error:
            raise NotSigned(error.message, expected=error.expected, found=error.found, remedy=error.remedy) from error
        # 2. the signer acts for the grantee
        try:
            signer = signed.signer(self._domain)
        except Malformed as error:
            raise BadSignature(error.message, expected=error.expected, found=error.found) from error
        at = _Head(self._chain, self._directory)
        member = at.act_key_member(signer)
        if member != request.grantee:
            raise NotSigned(
                "the signer does not act for the grantee",
                expected=f"an act key of {request.grantee.hex()}, valid at block {at.number}",
                found=f"{signer.hex()}, a key of {member.hex() if any(member) else 'nobody'}",
            )
        # 3. role or grant
        if at.is_admitted(member, REGULATOR):
            return Leave("regulator", None, signer, at.number)
        if at.is_admitted(member, VERIFIER) and member in at.verifiers_named(self.owner, request.year):
            return Leave("verifier", None, signer, at.number)
        if signed.grant is None:
            raise Refused(
                "no role of the grantee opens these data",
                expected="a regulator, the verifier of the year's report, or a grant",
                found="none of them",
                remedy="Name the grant in the header carbonledger-grant",
            )
        at.require_grant(signed.grant, self.owner, member, scope(self.owner, request.year))
        return Leave("grant", signed.grant, signer, at.number)


class _Head:
    """The contracts as they stand at one block."""

    def __init__(self, chain: Chain, directory: bytes) -> None:
        self._chain = chain
        self._directory = directory
        head = chain.head()
        self.number, self.time = head.number, head.timestamp

    def _call(self, name: str, data: bytes) -> bytes:
        answer = self._chain.call(self._directory, directory_contract.encode_location_of(chain_name(name)), self.number)
        return self._chain.call(directory_contract.decode_location_of(answer), data, self.number)

    def act_key_member(self, signer: bytes) -> bytes:
        """The admitted member for whom the key acts at this block; zeros if there is none."""
        answer = self._call("MemberRegistry", member_registry.encode_act_key_member(signer))
        return member_registry.decode_act_key_member(answer)

    def is_admitted(self, member: bytes, kind: int) -> bool:
        """Is the member admitted, of this kind?"""
        answer = self._call("MemberRegistry", member_registry.encode_is_admitted(member, kind))
        return member_registry.decode_is_admitted(answer)

    def verifiers_named(self, owner: bytes, year: int) -> set[bytes]:
        """The verifiers in the year's newest report and in the one in force."""
        answers = (
            self._call("ReportRegistry", report_registry.encode_latest_report(owner, year)),
            self._call("ReportRegistry", report_registry.encode_current_report(owner, year)),
        )
        found = set()
        for report_id in {report_registry.decode_latest_report(answer) for answer in answers}:
            if any(report_id):
                answer = self._call("ReportRegistry", report_registry.encode_report_of(report_id))
                found.add(report_registry.decode_report_of(answer).verifier)
        return found - {bytes(32)}

    def require_grant(self, grant_id: bytes, owner: bytes, grantee: bytes, wanted: bytes) -> None:
        """Refused unless the grant is the owner's to the grantee, for the scope, and in force at the head's time."""
        try:
            answer = self._call("GrantRegistry", grant_registry.encode_grant_of(grant_id))
        except CallReverted as error:
            raise Refused("no such grant on the chain", expected="a grant", found=grant_id.hex()) from error
        held = grant_registry.decode_grant_of(answer)
        for what, expected, found in (
            ("owner", owner, held.owner),
            ("grantee", grantee, held.grantee),
            ("scope", wanted, held.scope),
        ):
            if expected != found:
                raise Refused(f"the grant is of another {what}", expected=expected.hex(), found=found.hex())
        if held.revokedAt and held.revokedAt <= self.time:
            raise Refused("the grant was revoked", expected=f"in force at {self.time}", found=f"until {held.revokedAt}")
        if not held.validFrom <= self.time < held.expires:
            raise Refused(
                "the grant is not in force",
                expected=f"{held.validFrom} to {held.expires}",
                found=f"the chain's time {self.time}",
            )
