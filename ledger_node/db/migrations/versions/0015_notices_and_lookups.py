"""Who acknowledged a notification, and when; what positions and pledges are looked up by."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ABOUT = {"position": 1, "pledge": 2}
"""Kind of record → place of the field that `about` repeats."""


def upgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.add_column(sa.Column("acknowledged_at", sa.BigInteger, nullable=True))
        table.add_column(sa.Column("acknowledged_by", sa.String(80), nullable=True))
    with op.batch_alter_table("record") as table:
        table.add_column(sa.Column("about", sa.String(64), nullable=True))
    record = sa.table("record", sa.column("kind"), sa.column("fields", sa.JSON), sa.column("about"))
    for kind, place in _ABOUT.items():
        op.execute(sa.update(record).where(record.c.kind == kind).values(about=record.c.fields[place].as_string()))
    op.create_index("ix_record_about", "record", ["about", "kind", "block_number", "log_index"])


def downgrade() -> None:
    op.drop_index("ix_record_about", "record")
    with op.batch_alter_table("record") as table:
        table.drop_column("about")
    with op.batch_alter_table("notification") as table:
        table.drop_column("acknowledged_by")
        table.drop_column("acknowledged_at")
