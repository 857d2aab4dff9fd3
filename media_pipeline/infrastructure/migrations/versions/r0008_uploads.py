"""Uploads are announced before they arrive, and a media keeps what its uploader wished."""

import sqlalchemy as sa
from alembic import op

from media_pipeline.infrastructure.database import AnyText, UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant", AnyText, nullable=False),
        sa.Column("bucket", sa.String(255), nullable=False),
        sa.Column("key", AnyText, nullable=False),
        sa.Column("media_id", sa.String(128), nullable=False),
        sa.Column("filename", AnyText, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("title", AnyText, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("language", sa.String(64)),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("part_size", sa.BigInteger, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.Column("closed_at", UtcTime),
        sa.Column("etag", sa.Text),
        sa.Column("claimed_until", UtcTime),
        sa.Column("idempotency_key", AnyText),
        sa.UniqueConstraint("tenant", "idempotency_key", name="uploads_once"),
    )
    open_ones = sa.text("state = 'open'")
    op.create_index("uploads_by_media", "uploads", ["media_id"])
    op.create_index("uploads_open", "uploads", ["expires_at"], sqlite_where=open_ones, postgresql_where=open_ones)
    op.add_column("media", sa.Column("language", sa.String(64)))
    op.add_column("media", sa.Column("tags", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("claimed_until", UtcTime))


def downgrade() -> None:
    op.drop_column("jobs", "claimed_until")
    op.drop_column("media", "tags")
    op.drop_column("media", "language")
    op.drop_table("uploads")
