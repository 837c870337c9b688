"""Which figures the documents in the report bundles received support: derived from the bundles, rebuilt at any time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "document_use",
        sa.Column("artefact", sa.String(64), nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("document", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("number", sa.Text, nullable=True),
        sa.Column("report", sa.String(64), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("artefact", "entry", "document"),
    )
    op.create_index("ix_document_use_sha256", "document_use", ["sha256"])


def downgrade() -> None:
    op.drop_table("document_use")
