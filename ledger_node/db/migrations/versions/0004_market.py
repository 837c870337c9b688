"""Orders that an exchange took, and the batches of trades that it made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    big, small = sa.BigInteger, sa.Integer
    op.create_table(
        "market_order",
        sa.Column("number", small, primary_key=True),
        sa.Column("sequence", small, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("instrument", sa.String(64), nullable=False),
        sa.Column("mode", small, nullable=False),
        sa.Column("side", small, nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("amount", big, nullable=False),
        sa.Column("price", big, nullable=False),
        sa.Column("act", sa.JSON, nullable=False),
        sa.Column("signer", sa.String(40), nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("deadline", big, nullable=False),
        sa.Column("filled", big, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("received_at", big, nullable=False),
        sa.UniqueConstraint("sequence", name="uq_market_order_sequence"),
        sa.UniqueConstraint("id", name="uq_market_order_id"),
        sa.UniqueConstraint("member", "reference", name="uq_market_order_reference"),
    )
    op.create_index("ix_market_order_state", "market_order", ["state", "instrument", "mode", "sequence"])
    op.create_table(
        "market_batch",
        sa.Column("number", small, primary_key=True),
        sa.Column("instrument", sa.String(64), nullable=False),
        sa.Column("mode", small, nullable=False),
        sa.Column("auction", sa.String(64), nullable=False),
        sa.Column("time", big, nullable=False),
        sa.Column("deadline", big, nullable=False),
        sa.Column("fills", sa.JSON, nullable=False),
        sa.Column("sequences", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
    )
    op.create_index("ix_market_batch_state", "market_batch", ["state", "number"])


def downgrade() -> None:
    for name in ("market_batch", "market_order"):
        op.drop_table(name)
