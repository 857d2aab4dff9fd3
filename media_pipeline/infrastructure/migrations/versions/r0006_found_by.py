"""Media are found by words. What is there already is found by its title, the rest at its next publication."""

import sqlalchemy as sa
from alembic import op

from media_pipeline.domain.search import words
from media_pipeline.infrastructure.database import AnyText

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    made = op.create_table(
        "found_by",
        sa.Column("media_id", sa.String(128), sa.ForeignKey("media.id"), primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        words_of = sa.text("array_to_tsvector(string_to_array(words, ' '))")
        op.create_index("found_by_words", "found_by", [words_of], postgresql_using="gin")
    media = sa.table("media", sa.column("id"), sa.column("title", AnyText))
    for rows in op.get_bind().execute(sa.select(media)).partitions(1000):
        found = [{"media_id": row.id, "words": " ".join(words([row.title]))} for row in rows]
        op.get_bind().execute(sa.insert(made), found)


def downgrade() -> None:
    op.drop_table("found_by")
