"""What a tenant announced today is added up without looking at what others did."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("uploads_by_tenant", "uploads", ["tenant", "created_at"])


def downgrade() -> None:
    op.drop_index("uploads_by_tenant", "uploads")
