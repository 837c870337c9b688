"""Codes and grades: what the assessor was given, its runs, and the documents that it made."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    big, small = sa.BigInteger, sa.Integer
    op.create_table(
        "assessment_input",
        sa.Column("number", small, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("period", small, nullable=False),
        sa.Column("section", sa.String(24), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("received_at", big, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("sha256", name="uq_assessment_input_sha256"),
    )
    op.create_index("ix_assessment_input_member", "assessment_input", ["member", "project", "section", "period"])
    op.create_index("ix_assessment_input_period", "assessment_input", ["section", "period"])
    op.create_table(
        "assessment_run",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("period", small, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", big, nullable=False),
    )
    op.create_table(
        "assessment_document",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("period", small, nullable=False),
        sa.Column("set_key", sa.String(64), nullable=False),
        sa.Column("queue_points", small, nullable=False),
        sa.Column("item", sa.JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
        sa.Column("explained", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_assessment_document_run", "assessment_document", ["run", "kind", "set_key"])
    op.create_index("ix_assessment_document_member", "assessment_document", ["member", "kind", "period"])


def downgrade() -> None:
    for name in ("assessment_document", "assessment_run", "assessment_input"):
        op.drop_table(name)
