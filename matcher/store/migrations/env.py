"""What Alembic runs for every migration (迁移环境): on the connection that ``matcher.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from matcher.store.tables import metadata, version

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=version.name,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,  # SQLite too: a migration is done whole or not at all
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
