"""Jobs are paged by place, and what is open is found without looking at what is done. Media are found by id alone, a
hash of bucket and key: an index over the key itself refuses keys that Postgres cannot compress to a third of a page."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("media_by_bucket_key", "media")
    op.drop_index("jobs_by_state_received_at", "jobs")
    op.drop_index("jobs_by_received_at", "jobs")
    op.create_index("jobs_by_state_place", "jobs", ["state", "received_at", "media_id"])
    op.create_index("jobs_by_place", "jobs", ["received_at", "media_id"])
    open_task = sa.text("state IN ('waiting', 'running')")
    op.create_index("tasks_open", "tasks", ["media_id", "version"], sqlite_where=open_task, postgresql_where=open_task)


def downgrade() -> None:
    op.drop_index("tasks_open", "tasks")
    op.drop_index("jobs_by_place", "jobs")
    op.drop_index("jobs_by_state_place", "jobs")
    op.create_index("jobs_by_received_at", "jobs", ["received_at"])
    op.create_index("jobs_by_state_received_at", "jobs", ["state", "received_at"])
    op.create_index("media_by_bucket_key", "media", ["bucket", "key"], unique=True)
