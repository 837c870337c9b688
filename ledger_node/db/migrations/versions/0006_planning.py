"""Planning quotas, entered by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "planning_quota",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("tonnes", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
    )
    op.create_index("ix_planning_quota_member", "planning_quota", ["member", "year", "number"])


def downgrade() -> None:
    op.drop_table("planning_quota")
