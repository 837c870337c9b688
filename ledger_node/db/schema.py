"""Tables.

Rebuilt from the chain at any time (`reindex`): `block`, `event`, `record`. They are append-only by position on the
chain: the state at the head is the last row of each key, and a reorganisation is the deletion of the rows above the
fork.

Kept (backed up, not rebuilt): `artefact` (bundles and packages received or made), `access` (who read private data),
`api_key`, `idempotency`, `job`, and what jobs wrote: `derived` (what a result was built from), `outdated` (what is of a
replaced report), `notification`; of product footprints `footprint_document`, `footprint`, `footprint_reader`,
`pact_event`; and `pact_token`, which ends by itself; of codes and grades `assessment_input`, `assessment_run`,
`assessment_document`, `score_model`, `score`; of an exchange `market_order`, `market_batch`.
What members disclosed to this node by month:
`disclosed_profile`, `disclosed_month`, `disclosed_year`, `disclosed_fact`; and `alert`, what followed from it.
`planning_quota` was entered by hand. `node_event` holds what this node tells beside the chain's records; `webhook`,
`webhook_delivery` and `webhook_attempt` who is told of which events, and how that went (no secret is among them).
`document_use` is derived from the bundles among the artefacts. Certificates:
`credential`, `status_list`, `credential_key`, `credential_scan`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)

VIEWS: Final = ("block", "event", "record")

block = Table(
    "block",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("parent_hash", LargeBinary(32), nullable=False),
    Column("timestamp", BigInteger, nullable=False, doc="seconds since the epoch"),
)

event = Table(
    "event",
    metadata,
    Column("block_number", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("address", LargeBinary(20), nullable=False),
    Column("contract", String(40), nullable=False),
    Column("name", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("transaction_hash", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("block_number", "log_index"),
    Index("ix_event_name", "name", "block_number", "log_index"),
)

record = Table(
    "record",
    metadata,
    Column("block_number", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("record_key", String(64), nullable=False, doc="hex"),
    Column("id", String(64), nullable=False, doc="hex"),
    Column("fields", JSON, nullable=False, doc="as a bundle holds them: docs/formats/bundle.md"),
    Column("member", String(64), nullable=True, doc="hex; the record's field `member`, else `owner`, where it has one"),
    Column("year", Integer, nullable=True),
    Column("latest", Integer, nullable=False, doc="1 on the last row of a record key, else 0"),
    Column("about", String(64), nullable=True, doc="hex; what the record is looked up by beside these: `ABOUT`"),
    PrimaryKeyConstraint("block_number", "log_index"),
    Index("ix_record_key", "record_key", "block_number", "log_index"),
    Index("ix_record_kind_latest", "kind", "latest", "id"),
    Index("ix_record_member", "member", "kind", "latest", "year"),
    Index("ix_record_about", "about", "kind", "block_number", "log_index"),
)

ABOUT: Final = {
    "loan": "bank",
    "loandisclosure": "document",
    "loanproject": "bank",
    "pledge": "bank",
    "position": "lot",
}
"""Kind of record → the field that its column `about` repeats."""

artefact = Table(
    "artefact",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(32), nullable=False, doc="report, reading, audit-package, findings or control-plan"),
    Column(
        "subject", String(64), nullable=False, doc="hex id of what it is of: the report, or the reading's commitment"
    ),
    Column("member", String(64), nullable=False),
    Column("year", Integer, nullable=True),
    Column("received_at", BigInteger, nullable=False, doc="seconds"),
    Column("verdict", String(16), nullable=False),
    Column("public", Integer, nullable=False, doc="1: every reader; 0: the owner, its grantees and statutory roles"),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=True, doc="the bytes, or null where `path` says where they are"),
    Column("path", Text, nullable=True),
    UniqueConstraint("kind", "subject", name="uq_artefact_kind_subject"),
    Index("ix_artefact_member", "member", "kind", "year"),
)

access = Table(
    "access",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    Column("reader", String(64), nullable=False, doc="member id or name of the key"),
    Column("owner", String(64), nullable=False, doc="member id"),
    Column("what", Text, nullable=False),
    Column("basis", String(32), nullable=False, doc="owner, grant, statutory or public"),
    Index("ix_access_owner", "owner", "number"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("member", String(64), nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=True),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(200), primary_key=True, doc="caller, route and the caller's key"),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=True, doc="null while the first request is under way"),
    Column("response", LargeBinary, nullable=True),
    Column("at", BigInteger, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("content", JSON, nullable=False),
    Column("state", String(16), nullable=False, doc="waiting, running, done or dead"),
    Column("lease_until", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=True),
    Column("run_at", BigInteger, nullable=False),
    Index("ix_job_state", "state", "run_at"),
)

footprint_document = Table(
    "footprint_document",
    metadata,
    Column("sha256", String(64), primary_key=True, doc="of the canonical JSON, which is kept"),
    Column("member", String(64), nullable=False),
    Column("received_at", BigInteger, nullable=False, doc="seconds"),
    Column("content", LargeBinary, nullable=False),
)

footprint = Table(
    "footprint",
    metadata,
    Column("number", Integer, primary_key=True, doc="order of publication"),
    Column("id", String(36), nullable=False, doc="UUID"),
    Column("member", String(64), nullable=False),
    Column("document", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("report", String(64), nullable=True, doc="hex id of the report on the chain that it is built from"),
    Column("scope", String(64), nullable=False, doc="SHA-256 of product ids and period: one is active at a time"),
    Column("created_at", BigInteger, nullable=False, doc="seconds"),
    Column("public", Integer, nullable=False, doc="1: every member; 0: the owner and its readers"),
    Column("superseded_by", String(36), nullable=True),
    Column("content", JSON, nullable=False, doc="a ProductFootprint of PACT 3 but its status"),
    UniqueConstraint("id", name="uq_footprint_id"),
    Index("ix_footprint_scope", "member", "scope"),
)

footprint_reader = Table(
    "footprint_reader",
    metadata,
    Column("footprint", String(36), nullable=False),
    Column("member", String(64), nullable=False),
    PrimaryKeyConstraint("footprint", "member"),
)

pact_token = Table(
    "pact_token",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("expires_at", BigInteger, nullable=False, doc="seconds"),
)

pact_event = Table(
    "pact_event",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("direction", String(3), nullable=False, doc="in or out"),
    Column("member", String(64), nullable=False, doc="who sent it, or to whom it goes"),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("digest", String(64), nullable=False, doc="SHA-256 of direction, member, source and id"),
    Column("type", String(80), nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    Column("content", JSON, nullable=False),
    UniqueConstraint("digest", name="uq_pact_event_digest"),
    Index("ix_pact_event_member", "member", "direction", "number"),
)

derived = Table(
    "derived",
    metadata,
    Column("result", String(64), nullable=False, doc="hex id: a report, or the SHA-256 of an artefact"),
    Column("source", String(64), nullable=False, doc="hex id of what it was built from"),
    Column("kind", String(32), nullable=False, doc="of the source: month, ruleset or report"),
    PrimaryKeyConstraint("result", "source"),
    Index("ix_derived_source", "source"),
)

outdated = Table(
    "outdated",
    metadata,
    Column("id", String(64), nullable=False, doc="hex id of what is of a replaced report"),
    Column("by", String(64), nullable=False, doc="hex id of the report that replaces it"),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    PrimaryKeyConstraint("id", "by"),
)

notification = Table(
    "notification",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("job", String(120), nullable=False, doc="the job that told it: one notification each"),
    Column("member", String(64), nullable=False, doc="who is told"),
    Column("kind", String(32), nullable=False),
    Column("content", JSON, nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    Column("acknowledged_at", BigInteger, nullable=True, doc="seconds"),
    Column("acknowledged_by", String(80), nullable=True, doc="name of the key"),
    UniqueConstraint("job", name="uq_notification_job"),
    Index("ix_notification_member", "member", "number"),
)

document_use = Table(
    "document_use",
    metadata,
    Column("artefact", String(64), nullable=False, doc="SHA-256 of the report's bundle"),
    Column("entry", Integer, nullable=False, doc="log index of the manual entry"),
    Column("document", Integer, nullable=False, doc="log index of the document entry"),
    Column("sha256", String(64), nullable=False, doc="of the document"),
    Column("purpose", String(32), nullable=False),
    Column("number", Text, nullable=True, doc="printed on the document"),
    Column("report", String(64), nullable=False),
    Column("member", String(64), nullable=False),
    Column("line", String(32), nullable=False),
    Column("item", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("month", Integer, nullable=False),
    PrimaryKeyConstraint("artefact", "entry", "document"),
    Index("ix_document_use_sha256", "sha256"),
)

disclosed_profile = Table(
    "disclosed_profile",
    metadata,
    Column("member", String(64), primary_key=True),
    Column("credit_code", String(18), nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("industry", String(8), nullable=False, doc="GB/T 4754"),
    Column("industry_zh", Text, nullable=False),
    Column("industry_en", Text, nullable=False),
    Column("district", Text, nullable=False),
    Index("ix_disclosed_profile_district", "district", "industry"),
)

disclosed_month = Table(
    "disclosed_month",
    metadata,
    Column("member", String(64), nullable=False),
    Column("month", Integer, nullable=False, doc="months from year 0"),
    Column("source", String(32), nullable=False),
    Column("gas", String(16), nullable=False),
    Column("emission_g", BigInteger, nullable=False),
    PrimaryKeyConstraint("member", "month", "source"),
    Index("ix_disclosed_month", "month"),
)

disclosed_year = Table(
    "disclosed_year",
    metadata,
    Column("member", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("value_added_fen", BigInteger, nullable=True),
    Column("permit_g", BigInteger, nullable=True),
    PrimaryKeyConstraint("member", "year"),
)

disclosed_fact = Table(
    "disclosed_fact",
    metadata,
    Column("member", String(64), nullable=False),
    Column("kind", String(16), nullable=False, doc="filing, device or code"),
    Column("about", String(128), nullable=False, doc="the month, the device, the quarter"),
    Column("content", JSON, nullable=False),
    PrimaryKeyConstraint("member", "kind", "about"),
)

alert = Table(
    "alert",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String(300), nullable=False, doc="rule, subject and what it is about: docs/alerts.md"),
    Column("member", String(64), nullable=False),
    Column("rule", String(3), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("state", String(12), nullable=False, doc="open, acknowledged, escalated or past"),
    Column("content", JSON, nullable=False),
    Column("opened_at", BigInteger, nullable=False, doc="seconds"),
    Column("changed_at", BigInteger, nullable=False, doc="seconds; of the state"),
    Column("acknowledged_by", Text, nullable=True),
    Column("note", Text, nullable=True),
    UniqueConstraint("key", name="uq_alert_key"),
    Index("ix_alert_member", "member", "state", "number"),
    Index("ix_alert_state", "state", "number"),
)

assessment_input = Table(
    "assessment_input",
    metadata,
    Column("number", Integer, primary_key=True, doc="order of receipt: the latest of a section counts"),
    Column("sha256", String(64), nullable=False, doc="of subject, period, section and content"),
    Column("member", String(64), nullable=False),
    Column("project", String(64), nullable=False, doc="zeros: the member itself"),
    Column("period", Integer, nullable=False, doc="4 · year + quarter − 1"),
    Column("section", String(24), nullable=False, doc="figures, or a section of the code's document"),
    Column("source", Text, nullable=False, doc="who gave it"),
    Column("received_at", BigInteger, nullable=False, doc="seconds"),
    Column("content", LargeBinary, nullable=False, doc="canonical JSON"),
    UniqueConstraint("sha256", name="uq_assessment_input_sha256"),
    Index("ix_assessment_input_member", "member", "project", "section", "period"),
    Index("ix_assessment_input_period", "section", "period"),
)

assessment_run = Table(
    "assessment_run",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("period", Integer, nullable=False),
    Column("content", JSON, nullable=False, doc="as_of, rule set, schemes, the last input that counts"),
    Column("state", String(16), nullable=False),
    Column("opened_at", BigInteger, nullable=False, doc="seconds"),
)

assessment_document = Table(
    "assessment_document",
    metadata,
    Column("id", String(64), primary_key=True, doc="hex id of the record on the chain: assessment, grade, statistics"),
    Column("run", String(32), nullable=False),
    Column("kind", String(16), nullable=False, doc="code, grade or statistics"),
    Column("member", String(64), nullable=False, doc="empty for statistics"),
    Column("project", String(64), nullable=False),
    Column("period", Integer, nullable=False),
    Column("set_key", String(64), nullable=False, doc="of the rule set or scheme; industry of statistics"),
    Column("queue_points", Integer, nullable=False, doc="orders the inspectors' queue, decides nothing"),
    Column("item", JSON, nullable=False, doc="what is filed of it: the values of the contract's struct"),
    Column("salt", String(32), nullable=False, doc="hex; of the commitments to inputs and explain record"),
    Column("inputs", LargeBinary, nullable=False, doc="the document that was judged; empty for statistics"),
    Column("explained", LargeBinary, nullable=False, doc="the explain record, or the statement of statistics"),
    Index("ix_assessment_document_run", "run", "kind", "set_key"),
    Index("ix_assessment_document_member", "member", "kind", "period"),
)

score_model = Table(
    "score_model",
    metadata,
    Column("number", Integer, primary_key=True, doc="the last one of a quarter orders the inspectors' queue"),
    Column("id", String(64), nullable=False, doc="SHA-256 of the content"),
    Column("run", String(32), nullable=False, doc="the run whose codes were scored, after they were filed"),
    Column("period", Integer, nullable=False, doc="4 · year + quarter − 1"),
    Column("content", JSON, nullable=False, doc="method, parameters, versions, digests of data and scores"),
    Column("made_at", BigInteger, nullable=False, doc="seconds"),
    UniqueConstraint("id", name="uq_score_model_id"),
    Index("ix_score_model_period", "period", "number"),
)

score = Table(
    "score",
    metadata,
    Column("model", Integer, primary_key=True),
    Column("id", String(64), primary_key=True, doc="hex id of the assessment"),
    Column("member", String(64), nullable=False),
    Column("period", Integer, nullable=False),
    Column("per_mille", Integer, nullable=False, doc="orders who is looked at, decides nothing"),
    Column("content", JSON, nullable=False, doc="the group, and the three largest reasons"),
    Index("ix_score_member", "member", "period", "model"),
    Index("ix_score_per_mille", "model", "per_mille"),
)

market_order = Table(
    "market_order",
    metadata,
    Column("number", Integer, primary_key=True, doc="order of arrival"),
    Column("sequence", Integer, nullable=False, doc="the exchange's number: priority at one price; new on re-entry"),
    Column("id", String(64), nullable=False, doc="act id of the order, hex"),
    Column("instrument", String(64), nullable=False),
    Column("mode", Integer, nullable=False, doc="1 listed, 2 block, 3 auction"),
    Column("side", Integer, nullable=False, doc="1 buy, 2 sell"),
    Column("member", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False, doc="t"),
    Column("price", BigInteger, nullable=False, doc="fen a tonne"),
    Column("act", JSON, nullable=False, doc="fields of the signed order"),
    Column("signer", String(40), nullable=False),
    Column("signature", Text, nullable=False, doc="hex"),
    Column("reference", String(64), nullable=False),
    Column("deadline", BigInteger, nullable=False, doc="seconds: the order's end"),
    Column("filled", BigInteger, nullable=False, doc="t in trades that were matched and not undone"),
    Column("state", String(16), nullable=False, doc="new, open, filled, cancelled, expired or ended"),
    Column("reason", Text, nullable=True, doc="why it ended"),
    Column("received_at", BigInteger, nullable=False, doc="seconds"),
    UniqueConstraint("sequence", name="uq_market_order_sequence"),
    UniqueConstraint("id", name="uq_market_order_id"),
    UniqueConstraint("member", "reference", name="uq_market_order_reference"),
    Index("ix_market_order_state", "state", "instrument", "mode", "sequence"),
)

market_batch = Table(
    "market_batch",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("instrument", String(64), nullable=False),
    Column("mode", Integer, nullable=False),
    Column("auction", String(64), nullable=False),
    Column("time", BigInteger, nullable=False, doc="seconds: when it was matched"),
    Column("deadline", BigInteger, nullable=False, doc="seconds: the matching's end"),
    Column("fills", JSON, nullable=False, doc="[purchase's number, sale's number, t, fen] each"),
    Column("sequences", JSON, nullable=False, doc="[order's number, its sequence then], ascending by sequence"),
    Column("state", String(16), nullable=False, doc="ready, sent, settled or undone"),
    Column("reason", Text, nullable=True, doc="why it was undone"),
    Index("ix_market_batch_state", "state", "number"),
)

planning_quota = Table(
    "planning_quota",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("member", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("tonnes", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    Column("by", String(64), nullable=False, doc="who entered it"),
    Index("ix_planning_quota_member", "member", "year", "number"),
)

node_event = Table(
    "node_event",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(40), nullable=False, doc="follows from what it tells: told again, it is one"),
    Column("type", String(40), nullable=False),
    Column("member", String(64), nullable=False, doc="whom it is about"),
    Column("data", JSON, nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    UniqueConstraint("id", name="uq_node_event_id"),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("member", String(64), nullable=False, doc="whose it is; with the role it decides what is told"),
    Column("url", Text, nullable=False),
    Column("types", JSON, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, doc="seconds"),
    Column("disabled_at", BigInteger, nullable=True, doc="seconds; null while it is served"),
    Column("reason", Text, nullable=True, doc="why it was disabled"),
    Column("generation", Integer, nullable=False, doc="of the secret, which follows from it and the node's own"),
    Column("previous_until", BigInteger, nullable=False, doc="seconds: the generation before signs too"),
    Column("failing_since", BigInteger, nullable=True, doc="seconds; null after a success"),
    Column("retry_at", BigInteger, nullable=False, doc="seconds: nothing is posted before"),
    Column("block_number", BigInteger, nullable=False, doc="records up to here were told"),
    Column("log_index", Integer, nullable=False),
    Column("block_hash", LargeBinary(32), nullable=False, doc="of that block: another one was taken back"),
    Column("event_number", Integer, nullable=False, doc="rows of node_event up to here were told"),
    Index("ix_webhook_member", "member", "role"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("webhook", String(32), nullable=False),
    Column("event", String(40), nullable=False, doc="the header webhook-id"),
    Column("type", String(40), nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds: when it was opened"),
    Column("body", LargeBinary, nullable=False, doc="the bytes that are sent, at each attempt the same"),
    Column("state", String(12), nullable=False, doc="waiting, delivered, failed or held"),
    Column("round", Integer, nullable=False, doc="1, and one more for each demand to deliver again"),
    Column("attempts", Integer, nullable=False, doc="of this round"),
    UniqueConstraint("webhook", "event", name="uq_webhook_delivery_event"),
    Index("ix_webhook_delivery_state", "webhook", "state", "number"),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("delivery", Integer, nullable=False),
    Column("at", BigInteger, nullable=False, doc="seconds"),
    Column("took_ms", Integer, nullable=False),
    Column("status", Integer, nullable=True, doc="of HTTP; null where there was no answer"),
    Column("error", Text, nullable=True),
    Index("ix_webhook_attempt_delivery", "delivery", "number"),
)

credential = Table(
    "credential",
    metadata,
    Column("id", String(32), primary_key=True, doc="random, hex: whoever has it may show the certificate"),
    Column("record", String(64), nullable=False, doc="hex id of the record on the chain: one certificate each"),
    Column("kind", String(16), nullable=False, doc="code, grade or retirement"),
    Column("member", String(64), nullable=False),
    Column("project", String(64), nullable=False, doc="zeros: the member itself"),
    Column("claim", JSON, nullable=False, doc="what is certified: contract, period, scheme, revision, said"),
    Column("valid_from", BigInteger, nullable=False, doc="seconds"),
    Column("valid_until", BigInteger, nullable=True, doc="seconds; null: it does not lapse"),
    Column("status_list", Integer, nullable=False, doc="number of the two lists"),
    Column("status_index", Integer, nullable=False, doc="random place in both"),
    Column("base_url", Text, nullable=False, doc="origin under which it was issued"),
    Column("issued_at", BigInteger, nullable=False, doc="seconds"),
    Column("suspended", String(16), nullable=True, doc="why: red or not-on-chain"),
    Column("suspended_at", BigInteger, nullable=True, doc="seconds"),
    Column("revoked", String(16), nullable=True, doc="why: fraud, restated, wrong-issuance or key-compromised"),
    Column("revoked_at", BigInteger, nullable=True, doc="seconds"),
    Column("note", Text, nullable=True, doc="what the operator wrote at a revocation by hand"),
    Column("document", LargeBinary, nullable=False, doc="canonical JSON with its proof"),
    Column("token", Text, nullable=False, doc="the same as a token"),
    UniqueConstraint("record", name="uq_credential_record"),
    UniqueConstraint("status_list", "status_index", name="uq_credential_status_list"),
    Index("ix_credential_member", "member", "project"),
)

status_list = Table(
    "status_list",
    metadata,
    Column("purpose", String(16), nullable=False, doc="revocation or suspension"),
    Column("number", Integer, nullable=False),
    Column("base_url", Text, nullable=False, doc="origin under which it was opened; it is signed by that name"),
    Column("changed", Integer, nullable=False, doc="1: a bit changed since it was signed"),
    Column("signed_at", BigInteger, nullable=False, doc="seconds; 0: not yet"),
    Column("document", LargeBinary, nullable=False, doc="canonical JSON with its proof"),
    Column("token", Text, nullable=False, doc="the same as a token"),
    PrimaryKeyConstraint("purpose", "number"),
)

credential_key = Table(
    "credential_key",
    metadata,
    Column("multikey", String(80), primary_key=True),
    Column("did", Text, primary_key=True, doc="the issuer, by one of its names"),
    Column("since", BigInteger, nullable=False, doc="seconds"),
    Column("withdrawn_at", BigInteger, nullable=True, doc="seconds: what it signed is not the issuer's any more"),
)

credential_scan = Table(
    "credential_scan",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, doc="0: there is one row"),
    Column("block_number", BigInteger, nullable=False, doc="records up to this block were looked at"),
    Column("block_hash", String(64), nullable=False, doc="hex: another one there means that blocks were taken back"),
)
