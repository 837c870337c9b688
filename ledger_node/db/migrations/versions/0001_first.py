"""The first schema: the chain's view, kept artefacts, access log, keys, jobs.

A released migration is never edited: it spells its tables out and does not import the living schema.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    big, small, binary = sa.BigInteger, sa.Integer, sa.LargeBinary
    op.create_table(
        "block",
        sa.Column("number", big, primary_key=True, autoincrement=False),
        sa.Column("hash", binary(32), nullable=False),
        sa.Column("parent_hash", binary(32), nullable=False),
        sa.Column("timestamp", big, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("block_number", big, nullable=False),
        sa.Column("log_index", small, nullable=False),
        sa.Column("address", binary(20), nullable=False),
        sa.Column("contract", sa.String(40), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("transaction_hash", binary(32), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("ix_event_name", "event", ["name", "block_number", "log_index"])
    op.create_table(
        "record",
        sa.Column("block_number", big, nullable=False),
        sa.Column("log_index", small, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("record_key", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("member", sa.String(64), nullable=True),
        sa.Column("year", small, nullable=True),
        sa.Column("latest", small, nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("ix_record_key", "record", ["record_key", "block_number", "log_index"])
    op.create_index("ix_record_kind_latest", "record", ["kind", "latest", "id"])
    op.create_index("ix_record_member", "record", ["member", "kind", "latest", "year"])
    op.create_table(
        "artefact",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("year", small, nullable=True),
        sa.Column("received_at", big, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("public", small, nullable=False),
        sa.Column("size", big, nullable=False),
        sa.Column("content", binary, nullable=True),
        sa.Column("path", sa.Text, nullable=True),
        sa.UniqueConstraint("kind", "subject", name="uq_artefact_kind_subject"),
    )
    op.create_index("ix_artefact_member", "artefact", ["member", "kind", "year"])
    op.create_table(
        "access",
        sa.Column("number", small, primary_key=True),
        sa.Column("at", big, nullable=False),
        sa.Column("reader", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
    )
    op.create_index("ix_access_owner", "access", ["owner", "number"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("member", sa.String(64), nullable=True),
        sa.Column("created_at", big, nullable=False),
        sa.Column("revoked_at", big, nullable=True),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.Column("status", small, nullable=True),
        sa.Column("response", binary, nullable=True),
        sa.Column("at", big, nullable=False),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lease_until", big, nullable=True),
        sa.Column("attempts", small, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("run_at", big, nullable=False),
    )
    op.create_index("ix_job_state", "job", ["state", "run_at"])


def downgrade() -> None:
    for name in ("job", "idempotency", "api_key", "access", "artefact", "record", "event", "block"):
        op.drop_table(name)
