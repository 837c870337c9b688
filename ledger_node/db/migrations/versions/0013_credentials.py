"""Certificates as Verifiable Credentials, their status lists, and who issued them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    big, small, text = sa.BigInteger, sa.Integer, sa.Text
    op.create_table(
        "credential",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("claim", sa.JSON, nullable=False),
        sa.Column("valid_from", big, nullable=False),
        sa.Column("valid_until", big, nullable=True),
        sa.Column("status_list", small, nullable=False),
        sa.Column("status_index", small, nullable=False),
        sa.Column("base_url", text, nullable=False),
        sa.Column("issued_at", big, nullable=False),
        sa.Column("suspended", sa.String(16), nullable=True),
        sa.Column("suspended_at", big, nullable=True),
        sa.Column("revoked", sa.String(16), nullable=True),
        sa.Column("revoked_at", big, nullable=True),
        sa.Column("note", text, nullable=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("token", text, nullable=False),
        sa.UniqueConstraint("record", name="uq_credential_record"),
        sa.UniqueConstraint("status_list", "status_index", name="uq_credential_status_list"),
    )
    op.create_index("ix_credential_member", "credential", ["member", "project"])
    op.create_table(
        "status_list",
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("number", small, nullable=False),
        sa.Column("changed", small, nullable=False),
        sa.Column("signed_at", big, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("token", text, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "number"),
    )
    op.create_table(
        "credential_key",
        sa.Column("multikey", sa.String(80), primary_key=True),
        sa.Column("did", text, nullable=False),
        sa.Column("since", big, nullable=False),
        sa.Column("withdrawn_at", big, nullable=True),
    )
    op.create_table(
        "credential_scan",
        sa.Column("id", small, primary_key=True, autoincrement=False),
        sa.Column("block_number", big, nullable=False),
        sa.Column("block_hash", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for name in ("credential_scan", "credential_key", "status_list", "credential"):
        op.drop_table(name)
