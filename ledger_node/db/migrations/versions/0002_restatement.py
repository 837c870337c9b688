"""What results were built from, what is replaced, and who was told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "derived",
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("result", "source"),
    )
    op.create_index("ix_derived_source", "derived", ["source"])
    op.create_table(
        "outdated",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "by"),
    )
    op.create_table(
        "notification",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("job", sa.String(120), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("job", name="uq_notification_job"),
    )
    op.create_index("ix_notification_member", "notification", ["member", "number"])


def downgrade() -> None:
    for name in ("notification", "outdated", "derived"):
        op.drop_table(name)
