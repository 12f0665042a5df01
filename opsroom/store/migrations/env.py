"""Alembic's entry: migrates over the connection that the store hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from opsroom.store._tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
