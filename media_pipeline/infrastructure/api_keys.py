"""API keys in the catalogue's database."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from media_pipeline.domain.api_key import ApiKey
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.infrastructure.catalogue_writes import inserted
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import api_keys


class SqlKeys:
    """Keys over a database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, key: ApiKey) -> None:
        row = {name: getattr(key, name) for name in ApiKey.__slots__} | {"scopes": " ".join(sorted(key.scopes))}
        with self._connections.writing() as connection:
            if not inserted(connection, api_keys, row):
                raise Conflict("There is such a key already.", detail=key.id)

    def find(self, id: str) -> ApiKey:
        with self._connections.reading() as connection:
            row = connection.execute(sa.select(api_keys).where(api_keys.c.id == id)).one_or_none()
        if row is None:
            raise Missing("There is no such key.", detail=id)
        return _to_key(row)

    def all(self) -> list[ApiKey]:
        with self._connections.reading() as connection:
            rows = connection.execute(sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)).all()
        return [_to_key(row) for row in rows]

    def revoke(self, id: str, *, at: datetime) -> None:
        first = sa.func.coalesce(api_keys.c.revoked_at, sa.literal(at, api_keys.c.revoked_at.type))
        with self._connections.writing() as connection:
            change = sa.update(api_keys).where(api_keys.c.id == id).values(revoked_at=first)
            if not connection.execute(change).rowcount:
                raise Missing("There is no such key.", detail=id)


def _to_key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        tenant=row.tenant,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
        digest=row.digest,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
