"""Jobs are paged by place. Media are found by id alone, which is a hash of bucket and key: an index over the key itself
refuses keys that Postgres cannot compress to a third of a page."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("media_by_bucket_key", "media")
    op.drop_index("jobs_by_state_received_at", "jobs")
    op.drop_index("jobs_by_received_at", "jobs")
    op.create_index("jobs_by_state_place", "jobs", ["state", "received_at", "media_id"])
    op.create_index("jobs_by_place", "jobs", ["received_at", "media_id"])


def downgrade() -> None:
    op.drop_index("jobs_by_place", "jobs")
    op.drop_index("jobs_by_state_place", "jobs")
    op.create_index("jobs_by_received_at", "jobs", ["received_at"])
    op.create_index("jobs_by_state_received_at", "jobs", ["state", "received_at"])
    op.create_index("media_by_bucket_key", "media", ["bucket", "key"], unique=True)
