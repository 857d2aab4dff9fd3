"""An upgrade of the catalogue and the way back, on SQLite and on Postgres."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from media_pipeline.infrastructure import database
from media_pipeline.infrastructure.revisions import current, move
from media_pipeline_tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalogue.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


def test_it_goes_down_and_up_again(url: str) -> None:
    assert current(url) is None
    database.upgrade(url)
    newest = current(url)
    assert newest is not None
    for there in ("0004", newest, "0004", "0003", newest):
        move(url, there)
        assert current(url) == there


def test_a_new_one_is_made_as_an_older_release_would(url: str) -> None:
    move(url, "0004")
    assert current(url) == "0004"


def test_a_revision_nobody_knows_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="'base' is not one of 0001, 0002"):
        move(url, "base")
    assert current(url) is None


def test_what_a_newer_release_migrated_is_left_alone(url: str) -> None:
    database.upgrade(url)
    engine = database.open_database(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ValueError, match="newer release"):
        move(url, "0004")
    with pytest.raises(ValueError, match="newer release"):
        database.upgrade(url)
    assert current(url) == "9999"
