"""Documents that the API answers with. Ids and digests are hex, times RFC 3339 in UTC, amounts carry their unit."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Document(BaseModel):
    """Base: no field beside those declared."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class ProblemDocument(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/docs/problems.md#not-found"])
    title: str
    status: int
    detail: str
    expected: str | None = None
    found: str | None = None
    remedy: str | None = None
    path: str | None = Field(None, description="Place in the body or among the parameters")


class Page(Document, Generic[T]):
    """One page; `next` is the cursor of the next, null on the last."""

    items: list[T]
    next: str | None


class Amount(Document):
    """A whole number of a base unit, exact."""

    value: str = Field(examples=["509183238"], pattern="^-?[0-9]+$")
    unit: str = Field(examples=["g"])


class MemberName(Document):
    """What this node calls a member; `confirmed` if the chain holds the digest of the Chinese name."""

    credit_code: str
    zh: str
    en: str
    confirmed: bool


class Member(Document):
    """An organisation as the chain admitted it."""

    id: str
    kinds: list[str] = Field(examples=[["enterprise"]])
    status: str
    province: str
    since: str
    name: MemberName | None
    years: list[int] | None = Field(None, description="Reporting years with filings; of one member only")


class Key(Document):
    """A key of a member; `key_id` of a key that signs acts is its address, padded."""

    key_id: str
    member: str
    purpose: str
    subject: str
    algorithm: str
    valid_from: str
    valid_to: str | None
    compromised_since: str | None


class Device(Document):
    """A meter in the register; its identifier is shown where a bundle that the reader may see discloses it."""

    id: str
    member: str
    unit: str
    identifier: str | None = None
    unit_identifier: str | None = None
    kind: str
    key_id: str
    measure: str
    register_type: str
    rated_max: int | str
    accuracy_class: int
    modulus: int | str
    calibration: str
    calibration_to: str | None
    installed_from: str
    removed_at: str | None
    replaces: str | None


class Log(Document):
    """A log as the chain knows it; `origin` where this node mirrors it."""

    id: str
    origin: str | None
    member: str
    gateway: str
    witness_quorum: int
    size: int
    root: str
    anchored_at: str | None
    anchors: int
    status: str
    checkpoint: str | None = Field(description="Path of the checkpoint, where this node mirrors the log")


class Anchor(Document):
    """A head of a log on the chain."""

    size: int
    root: str
    previous_size: int
    time: str
    block: int


class InclusionProof(Document):
    """RFC 9162 inclusion proof of leaf `index` in the tree of `size` leaves; hashes in base64."""

    origin: str
    index: int
    size: int
    root: str
    hashes: list[str]


class ConsistencyProof(Document):
    """RFC 9162 consistency proof between two sizes; hashes in base64."""

    origin: str
    old_size: int
    old_root: str
    new_size: int
    new_root: str
    hashes: list[str]


class LogHead(Document):
    """The head that a report names."""

    id: str
    size: int
    root: str


class ArtefactLink(Document):
    """A bundle or package that this node keeps and the reader may have."""

    kind: str
    sha256: str
    size: int
    public: bool
    verdict: str
    href: str


class Report(Document):
    """An annual report. `emission` is null for readers without a key until it is approved.

    `replaced_by` is the report in its place, once this one is replaced.
    """

    id: str
    member: str
    year: int
    status: str
    in_force: bool
    rule_set: str
    emission: Amount | None
    filed_at: str
    late: bool
    preparer: str
    verifier: str | None
    verified_at: str | None
    regulator: str | None
    decided_at: str | None
    replaces: str | None
    replaced_by: str | None
    log: LogHead
    bundle: ArtefactLink | None
    findings_digest: str | None = None
    findings: ArtefactLink | None = None


class ControlPlan(Document):
    """A version of a data-quality control plan, as the chain holds it; in force once acknowledged."""

    id: str
    member: str
    year: int
    version: int
    digest: str
    status: str
    filed_at: str
    replaces: str | None
    change_digest: str | None
    reviewer: str | None
    reviewed_at: str | None
    reason_digest: str | None
    href: str


class DocumentUse(Document):
    """A figure that a document supports; `entry` and `document` are indices in the log of the report."""

    member: str
    report: str
    line: str
    item: str
    year: int
    month: int
    entry: int
    document: int
    purpose: str
    number: str | None
    replaced: bool


class DocumentUses(Document):
    """All uses; `figures` and `members` count those of reports that are not replaced."""

    sha256: str
    figures: int
    members: int
    items: list[DocumentUse]


class Month(Document):
    """Monthly evidence: a commitment, and when it was filed."""

    id: str
    year: int
    month: int
    commitment: str
    filed_at: str
    late: bool
    preparer: str
    replaces: str | None


class Line(Document):
    """An activity line of a report, as it was filed."""

    report: str
    code: str
    item: str
    quantity: Amount | None
    quantity_base: str = Field(description="The whole number as filed, in the base unit of the line")
    tiers: list[str]
    parameters: list[str] = Field(description="A factor's id, or a value in 1e-18 of the parameter's unit")


class MonthQuantity(Document):
    """What a month's opened statement says of one line."""

    code: str
    item: str
    quantity: Amount


class LedgerMonth(Document):
    """A month on the ledger; `quantities` where a bundle that the reader may see opens the statement."""

    month: int
    filed: bool
    filed_at: str | None
    late: bool | None
    commitment: str | None
    quantities: list[MonthQuantity] | None


class Ledger(Document):
    """All that one screen shows of an enterprise and a year."""

    member: Member
    year: int
    years: list[int]
    report: Report | None
    months: list[LedgerMonth]
    lines: list[Line] | None
    devices: list[Device] | None
    logs: list[Log]
    artefacts: list[ArtefactLink]


class Factor(Document):
    """A published factor; `value` is a decimal number of its unit."""

    id: str
    guideline: str
    version: str
    row: str
    value: str
    unit: str
    year_from: int
    year_to: int | None
    data_year: int | None
    evidence: str
    source_digest: str


class RuleSet(Document):
    """A published rule set; its document is at `href`."""

    id: str
    key: str
    year_from: int
    year_to: int | None
    status: str
    form_digest: str
    href: str


class Step(Document):
    """One step of a verification."""

    number: int
    name: str
    verdict: Literal["valid", "invalid", "indeterminate", "not applicable"]
    reason: str


class Verification(Document):
    """What `carbonledger verify --json` says too."""

    v: int
    verdict: Literal["VALID", "INVALID", "INDETERMINATE", "ERROR"]
    error: str | None
    steps: list[Step]
    subject: dict[str, Any]


class Disclosure(Document):
    """A bundle that was handed in and is kept."""

    artefact: ArtefactLink
    subject: str
    member: str
    year: int | None
    verification: Verification


class Signature(Document):
    """A signature as it travels: the signer's address and r‖s‖v, or what the signer's contract takes."""

    signer: str = Field(pattern="^[0-9a-f]{40}$")
    signature: str = Field(pattern="^([0-9a-f]{2}){0,4096}$", max_length=8192)


class SignedAct(BaseModel):
    """An act to be carried to the chain (docs/formats/acts.md)."""

    model_config = ConfigDict(extra="forbid")

    act: str = Field(description="Name of the EIP-712 type", max_length=40, examples=["Grant"])
    fields: dict[str, str | int] = Field(
        description="Fields by name: bytes32 and addresses as hex, numbers as integers or decimal strings, text",
    )
    arguments: dict[str, Any] = Field(
        description="What the call takes beside the act, by name: signatures (an object or a list of them), "
        "months, lines, a rule set's JSON, a consistency proof",
    )


class Carrying(Document):
    """One handing over of an act to the outbox; `state` waiting, sent, mined or final."""

    at: str
    state: str
    transaction: str | None
    block: int | None
    succeeded: bool | None
    reason: str | None


class ActState(Document):
    """What became of an act."""

    id: str
    act: str
    carried: list[Carrying]


class AccessRead(Document):
    """One read of private data."""

    number: int
    at: str
    reader: str
    what: str
    basis: str


class Notification(Document):
    """A report was replaced by another: the caller may hold its data, or has something to do about it.

    `kind`: `restated` (told to holders), `footprint-restated` (to who published some from the old report:
    `footprints` were published in their place), `footprint-outdated` (`footprints` could not be computed again,
    for `reason`), `obligation-due` (to the regulator: the settled year needs an additional obligation of the new
    report).
    """

    number: int
    at: str
    kind: str
    member: str
    year: int
    old: str
    new: str
    footprints: list[str] = []
    reason: str | None = None
    acknowledged_at: str | None
    acknowledged_by: str | None


class Duty(Document):
    """Something that waits for the caller's member.

    `surrender` an obligation; `verify` or `decide` on a report; of a bank's loans `check-up` (a quarter of a project
    without one), `disclosure` (a quarter that was not disclosed), `roll-over` (support whose term ends, and that the
    rules allow another) and `repay` (support whose term ends for good). `member` is whom it is about.
    """

    kind: Literal["surrender", "verify", "decide", "check-up", "disclosure", "roll-over", "repay"]
    member: str
    year: int | None
    quarter: int | None
    report: str | None = None
    project: str | None = None
    tool: str | None = None
    application: str | None = None
    amount: Amount | None = Field(default=None, description="What is missing, or still out")
    due_at: str | None = Field(description="null where no rule gives a day")
    overdue: bool


class WrittenRecord(Document):
    """A record as the chain wrote it."""

    kind: str
    id: str
    block: int
    fields: dict[str, str | int]


class Health(Document):
    """Is the service able to answer."""

    status: Literal["ok", "degraded", "unavailable"]
    block: int | None
    head_age_s: int | None
    reasons: list[str]


class MarketInstrument(Document):
    """A class of units that is traded. Prices are fen a tonne."""

    id: str
    kind: Literal["allowance", "offset"]
    vintage: int
    project: str | None
    listed_at: str
    first_price: Amount
    suspended: bool
    last_close: Amount = Field(description="Of the latest day with trades, as it stands; the first price before any")


class PriceLevel(Document):
    """One price level of the book."""

    price: Amount
    amount: Amount
    orders: int


class DayBar(Document):
    """One trading day: prices of listed trades (null where there was none), volumes by way to trade."""

    day: str = Field(examples=["2026-03-10"])
    previous_close: Amount
    open: Amount
    high: Amount | None
    low: Amount | None
    close: Amount = Field(description="Volume-weighted mean of the listed trades; the previous close without any")
    volume: Amount
    turnover: Amount
    block_volume: Amount
    block_turnover: Amount
    auction_volume: Amount
    auction_turnover: Amount


class Quotes(Document):
    """The five best levels of each side, best first, as this node's exchange has them."""

    instrument: str
    at: str
    bids: list[PriceLevel]
    asks: list[PriceLevel]
    today: DayBar
    last_price: Amount | None
    lowest: Amount | None = Field(description="Bounds of a listed order today; null while no terms are published")
    highest: Amount | None


class MarketTrade(Document):
    """A settled trade; its parties are told to themselves and to regulators."""

    id: str
    instrument: str
    mode: Literal["listed", "block", "auction"]
    amount: Amount
    price: Amount
    traded_at: str
    lot: str
    buyer: str | None
    seller: str | None
    block: int


class MarketOrder(Document):
    """An order as the exchange has it: `state` new, open, filled, cancelled, expired or ended (`reason` says why)."""

    id: str
    sequence: int
    instrument: str
    mode: Literal["listed", "block", "auction"]
    side: Literal["buy", "sell"]
    amount: Amount
    price: Amount
    filled: Amount
    state: Literal["new", "open", "filled", "cancelled", "expired", "ended"]
    reason: str | None
    received_at: str
    ends_at: str
