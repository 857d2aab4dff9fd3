"""Every try at a stage of a job: what the budget is counted by, and what an operator reads."""

import sqlalchemy as sa
from alembic import op

from media_pipeline.infrastructure.database import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("media_id", sa.String(128), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("task", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("error_code", sa.String(32)),
        sa.Column("error_message", sa.Text),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    )
    op.create_index("attempts_by_job", "attempts", ["media_id", "version"])


def downgrade() -> None:
    op.drop_table("attempts")
