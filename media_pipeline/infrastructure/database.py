"""The catalogue's database: its tables, how it is opened, how it is brought up to date. SQLite and Postgres."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from media_pipeline.infrastructure.file_lock import locked

READING = "reading"
"""The execution option of a connection that will not write."""

MIGRATIONS = "media_pipeline.infrastructure:migrations"
NEWER = "the catalogue was migrated by a newer release: use that one, or let it migrate back first (migrate --to)"

_ADVISORY_LOCK = 0x6D656469  # any number, the same for every process that upgrades a Postgres

_POSTGRES_POOL = {
    # A step asks rarely and briefly: few connections a process, because every pod of a deployment has its own.
    "pool_size": 2,
    "max_overflow": 6,
    "pool_timeout": 10,
    "pool_recycle": 1800,
}
_POSTGRES_CONNECTION = {
    "application_name": "media-pipeline",
    "connect_timeout": "5",  # seconds
    "tcp_user_timeout": "20000",  # ms without an answer from a host that is gone; the kernel's own is 15 minutes
    # Milliseconds. Every statement of ours reads or writes some rows: one that takes so long waits for somebody dead.
    "options": "-c statement_timeout=20000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000",
}


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware time, in UTC when it comes back. SQLite keeps no zone, so everything is stored as UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AnyText(sa.types.TypeDecorator[str]):
    """Text that may hold what databases refuse: NUL, and surrogates, which Python puts for a file name's bytes that
    are no UTF-8. Those are stored percent-encoded, and so is "%"."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else re.sub("[%\0\ud800-\udfff]", _encoded, value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else re.sub("%(?:u([0-9A-F]{4})|([0-9A-F]{2}))", _decoded, value)


def _encoded(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xD800 <= code < 0xDC80 or code > 0xDCFF:
        return f"%u{code:04X}"
    return f"%{code & 0xFF:02X}"


def _decoded(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    byte = int(found[2], 16)
    return chr(byte if byte < 0x80 else 0xDC00 + byte)


metadata = sa.MetaData()

_UNFINISHED = sa.text("state = 'playable' AND finished_at IS NULL")
_OPEN_UPLOAD = sa.text("state = 'open'")
_OPEN_TASK = sa.text("begun AND state IN ('waiting', 'running')")

media = sa.Table(
    "media",
    metadata,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("bucket", sa.String(255), nullable=False),
    sa.Column("key", AnyText, nullable=False),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("current_version", sa.String(64), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("language", sa.String(64)),
    sa.Column("tags", sa.JSON, nullable=False, server_default="[]"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("media_id", sa.ForeignKey("media.id"), primary_key=True),
    sa.Column("version", sa.String(64), primary_key=True),
    sa.Column("etag", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_message", sa.Text),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("run_id", sa.String(64)),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("playable_at", UtcTime),
    sa.Column("ready_at", UtcTime),  # the first time
    sa.Column("finished_at", UtcTime),
    sa.Column("trace", sa.String(55)),
    sa.Column("origin", sa.String(16), nullable=False, server_default="live"),
    sa.Column("claimed_until", UtcTime),
    sa.Column("tenant", AnyText, nullable=False, server_default=""),  # of the media: a tenant's pages need an index
    sa.Index("jobs_by_state_place", "state", "received_at", "media_id"),
    sa.Index("jobs_by_tenant_place", "tenant", "received_at", "media_id"),
    sa.Index("jobs_by_tenant_state_place", "tenant", "state", "received_at", "media_id"),
    sa.Index("jobs_by_place", "received_at", "media_id"),
    sa.Index("jobs_unfinished", "media_id", "version", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("media_id", sa.String(128), primary_key=True),
    sa.Column("version", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("reason", sa.Text),
    sa.Column("fingerprint", sa.Text),
    sa.Column("started_at", UtcTime),
    sa.Column("begun", sa.Boolean, nullable=False, server_default=sa.true()),  # its job is not in the queue
    sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    sa.Index("tasks_by_name_fingerprint", "name", "fingerprint"),
    sa.Index("tasks_open", "media_id", "version", sqlite_where=_OPEN_TASK, postgresql_where=_OPEN_TASK),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("media_id", sa.String(128), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("task", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_message", sa.Text),
    sa.Column("counted", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    sa.Index("attempts_by_job", "media_id", "version"),
)


tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("measure", sa.String(16), nullable=False),
    sa.Column("label", sa.String(128), nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("bucket", sa.SmallInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
)


contents = sa.Table(
    "contents",
    metadata,
    sa.Column("media_id", sa.String(128), primary_key=True),
    sa.Column("version", sa.String(64), primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.ForeignKeyConstraint(["media_id", "version"], ["jobs.media_id", "jobs.version"]),
    sa.Index("contents_by_sha256_tenant", "sha256", "tenant"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("bucket", sa.String(255), nullable=False),
    sa.Column("key", AnyText, nullable=False),
    sa.Column("media_id", sa.String(128), nullable=False),  # there is no such media yet
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
    sa.Index("uploads_by_media", "media_id"),
    sa.Index("uploads_by_tenant", "tenant", "created_at"),
    sa.Index("uploads_open", "expires_at", sqlite_where=_OPEN_UPLOAD, postgresql_where=_OPEN_UPLOAD),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("media_id", sa.ForeignKey("media.id"), primary_key=True),
    sa.Column("erased_at", UtcTime, nullable=False),
    sa.Column("versions", sa.Integer, nullable=False),
    sa.Column("objects", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("source_deleted", sa.Boolean, nullable=False),
)

WORDS = "array_to_tsvector(string_to_array(words, ' '))"
"""what the index of Postgres is over; SQLite reads every row, which are few on one machine"""

found_by = sa.Table(
    "found_by",
    metadata,
    sa.Column("media_id", sa.ForeignKey("media.id"), primary_key=True),
    sa.Column("words", sa.Text, nullable=False),  # different ones, by domain.search, with a space between them
    sa.Index("found_by_words", sa.text(WORDS), postgresql_using="gin").ddl_if(dialect="postgresql"),
)


api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", AnyText, nullable=False),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(64), nullable=False),  # with a space between them
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
)

_WAITING_DELIVERY = sa.text("state = 'waiting'")

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.String(64), nullable=False),  # as it is: it signs
    sa.Column("events", sa.Text, nullable=False),  # with a space between them
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Index("webhooks_by_tenant", "tenant"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id"), nullable=False),
    sa.Column("media_id", sa.String(128), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_message", sa.Text),
    sa.Column("happened_at", UtcTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("answer", sa.Integer),
    sa.Column("trouble", sa.Text),
    sa.Index("deliveries_by_webhook_place", "webhook_id", "happened_at", "id"),
    sa.Index("deliveries_due", "due_at", sqlite_where=_WAITING_DELIVERY, postgresql_where=_WAITING_DELIVERY),
)


def open_database(url: str) -> sa.Engine:
    """An engine that connects on first use. For Postgres, what the URL's query says goes before our own settings."""
    engine = sa.create_engine(url, pool_pre_ping=True, **_settings(sa.make_url(url)))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _settings(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    return {**_POSTGRES_POOL, "connect_args": {**_POSTGRES_CONNECTION, **url.query}}


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database to the newest tables, making a SQLite file where there is none. Any number of processes
    may do so at once. Raises sqlalchemy.exc.DBAPIError; ValueError where a newer release has been there."""
    with _migrating(url) as config:
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise ValueError(NEWER) from error


def downgrade(url: str, revision: str) -> None:
    """Go back to an older revision; "base" drops every table, and what they hold."""
    with _migrating(url) as config:
        command.downgrade(config, revision)


@contextmanager
def _migrating(url: str) -> Iterator[Config]:
    """One transaction, one process at a time."""
    engine = open_database(url)
    try:
        with _only_one(engine), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # both the wait and the work may be long
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", MIGRATIONS)
            yield config
    finally:
        engine.dispose()


def _only_one(engine: sa.Engine) -> AbstractContextManager[None]:
    # SQLite's own locks do not wait while the first connection turns a new file to WAL.
    if engine.dialect.name == "sqlite" and engine.url.database:
        return locked(Path(f"{engine.url.database}.lock"))
    return nullcontext()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late; ours is `_begin_sqlite`
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that first reads and then writes fails at once, without waiting, when another wrote in
    # between: whoever may write says so at the start.
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
