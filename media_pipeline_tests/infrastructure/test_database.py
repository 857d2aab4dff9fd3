"""The catalogue's database: its migrations, and many processes at once."""

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import JobState
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline.infrastructure import database
from media_pipeline.infrastructure.catalogue import SqlCatalogue

NOW = datetime(2026, 1, 2, tzinfo=UTC)
UPLOAD = received(StoredObject("uploads", "clip.mp4", "e1", 1000, NOW))
PROCESSES = 4


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new directory/catalogue.sqlite"


def tables(url: str) -> set[str]:
    engine = database.open_database(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found - {"alembic_version"}


def register(url: str, title: str = "Clip") -> object:
    catalogue = SqlCatalogue(url)
    return catalogue.register(UPLOAD, title=title, tenant="default", profile="web", tasks=("source",), at=NOW)


def test_an_upgrade_makes_the_file_and_every_table(url: str) -> None:
    database.upgrade(url)
    assert tables(url) == set(database.metadata.tables)


def test_an_upgrade_of_what_is_new_changes_nothing(url: str) -> None:
    database.upgrade(url)
    job = register(url)
    database.upgrade(url)
    assert SqlCatalogue(url).job(UPLOAD.media_id) == job


def test_the_migrations_make_the_tables_the_code_uses(url: str) -> None:
    database.upgrade(url)
    engine = database.open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), database.metadata) == []
    engine.dispose()


def test_the_migrations_go_down_and_up_again(url: str) -> None:
    database.upgrade(url)
    database.downgrade(url, "base")
    assert tables(url) == set()
    database.upgrade(url)
    register(url)


def test_a_file_is_opened_for_many_readers_and_a_patient_writer(url: str) -> None:
    database.upgrade(url)
    with database.open_database(url).connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "busy_timeout": 10_000, "foreign_keys": 1}


def test_a_database_that_was_never_prepared_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        SqlCatalogue(url).job("nobody")
    assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE
    assert str(tmp_path) not in caught.value.message


def test_a_writer_that_waits_too_long_is_unavailable(url: str) -> None:
    database.upgrade(url)
    register(url)
    catalogue = SqlCatalogue(f"{url}?timeout=0")
    other = sqlite3.connect(sa.make_url(url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sa.event.listen(catalogue._engine(), "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0"))
    with pytest.raises(Unavailable):
        catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    assert catalogue.job(UPLOAD.media_id).state is JobState.QUEUED  # readers do not wait for a writer
    other.close()


def at_once(act: Callable[..., object], *args: object) -> list[str]:
    """What each of several processes says that do the same at the same time."""
    context = multiprocessing.get_context("spawn")
    start, said = context.Barrier(PROCESSES), context.Queue()
    processes = [context.Process(target=say, args=(act, args, start, said)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    answers = [said.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return answers


def say(act: Callable[..., object], args: tuple[object, ...], start: object, said: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        answer = repr(act(*args))
    except Exception as error:  # noqa: BLE001  the parent process is told, and compares
        answer = f"{type(error).__name__}: {error}"
    said.put(answer)  # type: ignore[attr-defined]


def prepare_and_register(url: str) -> object:
    database.upgrade(url)
    return register(url)


def write_much(url: str) -> object:
    catalogue = SqlCatalogue(url)
    register(url)
    moved = 0
    for number in range(25):
        catalogue.published(UPLOAD.media_id, UPLOAD.version, number)
        moved += catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    return moved


def test_many_processes_prepare_a_new_database_and_register_one_version(url: str) -> None:
    assert set(at_once(prepare_and_register, url)) == {repr(SqlCatalogue(url).job(UPLOAD.media_id))}


def test_many_processes_write_and_one_of_them_moves_the_job(url: str) -> None:
    database.upgrade(url)
    assert sorted(at_once(write_much, url)) == ["0"] * (PROCESSES - 1) + ["1"]
    assert SqlCatalogue(url).job(UPLOAD.media_id).revision == 24


def test_a_forked_child_opens_connections_of_its_own(url: str) -> None:
    database.upgrade(url)
    catalogue = SqlCatalogue(url)
    register(url)
    parents = catalogue._engine()
    child = os.fork()
    if child == 0:
        os._exit(0 if catalogue.job(UPLOAD.media_id).title == "Clip" and catalogue._engine() is not parents else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert catalogue._engine() is parents
    assert catalogue.job(UPLOAD.media_id).title == "Clip"
