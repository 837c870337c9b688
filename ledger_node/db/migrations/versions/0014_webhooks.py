"""Events of the node, webhooks and their deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    big, small, text = sa.BigInteger, sa.Integer, sa.Text
    op.create_table(
        "node_event",
        sa.Column("number", small, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("at", big, nullable=False),
        sa.UniqueConstraint("id", name="uq_node_event_id"),
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("url", text, nullable=False),
        sa.Column("types", sa.JSON, nullable=False),
        sa.Column("description", text, nullable=False),
        sa.Column("created_at", big, nullable=False),
        sa.Column("disabled_at", big, nullable=True),
        sa.Column("reason", text, nullable=True),
        sa.Column("generation", small, nullable=False),
        sa.Column("previous_until", big, nullable=False),
        sa.Column("failing_since", big, nullable=True),
        sa.Column("retry_at", big, nullable=False),
        sa.Column("block_number", big, nullable=False),
        sa.Column("log_index", small, nullable=False),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("event_number", small, nullable=False),
    )
    op.create_index("ix_webhook_member", "webhook", ["member", "role"])
    op.create_table(
        "webhook_delivery",
        sa.Column("number", small, primary_key=True),
        sa.Column("webhook", sa.String(32), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("at", big, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("round", small, nullable=False),
        sa.Column("attempts", small, nullable=False),
        sa.UniqueConstraint("webhook", "event", name="uq_webhook_delivery_event"),
    )
    op.create_index("ix_webhook_delivery_state", "webhook_delivery", ["webhook", "state", "number"])
    op.create_table(
        "webhook_attempt",
        sa.Column("number", small, primary_key=True),
        sa.Column("delivery", small, nullable=False),
        sa.Column("at", big, nullable=False),
        sa.Column("took_ms", small, nullable=False),
        sa.Column("status", small, nullable=True),
        sa.Column("error", text, nullable=True),
    )
    op.create_index("ix_webhook_attempt_delivery", "webhook_attempt", ["delivery", "number"])


def downgrade() -> None:
    for name in ("webhook_attempt", "webhook_delivery", "webhook", "node_event"):
        op.drop_table(name)
