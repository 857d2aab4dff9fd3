"""What one listing of the uploads costs with 10,000, 100,000 and 1,000,000 objects, all of them known to the catalogue
on Postgres, in ticks of 30 s as the sensor has them.

The store is a fake that makes up its pages: what is measured is ours. The result is microseconds an object; the ratio
of each size to the smallest is 1 where the cost grows with the number of objects and no faster.

    python benchmarks/listing.py [--sizes 10000 100000 1000000] [--new 100]
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import measure
import psycopg

from media_pipeline.application.discover import discover
from media_pipeline.application.inbox import Inbox, Place
from media_pipeline.application.ports.store import Page
from media_pipeline.domain.upload import StoredObject, media_id, received
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline_tests.fakes import MemoryStore
from media_pipeline_tests.postgres import running

SIZES = (10_000, 100_000, 1_000_000)
TICK = timedelta(seconds=30)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
INBOX = Inbox("uploads", list_every_seconds=3600)


class Endless(MemoryStore):
    """A bucket of so many objects that nobody stored."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        start = int(token or 0)
        end = min(start + limit, self._size)
        return Page(tuple(_object(n) for n in range(start, end)), str(end) if end < self._size else None)

    def head(self, bucket: str, key: str) -> StoredObject:
        return _object(int(key.removesuffix(".mp4").rpartition("/")[2]))


def _object(number: int) -> StoredObject:
    return StoredObject("uploads", f"tenant-{number % 50}/{number}.mp4", f"etag-{number}", 1_000_000, BEGAN)


def filled(url: str, size: int, new: int) -> SqlCatalogue:
    """A catalogue that knows all of the objects but some that are spread among them."""
    upgrade(url)
    unknown = set(range(0, size, max(1, size // new))) if new else set()
    known = [received(_object(n)) for n in range(size) if n not in unknown]
    with psycopg.connect(url, autocommit=False) as connection:
        cursor = connection.cursor()
        with cursor.copy("COPY media (id, bucket, key, title, tenant, current_version, created_at) FROM STDIN") as copy:
            for upload in known:
                copy.write_row(
                    (upload.media_id, "uploads", upload.key, upload.key, "default", upload.version, BEGAN)
                )  # fmt: skip
        columns = "media_id, version, etag, size, profile, state, revision, received_at"
        with cursor.copy(f"COPY jobs ({columns}) FROM STDIN") as copy:
            for upload in known:
                copy.write_row(
                    (upload.media_id, upload.version, upload.etag, upload.size, "default", "ready", 1, BEGAN)
                )  # fmt: skip
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    return SqlCatalogue(Connections(url))


def ticks(catalogue: SqlCatalogue, size: int, found: list[str]) -> Iterator[float]:
    """Seconds of each tick until the listing is through. What is new is noted; registering has a benchmark of its
    own."""
    place, store = Place(), Endless(size)
    while place.list_at is None:
        began = time.monotonic()
        answer = discover(
            INBOX, place, store=store, queue=None, catalogue=catalogue,
            register=lambda obj: found.append(media_id(obj.bucket, obj.key)), withdraw=lambda _: None,
            now=lambda: datetime.now(UTC), until=datetime.now(UTC) + TICK,
        )  # fmt: skip
        if answer.troubles:
            raise answer.troubles[0]
        place = replace(answer.place)
        yield time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--new", type=int, default=100, help="objects that the catalogue does not know")
    options = parser.parse_args()
    lines, first = [], 0.0
    with running() as postgres:
        for size in options.sizes:
            catalogue = filled(postgres.new_database(), size, options.new)
            found: list[str] = []
            before = time.process_time()
            took = list(ticks(catalogue, size, found))
            spent, wall = time.process_time() - before, sum(took)
            each = wall / size * 1e6
            first = first or each
            assert len(found) == len(set(found)) >= options.new, "something was lost, or found twice"
            lines.append(
                [f"{size:,}", f"{wall:.1f} s", f"{len(took)}", f"{max(took):.1f} s", f"{spent:.1f} s",
                 f"{each:.0f} µs", f"{each / first:.2f}", f"{len(found)}"]
            )  # fmt: skip
            print(lines[-1], flush=True)
    print(measure.where("the store a fake, Postgres on the same machine"))
    head = ["objects", "one listing", "ticks", "longest", "our CPU", "an object", "× the smallest", "new found"]
    print(measure.table(head, lines))


if __name__ == "__main__":
    main()
