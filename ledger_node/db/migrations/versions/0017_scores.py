"""Scores of models: in which order inspectors look; kept beside the codes, read by nothing that makes them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"


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
    op.create_index("ix_score_id", "score", ["id", "model"])
    op.create_index("ix_score_per_mille", "score", ["model", "per_mille"])


def downgrade() -> None:
    for name in ("score", "score_model"):
        op.drop_table(name)
