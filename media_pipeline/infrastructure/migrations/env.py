"""Run by Alembic, inside the transaction that `database.upgrade` has opened."""

from alembic import context

from media_pipeline.infrastructure import database

context.configure(connection=context.config.attributes["connection"], target_metadata=database.metadata)
context.run_migrations()
