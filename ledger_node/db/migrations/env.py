"""Alembic environment: the connection is passed in by `ledger_node.db.engine.migrate`."""

from alembic import context

from ledger_node.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
