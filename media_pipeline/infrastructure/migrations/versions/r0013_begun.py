"""Open tasks are found without looking at those of the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("begun", sa.Boolean, nullable=False, server_default=sa.true()))
    _index("begun AND state IN ('waiting', 'running')")


def downgrade() -> None:
    _index("state IN ('waiting', 'running')")
    op.drop_column("tasks", "begun")


def _index(where: str) -> None:
    op.drop_index("tasks_open", "tasks")
    condition = sa.text(where)
    columns = ["media_id", "version"]
    op.create_index("tasks_open", "tasks", columns, sqlite_where=condition, postgresql_where=condition)
