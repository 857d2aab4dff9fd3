"""The catalogue's database, on SQLite and on Postgres: migrations, many processes at once, a server that goes."""

import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import JobState
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline.infrastructure import database
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline_tests.postgres import Postgres, running

NOW = datetime(2026, 1, 2, tzinfo=UTC)
UPLOAD = received(StoredObject("uploads", "clip.mp4", "e1", 1000, NOW))
PROCESSES = 4
MIGRATIONS = Path(database.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new directory/catalogue.sqlite"


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    return postgres.new_database()


def tables(url: str) -> set[str]:
    engine = database.open_database(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found - {"alembic_version"}


def register(url: str, title: str = "Clip", etag: str = "e1") -> object:
    catalogue = SqlCatalogue(Connections(url))
    of = received(StoredObject("uploads", "clip.mp4", etag, 1000, NOW))
    return catalogue.register(of, title=title, tenant="default", profile="web", tasks=("source",), at=NOW)


def test_an_upgrade_makes_the_file_and_every_table(url: str) -> None:
    database.upgrade(url)
    assert tables(url) == set(database.metadata.tables)


def test_an_upgrade_of_what_is_new_changes_nothing(url: str) -> None:
    database.upgrade(url)
    job = register(url)
    database.upgrade(url)
    assert SqlCatalogue(Connections(url)).job(UPLOAD.media_id) == job


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_make_the_tables_the_code_uses(url: str) -> None:
    database.upgrade(url)
    engine = database.open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), database.metadata) == []
    engine.dispose()


def rows(url: str, columns: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[object, ...]]]:
    """What the database holds in these columns, as its own types."""
    engine = database.open_database(url)
    with engine.connect() as connection:
        found = {
            name: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT {', '.join(of)} FROM {name}"))
            for name, of in columns.items()
        }
    engine.dispose()
    return found


def columns(url: str) -> dict[str, list[str]]:
    engine = database.open_database(url)
    found = {name: [column["name"] for column in sa.inspect(engine).get_columns(name)] for name in tables(url)}
    engine.dispose()
    return found


REVISIONS = [s.revision for s in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]


def test_every_migration_goes_down_and_up_again_and_keeps_what_is_there(url: str) -> None:
    database.upgrade(url, REVISIONS[0])
    always = columns(url)
    database.upgrade(url)
    for number in range(3):
        register(url, f"Clip {number}% \0", etag=f"e{number}")
    SqlCatalogue(Connections(url)).move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    before = rows(url, always)
    assert [len(before[name]) for name in ("media", "jobs", "tasks")] == [1, 3, 3]
    for revision in reversed(REVISIONS[:-1]):
        database.downgrade(url, revision)
        assert rows(url, always) == before
    for revision in REVISIONS[1:]:
        database.upgrade(url, revision)
        assert rows(url, always) == before
    database.downgrade(url, REVISIONS[0])
    database.upgrade(url)
    assert rows(url, always) == before
    database.downgrade(url, "base")
    assert tables(url) == set()
    database.upgrade(url)
    register(url)


def test_a_file_is_opened_for_many_readers_and_a_patient_writer(sqlite_url: str) -> None:
    database.upgrade(sqlite_url)
    with database.open_database(sqlite_url).connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "busy_timeout": 10_000, "foreign_keys": 1}


def test_a_database_that_was_never_prepared_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        SqlCatalogue(Connections(url)).job("nobody")
    assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE
    assert str(tmp_path) not in caught.value.message
    assert "127.0.0.1" not in caught.value.message


def test_a_writer_of_a_file_that_waits_too_long_is_unavailable(sqlite_url: str) -> None:
    database.upgrade(sqlite_url)
    register(sqlite_url)
    catalogue = SqlCatalogue(Connections(f"{sqlite_url}?timeout=0"))
    other = sqlite3.connect(sa.make_url(sqlite_url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sa.event.listen(
        catalogue._connections.engine(), "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0")
    )
    with pytest.raises(Unavailable):
        catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    assert catalogue.job(UPLOAD.media_id).state is JobState.QUEUED  # readers do not wait for a writer
    other.close()


def test_a_server_limits_statements_and_locks_and_the_url_has_the_last_word(postgres_url: str) -> None:
    def limits(url: str) -> dict[str, str]:
        engine = database.open_database(url)
        with engine.connect() as connection:
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
            found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}
        engine.dispose()
        return found

    ours = {
        "statement_timeout": "20s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min",
        "application_name": "media-pipeline",
    }  # fmt: skip
    assert limits(postgres_url) == ours
    assert limits(f"{postgres_url}?application_name=other") == {**ours, "application_name": "other"}


def test_a_writer_to_a_server_that_waits_too_long_is_unavailable(postgres_url: str) -> None:
    database.upgrade(postgres_url)
    register(postgres_url)
    catalogue = SqlCatalogue(Connections(f"{postgres_url}?options=-c%20lock_timeout%3D50"))
    engine = database.open_database(postgres_url)
    with engine.begin() as other:
        other.execute(sa.update(database.jobs).values(revision=7))
        with pytest.raises(Unavailable, match="does not answer"):
            catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
        assert catalogue.job(UPLOAD.media_id).revision == 0  # readers do not wait for a writer
    assert catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    engine.dispose()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture
def mortal(own_server: Postgres) -> Postgres:
    """A server that runs, and may be stopped: others are at work on the shared one."""
    own_server.start()
    return own_server


def test_a_server_that_is_down_is_unavailable_and_is_found_again_when_it_is_back(mortal: Postgres) -> None:
    url = mortal.new_database()
    database.upgrade(url)
    job = register(url)
    catalogue = SqlCatalogue(Connections(url))
    assert catalogue.job(UPLOAD.media_id) == job
    mortal.stop()
    for act in (
        lambda: catalogue.job(UPLOAD.media_id),
        lambda: catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW),
    ):
        with pytest.raises(Unavailable) as caught:
            act()
        assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE
    mortal.start()
    assert catalogue.job(UPLOAD.media_id) == job
    mortal.stop()
    mortal.start()  # unnoticed: what the pool holds is dead, and is found out before it is used
    assert catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)


def test_a_server_that_goes_in_the_middle_of_a_transaction_takes_all_of_it_back(mortal: Postgres) -> None:
    url = mortal.new_database()
    database.upgrade(url)
    catalogue = SqlCatalogue(Connections(url))
    job = catalogue.register(UPLOAD, title="Clip", tenant="default", profile="web", tasks=("source",), at=NOW)
    with pytest.raises(Unavailable), catalogue._connections.writing() as connection:
        connection.execute(sa.update(database.jobs).values(state="ready"))
        mortal.stop()
        connection.execute(sa.update(database.tasks).values(state="done"))
    mortal.start()
    assert catalogue.job(UPLOAD.media_id) == job


def at_once(act: Callable[..., object], *args: object) -> list[str]:
    """What each of several processes says that do the same at the same time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # what it imports is imported once, not by each process
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
    catalogue = SqlCatalogue(Connections(url))
    register(url)
    moved = 0
    for number in range(25):
        catalogue.published(UPLOAD.media_id, UPLOAD.version, number)
        moved += catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=NOW)
    return moved


def test_many_processes_prepare_a_new_database_and_register_one_version(url: str) -> None:
    assert set(at_once(prepare_and_register, url)) == {repr(SqlCatalogue(Connections(url)).job(UPLOAD.media_id))}


def test_many_processes_write_and_one_of_them_moves_the_job(url: str) -> None:
    database.upgrade(url)
    assert sorted(at_once(write_much, url)) == ["0"] * (PROCESSES - 1) + ["1"]
    assert SqlCatalogue(Connections(url)).job(UPLOAD.media_id).revision == 24


def test_a_forked_child_opens_connections_of_its_own(url: str) -> None:
    database.upgrade(url)
    catalogue = SqlCatalogue(Connections(url))
    register(url)
    parents = catalogue._connections.engine()
    child = os.fork()
    if child == 0:
        os._exit(
            0
            if catalogue.job(UPLOAD.media_id).title == "Clip" and catalogue._connections.engine() is not parents
            else 1
        )
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert catalogue._connections.engine() is parents
    assert catalogue.job(UPLOAD.media_id).title == "Clip"
