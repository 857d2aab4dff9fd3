"""What is playable and not finished is found without looking at what is finished."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    where = sa.text("state = 'playable' AND finished_at IS NULL")
    op.create_index("jobs_unfinished", "jobs", ["media_id", "version"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("jobs_unfinished", "jobs")
