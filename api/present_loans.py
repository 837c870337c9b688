"""Loans, their projects, check-ups and support as documents: names for numbers. Nothing is decided here."""

from __future__ import annotations

from typing import Final

from api import loan_schemas as schemas
from api import present
from api.schemas import Amount
from ledger_node.queries.records import Kept

# the numbers of docs/formats/acts.md
PROJECT_STATUS: Final = {1: "live", 2: "suspended"}
OUTCOMES: Final = {1: "confirmed", 2: "doubted", 3: "failed"}
SUPPORT_STATUS: Final = {1: "applied-for", 2: "funded", 3: "repaid", 4: "refused"}


def loan(kept: Kept) -> schemas.Loan:
    """A loan."""
    return schemas.Loan(
        id=kept.id,
        borrower=kept["member"],
        bank=kept["bank"],
        project=kept["project"],
        catalogue=kept["catalogue"],
        item=present.text_of(kept["item"]),
        principal=_fen(kept["principal"]),
        outstanding=_fen(kept["outstanding"]),
        reduction=present.grams(kept["attributed"]),
        approved_at=present.time(kept["approvedAt"]),
        drawn_at=present.time(kept["drawnAt"]),
        due_at=present.time(kept["dueAt"]),
        ended_at=present.time_or_none(kept["endedAt"]),
        terms=kept["terms"],
        pledge=present.id_or_none(kept["pledge"]),
        block=kept.block_number,
    )


def project(kept: Kept) -> schemas.LoanProject:
    """A project."""
    return schemas.LoanProject(
        id=kept.id,
        borrower=kept["member"],
        bank=kept["bank"],
        field=int(kept["field"]) or None,
        item=present.text_of(kept["item"]),
        investment=_fen(kept["investment"]),
        lent=_fen(kept["lent"]),
        reduction=present.grams(kept["reduction"]),
        attributed=present.grams(kept["attributed"]),
        method=present.text_of(kept["method"]),
        factor=present.text_of(kept["factor"]),
        factor_year=kept["factorYear"],
        approved_at=present.time(kept["approvedAt"]),
        amendments=kept["amendments"],
        status=PROJECT_STATUS.get(int(kept["status"]), str(kept["status"])),
    )


def checkup(kept: Kept) -> schemas.Checkup:
    """A check-up."""
    return schemas.Checkup(
        id=kept.id,
        verifier=kept["verifier"],
        year=kept["year"],
        quarter=kept["quarter"],
        outcome=OUTCOMES.get(int(kept["outcome"]), str(kept["outcome"])),
        reduction=present.grams(kept["reduction"]),
        findings_digest=present.id_or_none(kept["findingsDigest"]),
        replaces=present.id_or_none(kept["replaces"]),
        checked_at=present.time(kept["checkedAt"]),
    )


def support(kept: Kept) -> schemas.Support:
    """An application for support."""
    return schemas.Support(
        application=kept.id,
        tool=present.text_of(kept["tool"]),
        year=kept["year"],
        quarter=kept["quarter"],
        applied=_fen(kept["applied"]),
        funded=_fen(kept["funded"]),
        outstanding=_fen(kept["outstanding"]),
        rate_ppm=int(kept["ratePpm"]) or None,
        applied_at=present.time(kept["appliedAt"]),
        funded_at=present.time_or_none(kept["fundedAt"]),
        due_at=present.time_or_none(kept["dueAt"]),
        rollovers=kept["rollovers"],
        status=SUPPORT_STATUS.get(int(kept["status"]), str(kept["status"])),
    )


def check(kept: Kept) -> schemas.SupportCheck:
    """A third party's check of a loan."""
    return schemas.SupportCheck(
        verifier=kept["verifier"],
        outcome=OUTCOMES.get(int(kept["outcome"]), str(kept["outcome"])),
        checked_at=present.time(kept["checkedAt"]),
    )


def _fen(value: int | str) -> Amount:
    return Amount(value=str(value), unit="fen")
