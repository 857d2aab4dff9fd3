"""A job knows whether somebody waits for it or a library is worked off."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("origin", sa.String(16), nullable=False, server_default="live"))


def downgrade() -> None:
    op.drop_column("jobs", "origin")
