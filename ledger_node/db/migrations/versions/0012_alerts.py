"""What members disclosed by month, and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"


def upgrade() -> None:
    big, small, text = sa.BigInteger, sa.Integer, sa.Text
    op.create_table(
        "disclosed_profile",
        sa.Column("member", sa.String(64), primary_key=True),
        sa.Column("credit_code", sa.String(18), nullable=False),
        sa.Column("name_zh", text, nullable=False),
        sa.Column("name_en", text, nullable=False),
        sa.Column("industry", sa.String(8), nullable=False),
        sa.Column("industry_zh", text, nullable=False),
        sa.Column("industry_en", text, nullable=False),
        sa.Column("district", text, nullable=False),
    )
    op.create_index("ix_disclosed_profile_district", "disclosed_profile", ["district", "industry"])
    op.create_table(
        "disclosed_month",
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("month", small, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("gas", sa.String(16), nullable=False),
        sa.Column("emission_g", big, nullable=False),
        sa.PrimaryKeyConstraint("member", "month", "source"),
    )
    op.create_index("ix_disclosed_month", "disclosed_month", ["month"])
    op.create_table(
        "disclosed_year",
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("year", small, nullable=False),
        sa.Column("value_added_fen", big, nullable=True),
        sa.Column("permit_g", big, nullable=True),
        sa.PrimaryKeyConstraint("member", "year"),
    )
    op.create_table(
        "disclosed_fact",
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("member", "kind", "about"),
    )
    op.create_table(
        "alert",
        sa.Column("number", small, primary_key=True),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(3), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("opened_at", big, nullable=False),
        sa.Column("changed_at", big, nullable=False),
        sa.Column("acknowledged_by", text, nullable=True),
        sa.Column("note", text, nullable=True),
        sa.UniqueConstraint("key", name="uq_alert_key"),
    )
    op.create_index("ix_alert_member", "alert", ["member", "state", "number"])
    op.create_index("ix_alert_state", "alert", ["state", "number"])


def downgrade() -> None:
    for name in ("alert", "disclosed_fact", "disclosed_year", "disclosed_month", "disclosed_profile"):
        op.drop_table(name)
