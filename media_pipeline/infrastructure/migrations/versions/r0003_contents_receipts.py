"""What bytes a version has, so that the same ones are not encoded twice; and the receipts of what was erased."""

import sqlalchemy as sa
from alembic import op

from media_pipeline.infrastructure.database import AnyText, UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("media_id", sa.String(128), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("tenant", AnyText, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    )
    op.create_index("contents_by_sha256_tenant", "contents", ["sha256", "tenant"])
    op.create_table(
        "receipts",
        sa.Column("media_id", sa.String(128), sa.ForeignKey("media.id"), primary_key=True),
        sa.Column("erased_at", UtcTime, nullable=False),
        sa.Column("versions", sa.Integer, nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("source_deleted", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_table("contents")
