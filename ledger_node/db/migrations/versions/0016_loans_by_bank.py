"""What loans and their projects are looked up by: the bank."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_BANK = 2
"""Place of the field `bank` in both kinds."""
_KINDS = ("loan", "loanproject")


def upgrade() -> None:
    record = sa.table("record", sa.column("kind"), sa.column("fields", sa.JSON), sa.column("about"))
    op.execute(sa.update(record).where(record.c.kind.in_(_KINDS)).values(about=record.c.fields[_BANK].as_string()))


def downgrade() -> None:
    record = sa.table("record", sa.column("kind"), sa.column("about"))
    op.execute(sa.update(record).where(record.c.kind.in_(_KINDS)).values(about=None))
