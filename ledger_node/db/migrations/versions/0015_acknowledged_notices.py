"""Who acknowledged a notification, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.add_column(sa.Column("acknowledged_at", sa.BigInteger, nullable=True))
        table.add_column(sa.Column("acknowledged_by", sa.String(80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.drop_column("acknowledged_by")
        table.drop_column("acknowledged_at")
