"""Documents about how an enterprise stands, for its banks: each part with why, and with what proves it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas import Amount, Document, Member


class RecordRef(Document):
    """A record of the chain that a statement rests on."""

    kind: str
    id: str
    block: int


class Why(Document):
    """Why it is so, in words, and what it rests on. `bundle` verifies offline; null where none is kept here yet."""

    en: str
    zh: str
    records: list[RecordRef]
    bundle: str | None = Field(examples=["/v1/reports/…/bundle"])


class StandingCode(Document):
    """The red/green code of the enterprise."""

    colour: Literal["green", "red", "grey"]
    state: str = Field(examples=["inspecting"])
    since: str
    year: int
    quarter: int
    valid_until: str = Field(description="Last day on which it counts as current")
    valid: bool
    reasons: list[str] = Field(examples=[["H03", "S02"]])
    points: int | None
    due: str | None = Field(description="End of the running deadline")
    veto_until: str | None
    explain_digest: str | None
    explain: str | None = Field(description="The explain record, where this node keeps it, by its access rules")
    why: Why


class StandingGrade(Document):
    """A grade under one scheme."""

    scheme: str
    grade: str = Field(examples=["deep"])
    score: str | None
    year: int
    quarter: int
    valid_until: str
    valid: bool
    suspended: bool
    explain_digest: str
    explain: str
    why: Why


class QuotaYear(Document):
    """A year of obligation, tonnes."""

    year: int
    obligation: Amount
    settled: Amount
    pending: Amount
    missing: Amount
    due_at: str
    status: str


class Holding(Document):
    """Units of one kind and vintage by state, tonnes."""

    kind: str
    vintage: int
    registered: Amount
    trading: Amount
    frozen: Amount
    pledged: Amount
    pending: Amount
    provincial: Amount


class StandingQuota(Document):
    """Obligations and holdings."""

    years: list[QuotaYear]
    holdings: list[Holding]
    why: Why


class StandingPledge(Document):
    """A pledge of units to a bank."""

    pledge: str
    bank: str
    lot: str
    held: Amount
    principal: Amount
    loan: str
    status: int
    term_to: str


class StandingPledges(Document):
    """The pledges that the reader may see; `complete` if these are all."""

    items: list[StandingPledge]
    complete: bool
    why: Why


class StandingLoan(Document):
    """A loan, with its part of its project's annual reduction."""

    loan: str
    project: str
    principal: Amount
    outstanding: Amount
    reduction: Amount
    drawn_at: str
    due_at: str
    ended_at: str | None


class StandingLoans(Document):
    """Loans of the reading bank, all of them for the enterprise and statutory roles; `reduction`: those not ended."""

    items: list[StandingLoan]
    reduction: Amount
    why: Why


class StandingEmission(Document):
    """The emission of the approved report in force."""

    year: int
    emission: Amount
    report: str
    bundle: str


class StandingEmissions(Document):
    """Emissions by year."""

    items: list[StandingEmission]
    why: Why


class Withheld(Document):
    """A part that this reader does not see, and how he may."""

    part: str
    why: str
    remedy: str
    scope: str = Field(description="What a grant of the enterprise would name, hex")


class FiledDisclosure(Document):
    """A bank's quarterly disclosure as the chain knows it: which document and ledger, not what is in them."""

    id: str
    bank: str = Field(description="Member id")
    tool: str
    year: int
    quarter: int
    document: str = Field(description="SHA-256 of the disclosure's canonical JSON")
    ledger: str = Field(description="SHA-256 of the ledger behind it")
    published_at: str
    late: bool
    replaces: str | None
    replaced_by: str | None = Field(description="The document that took its place, null while it stands")


class Standing(Document):
    """How an enterprise stands at the last block in this node's view. A part that is null is unknown, or withheld."""

    member: Member
    credit_code: str | None
    as_of: str
    block: int
    basis: str
    code: StandingCode | None
    grades: list[StandingGrade]
    quota: StandingQuota | None
    pledges: StandingPledges
    loans: StandingLoans
    emissions: StandingEmissions | None
    withheld: list[Withheld]


class Loan(Document):
    """A loan for a green project, as the chain holds it; its rate is in `terms` alone (docs/loans.md)."""

    id: str
    borrower: str = Field(description="Member id")
    bank: str = Field(description="Member id")
    project: str
    catalogue: str
    item: str = Field(examples=["wind"], description="Of the catalogue")
    principal: Amount
    outstanding: Amount
    reduction: Amount = Field(description="Its part of the project's, g a year")
    approved_at: str
    drawn_at: str
    due_at: str
    ended_at: str | None
    terms: str = Field(description="Commitment of contract and rate")
    pledge: str | None
    block: int = Field(description="Where the chain wrote it last")


class LoanProject(Document):
    """A project lent on. `lent` and `attributed` are over the loans of all lenders."""

    id: str
    borrower: str
    bank: str = Field(description="Who registered it")
    field: int | None = Field(description="Of the support tool, null where it is in none")
    item: str
    investment: Amount
    lent: Amount
    reduction: Amount = Field(description="g a year")
    attributed: Amount
    method: str
    factor: str
    factor_year: int
    approved_at: str
    amendments: int
    status: str = Field(description="live, or suspended after a failed check-up")


class Checkup(Document):
    """A check-up of the project."""

    id: str
    verifier: str
    year: int
    quarter: int
    outcome: str = Field(description="confirmed, doubted or failed")
    reduction: Amount
    findings_digest: str | None
    replaces: str | None
    checked_at: str


class Support(Document):
    """An application for support behind a loan."""

    application: str
    tool: str
    year: int
    quarter: int
    applied: Amount
    funded: Amount
    outstanding: Amount
    rate_ppm: int | None = Field(description="Parts per million a year, null before funds are given")
    applied_at: str
    funded_at: str | None
    due_at: str | None
    rollovers: int
    status: str = Field(description="applied-for, funded, repaid or refused")


class SupportCheck(Document):
    """A third party's check of the loan."""

    verifier: str
    outcome: str
    checked_at: str


class LoanDetail(Document):
    """A loan with all that the caller may see around it."""

    loan: Loan
    project: LoanProject
    checkups: list[Checkup] = Field(description="Oldest quarter first; one that was replaced comes before its other")
    check: SupportCheck | None
    support: list[Support] = Field(description="The bank's and statutory readers' alone")
