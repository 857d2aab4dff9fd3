"""What has happened is counted as it happens, beginning now; the first time that a job was ready; and the trace that
follows an upload."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("measure", sa.String(16), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("bucket", sa.SmallInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
    )
    op.add_column("jobs", sa.Column("ready_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE jobs SET ready_at = finished_at WHERE state = 'ready'")
    op.add_column("jobs", sa.Column("trace", sa.String(55)))


def downgrade() -> None:
    op.drop_column("jobs", "trace")
    op.drop_column("jobs", "ready_at")
    op.drop_table("tallies")
