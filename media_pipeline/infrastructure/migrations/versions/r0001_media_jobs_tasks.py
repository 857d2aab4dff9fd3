"""Media, their jobs and the jobs' tasks."""

import sqlalchemy as sa
from alembic import op

from media_pipeline.infrastructure.database import AnyText, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("bucket", sa.String(255), nullable=False),
        sa.Column("key", AnyText, nullable=False),
        sa.Column("title", AnyText, nullable=False),
        sa.Column("tenant", AnyText, nullable=False),
        sa.Column("current_version", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_index("media_by_bucket_key", "media", ["bucket", "key"], unique=True)
    op.create_table(
        "jobs",
        sa.Column("media_id", sa.String(128), sa.ForeignKey("media.id"), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(32)),
        sa.Column("error_message", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("run_id", sa.String(64)),
        sa.Column("received_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("playable_at", UtcTime),
        sa.Column("finished_at", UtcTime),
    )
    op.create_index("jobs_by_state_received_at", "jobs", ["state", "received_at"])
    op.create_index("jobs_by_received_at", "jobs", ["received_at"])
    op.create_table(
        "tasks",
        sa.Column("media_id", sa.String(128), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("reason", sa.Text),
        sa.Column("fingerprint", sa.Text),
        sa.Column("started_at", UtcTime),
        sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    )
    op.create_index("tasks_by_name_fingerprint", "tasks", ["name", "fingerprint"])


def downgrade() -> None:
    op.drop_table("tasks")
    op.drop_table("jobs")
    op.drop_table("media")
