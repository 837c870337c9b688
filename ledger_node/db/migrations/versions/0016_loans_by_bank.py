"""What loans, their projects and disclosures are looked up by: the bank, the document."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ABOUT = {"loan": 2, "loanproject": 2, "loandisclosure": 5}
"""Kind of record → place of the field that `about` repeats."""


def upgrade() -> None:
    record = sa.table("record", sa.column("kind"), sa.column("fields", sa.JSON), sa.column("about"))
    for kind, place in _ABOUT.items():
        op.execute(sa.update(record).where(record.c.kind == kind).values(about=record.c.fields[place].as_string()))


def downgrade() -> None:
    record = sa.table("record", sa.column("kind"), sa.column("about"))
    op.execute(sa.update(record).where(record.c.kind.in_(tuple(_ABOUT))).values(about=None))
