"""A tenant's media are listed without looking at those of others."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_INDEXES = {
    "jobs_by_tenant_place": ("jobs", ["tenant", "received_at", "media_id"]),
    "jobs_by_tenant_state_place": ("jobs", ["tenant", "state", "received_at", "media_id"]),
}


def upgrade() -> None:
    op.add_column("jobs", sa.Column("tenant", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE jobs SET tenant = (SELECT media.tenant FROM media WHERE media.id = jobs.media_id)")
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table)
    op.drop_column("jobs", "tenant")
