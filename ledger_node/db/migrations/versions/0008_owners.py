"""Records that name an owner are found by it, as others by their member."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_RECORD = sa.table(
    "record",
    sa.column("kind", sa.String),
    sa.column("block_number", sa.BigInteger),
    sa.column("log_index", sa.Integer),
    sa.column("fields", sa.JSON),
    sa.column("member", sa.String),
)
OWNER_AT = {"grant": 1, "offsetproject": 1}


def upgrade() -> None:
    connection = op.get_bind()
    kept = sa.select(_RECORD.c.block_number, _RECORD.c.log_index, _RECORD.c.kind, _RECORD.c.fields)
    for number, index, kind, fields in connection.execute(kept.where(_RECORD.c.kind.in_(list(OWNER_AT)))).all():
        here = (_RECORD.c.block_number == number) & (_RECORD.c.log_index == index)
        connection.execute(sa.update(_RECORD).where(here).values(member=fields[OWNER_AT[kind]]))


def downgrade() -> None:
    op.get_bind().execute(sa.update(_RECORD).where(_RECORD.c.kind.in_(list(OWNER_AT))).values(member=None))
