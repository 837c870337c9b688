"""Scores of models beside the codes; status lists and keys of an issuer that has had several addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    big, small = sa.BigInteger, sa.Integer
    op.create_table(
        "score_model",
        sa.Column("number", small, primary_key=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("period", small, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("made_at", big, nullable=False),
        sa.UniqueConstraint("id", name="uq_score_model_id"),
    )
    op.create_index("ix_score_model_period", "score_model", ["period", "number"])
    op.create_table(
        "score",
        sa.Column("model", small, primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("period", small, nullable=False),
        sa.Column("per_mille", small, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
    )
    op.create_index("ix_score_member", "score", ["member", "period", "model"])
    op.create_index("ix_score_per_mille", "score", ["model", "per_mille"])
    _move_lists()
    _move_keys(("multikey", "did"))


def downgrade() -> None:
    _move_keys(("multikey",))
    with op.batch_alter_table("status_list") as table:
        table.drop_column("base_url")
    for name in ("score", "score_model"):
        op.drop_table(name)


def _move_lists() -> None:
    """A list is of the address under which its certificates were issued."""
    credential = sa.table("credential", sa.column("status_list"), sa.column("base_url"))
    lists = sa.table("status_list", sa.column("number"), sa.column("base_url"))
    with op.batch_alter_table("status_list") as table:
        table.add_column(sa.Column("base_url", sa.Text, nullable=False, server_default=""))
    own = sa.select(sa.func.min(credential.c.base_url)).where(credential.c.status_list == lists.c.number)
    op.execute(sa.update(lists).values(base_url=sa.func.coalesce(own.scalar_subquery(), "")))
    with op.batch_alter_table("status_list") as table:
        table.alter_column("base_url", server_default=None)


def _move_keys(primary: tuple[str, ...]) -> None:
    """One key may be known under several names, or under one."""
    columns = ("multikey", "did", "since", "withdrawn_at")
    old = sa.table("credential_key", *map(sa.column, columns))
    rows = [dict(row) for row in op.get_bind().execute(sa.select(old).order_by(old.c.since)).mappings()]
    op.drop_table("credential_key")
    made = op.create_table(
        "credential_key",
        sa.Column("multikey", sa.String(80), primary_key="multikey" in primary),
        sa.Column("did", sa.Text, primary_key="did" in primary, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger, nullable=True),
    )
    once = {tuple(row[name] for name in primary): row for row in rows}
    if once:
        op.bulk_insert(made, list(once.values()))
