"""Connections to the catalogue's database, for everything that keeps its rows there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError, TimeoutError

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.infrastructure import database as db

_UNDEFINED_TABLE = "42P01"  # Postgres: nobody has prepared this database; SQLite calls that operational


class Connections:
    """Transactions over a database that `database.upgrade` has prepared. It connects on first use, and may be shared
    between threads and forks. Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: dict[int, sa.Engine] = {}

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with _translated(), self.engine().connect().execution_options(**{db.READING: True}) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        with _translated(), self.engine().begin() as connection:
            yield connection

    def engine(self) -> sa.Engine:
        """Of this process."""
        # One a process: a forked child must not talk on its parent's connections, nor close them, which is why
        # the parent's engine is kept. Engines connect late, so the one that loses a race costs nothing.
        process = os.getpid()
        if process not in self._engines:  # making one takes longer than most queries
            self._engines.setdefault(process, db.open_database(self._url))
        return self._engines[process]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, TimeoutError) as error:
        raise _unavailable(error) from error
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.", detail=str(error))
