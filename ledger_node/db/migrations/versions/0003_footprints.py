"""Product footprints, to whom they were published, PACT tokens and events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    big, small = sa.BigInteger, sa.Integer
    op.create_table(
        "footprint_document",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("received_at", big, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "footprint",
        sa.Column("number", small, primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("year", small, nullable=False),
        sa.Column("report", sa.String(64), nullable=True),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("created_at", big, nullable=False),
        sa.Column("public", small, nullable=False),
        sa.Column("superseded_by", sa.String(36), nullable=True),
        sa.Column("content", sa.JSON, nullable=False),
        sa.UniqueConstraint("id", name="uq_footprint_id"),
    )
    op.create_index("ix_footprint_scope", "footprint", ["member", "scope"])
    op.create_table(
        "footprint_reader",
        sa.Column("footprint", sa.String(36), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("footprint", "member"),
    )
    op.create_table(
        "pact_token",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("expires_at", big, nullable=False),
    )
    op.create_table(
        "pact_event",
        sa.Column("number", small, primary_key=True),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("at", big, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.UniqueConstraint("digest", name="uq_pact_event_digest"),
    )
    op.create_index("ix_pact_event_member", "pact_event", ["member", "direction", "number"])


def downgrade() -> None:
    for name in ("pact_event", "pact_token", "footprint_reader", "footprint", "footprint_document"):
        op.drop_table(name)
