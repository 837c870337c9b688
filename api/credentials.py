"""Certificates as documents and as what a page shows. Nothing is decided here, and nothing signed."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field

from api.present import time
from api.schemas import Document
from carbonledger.credential.model import Kind
from ledger_node.credentials.claims import ITSELF, period_text
from ledger_node.credentials.issuer import check_url
from ledger_node.queries.credentials import Issued

Standing = Literal["valid", "suspended", "revoked", "lapsed", "not-yet"]


class Credential(Document):
    """A certificate that was issued, and whether it stands; the certificate itself is at `credential`."""

    id: str
    kind: Kind
    member: str
    project: str | None
    record: str = Field(description="Hex id of the record on the chain")
    contract: str = Field(description="Contract that keeps the record")
    period: str | None = Field(examples=["2026Q2"])
    said: dict[str, str | int] = Field(description="What is certified, as in the certificate")
    valid_from: str
    valid_until: str | None = Field(description="Null: it does not lapse")
    issued_at: str
    standing: Standing
    suspended_at: str | None
    suspended: Literal["red", "not-on-chain"] | None
    revoked_at: str | None
    revoked: Literal["fraud", "restated", "wrong-issuance", "key-compromised"] | None
    credential: str = Field(description="Where the certificate is")
    check: str = Field(description="The page that checks it; its QR code leads there")


def credential(issued: Issued, now: int) -> Credential:
    """One certificate as of a time, s."""
    claim = issued.claim
    return Credential(
        id=issued.id,
        kind=claim.kind,
        member=claim.member,
        project=None if claim.project == ITSELF else claim.project,
        record=claim.record,
        contract=claim.contract,
        period=None if claim.period is None else period_text(claim.period),
        said=dict(claim.said),
        valid_from=time(claim.valid_from),
        valid_until=_time(claim.valid_until),
        issued_at=time(issued.issued_at),
        standing=cast(Standing, issued.standing(now)),
        suspended_at=_time(issued.suspended_at),
        suspended=cast(Literal["red", "not-on-chain"] | None, issued.suspended),
        revoked_at=_time(issued.revoked_at),
        revoked=cast(Literal["fraud", "restated", "wrong-issuance", "key-compromised"] | None, issued.revoked),
        credential=f"/v1/credentials/{issued.id}",
        check=check_url(issued.base_url, issued.id),
    )


def _time(value: int | None) -> str | None:
    return None if value is None else time(value)
