"""To which revision of its tables a catalogue goes, up or down: an upgrade, and the way back."""

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from media_pipeline.infrastructure import database


def move(url: str, revision: str) -> None:
    """Bring a database to a revision of this release, whichever way that is. Going down loses what newer tables and
    columns hold. Raises ValueError for a revision that this release does not know, be it the one asked for or the one
    that the database is at."""
    known = _newest_first()
    if revision not in known:
        raise ValueError(f"{revision!r} is not one of {', '.join(reversed(known))}")
    at = current(url)
    if at is not None and at not in known:
        raise ValueError(database.NEWER)
    if at is not None and known.index(at) < known.index(revision):
        database.downgrade(url, revision)
    else:
        database.upgrade(url, revision)


def current(url: str) -> str | None:
    """The revision a database is at; None where it has never been prepared."""
    engine = database.open_database(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _newest_first() -> list[str]:
    config = Config()
    config.set_main_option("script_location", database.MIGRATIONS)
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
