"""What one answer of the catalogue costs with 1,000, 10,000 and 100,000 media in it, on Postgres.

The result is the ratio of each size to the smallest: 1 is flat. Calls are made in turn, many times, and the median
counts; the database runs on the same machine, so its work is in the number.
"""

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import measure
import sqlalchemy as sa

from media_pipeline.application.inbox import Place
from media_pipeline.application.register import register, tasks
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.domain.job import JobState
from media_pipeline.domain.search import Filter, query
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import open_database, upgrade
from media_pipeline.infrastructure.figures import SqlFigures
from media_pipeline_tests.fakes import MemoryHints, MemoryStore
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform
from media_pipeline_tests.postgres import running

SIZES = (1_000, 10_000, 100_000)
NEW_AT_ONCE = 100
GOAL = 1.2
PROFILE = recipes.load().profiles["default"]
VOCABULARY = 20_000
WORDS_EACH = 150
COUNTED = 20_000
_MEDIA = """
INSERT INTO media (id, bucket, key, title, tenant, current_version, created_at)
SELECT 'clip-' || md5(n::text), 'uploads', 'clips/' || n || '.mp4', 'Clip ' || n, 'tenant-' || n % 50, 'v' || n,
       timestamptz '2026-01-01' + n * interval '1 minute'
FROM generate_series(1, :size) n
"""
_JOBS = """
INSERT INTO jobs (media_id, version, etag, size, profile, state, revision, run_id,
                  received_at, started_at, playable_at, finished_at)
SELECT id, current_version, md5(id), 1000000, 'default', CASE WHEN random() < 0.9 THEN 'ready' ELSE 'playable' END, 4,
       md5('run' || id), created_at, created_at, created_at, created_at
FROM media
"""
_TASKS = """
INSERT INTO tasks (media_id, version, name, position, state, progress, seconds, fingerprint)
SELECT media_id, version, name, position, 'done', 1, 2.5, md5(name)
FROM jobs, unnest(CAST(:names AS text[])) WITH ORDINALITY AS t (name, position)
"""
_WORDS = """
INSERT INTO found_by (media_id, words)
SELECT m.id, 'clip ' || regexp_replace(m.title, '[^0-9]', '', 'g') || ' ' || string_agg(DISTINCT w, ' ')
FROM media m, LATERAL (
  -- a few words are in many media and most in few, as in speech
  SELECT 'word' || floor(:vocabulary * power(random(), 3))::int AS w FROM generate_series(1, :each) WHERE m.id <> ''
) spoken
GROUP BY m.id, m.title
"""

_TALLIES = """
INSERT INTO tallies (measure, label, code, bucket, count, total)
SELECT 'tried', (ARRAY['source', 'transcodes', 'stream', 'subtitles'])[1 + n / 7 % 4], 'done', n % 14, 1, n
FROM generate_series(1, :rows) n
"""


def filled(url: str, size: int) -> Connections:
    """A catalogue of so many finished media."""
    upgrade(url)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(sa.text(_MEDIA), {"size": size})
        connection.execute(sa.text(_JOBS))
        connection.execute(sa.text(_TASKS), {"names": tasks(PROFILE)})
        connection.execute(sa.text(_WORDS), {"vocabulary": VOCABULARY, "each": WORDS_EACH})
        connection.execute(sa.text(_TALLIES), {"rows": COUNTED})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    return Connections(url)


Call = Callable[[], Callable[[], object]]
"""Makes ready what is not measured, and hands back what is."""


def rare_words(connections: Connections) -> list[list[str]]:
    """Of some media each the words that few others have."""
    with connections.reading() as connection:
        texts = connection.execute(sa.text("SELECT words FROM found_by ORDER BY media_id LIMIT 300")).scalars().all()
    spoken = [[w for w in text.split() if w.startswith("word") and int(w[4:]) > VOCABULARY // 4] for text in texts]
    return [words for words in spoken if len(words) > 1]


def calls(connections: Connections, size: int, here: "Here") -> dict[str, Call]:
    """What is measured, by name."""
    catalogue, figures = SqlCatalogue(connections), SqlFigures(connections)
    numbers, spoken = random.Random(size), rare_words(connections)
    some = [job.media_id for job in catalogue.jobs(limit=1000)]
    places = [job.place for job in catalogue.jobs(limit=1000)]

    def registering() -> Callable[[], object]:
        obj = here.new()
        return lambda: register(obj, profile=PROFILE, catalogue=catalogue, now=datetime.now(UTC))

    def ticking() -> Callable[[], object]:
        for _ in range(NEW_AT_ONCE):
            here.told()
        return here.tick

    def searching(text: str) -> Callable[[], object]:
        return lambda: catalogue.jobs(Filter(text=query(text)))

    def rare() -> Callable[[], object]:
        """Two words that one media has, and few others."""
        return searching(" ".join(numbers.sample(numbers.choice(spoken), 2)))

    return {
        "register one upload": registering,
        f"a tick of the sensor that is told of {NEW_AT_ONCE} new ones": ticking,
        "status of one": lambda: partial(catalogue.job, numbers.choice(some)),
        "a list page of 50": lambda: partial(catalogue.jobs, after=numbers.choice(places)),
        "a list page of 50, by state": lambda: partial(
            catalogue.jobs, Filter(state=JobState.PLAYABLE), after=numbers.choice(places)
        ),
        "search, a title": lambda: searching(f"clip {numbers.randrange(size)}"),
        "search, two words that few media have": rare,
        "search, two words of which the hits grow with the library": lambda: searching(
            f"word{numbers.randrange(100, 400)} word{numbers.randrange(5000, VOCABULARY)}"
        ),
        "search, words that are in very many": lambda: searching("word1 word0"),
        "what is unsettled": lambda: partial(catalogue.unsettled, limit=500),
        "a scrape: how things stand": lambda: figures.census,
        f"a scrape: what has happened, {COUNTED:,} rows not added up": lambda: figures.tallies,
    }


class Here:
    """A store and a queue in memory, and the real sensor between them and a catalogue."""

    def __init__(self, catalogue: SqlCatalogue, home: Path, size: int, instance: dg.DagsterInstance) -> None:
        self._store, self._queue, self._size = MemoryStore(), MemoryHints(), size
        self._numbers = itertools.count()
        self._instance = instance
        self._platform = replace(platform(home), catalogue=catalogue, store=self._store, hints=self._queue)

    def new(self) -> StoredObject:
        key = f"new/{self._size}/{next(self._numbers)}.mp4"
        self._store.write("uploads", key, b"x", content_type="video/mp4")
        return self._store.head("uploads", key)

    def told(self) -> None:
        self._queue.send(
            json.dumps({"key": f"/buckets/uploads/{self.new().key}", "event_type": "create", "message": {}})
        )

    def tick(self) -> object:
        """Messages to registered jobs to runs asked for; the next listing is not due."""
        cursor = Place(list_at="9999-01-01T00:00:00+00:00").as_text()
        context = dg.build_sensor_context(self._instance, cursor=cursor, resources={"platform": self._platform})
        result = new_uploads(context)
        assert isinstance(result, dg.SensorResult)
        assert result.run_requests
        return result


def medians(by_size: Mapping[int, Mapping[str, Call]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call, a number a size; of a search also how many it found. All sizes take their turns, so
    that a busy minute hits them all."""
    found: dict[str, list[float]] = {}
    for name in next(iter(by_size.values())):
        took: dict[int, list[float]] = {size: [] for size in by_size}
        hits: dict[int, list[int]] = {size: [] for size in by_size}
        for _ in range(rounds):
            for size, named in by_size.items():
                act = named[name]()
                began = time.perf_counter()
                answer = act()
                took[size].append((time.perf_counter() - began) * 1000)
                hits[size].append(len(answer) if isinstance(answer, list) else 0)
        counts = ", ".join(f"{statistics.median(each):g}" for each in hits.values())
        row = f"{name} (finds {counts})" if name.startswith("search") else name
        found[row] = [statistics.median(each) for each in took.values()]
        print(f"{row}: {[round(ms, 2) for ms in found[row]]}", flush=True)
    return found


def report(found: Mapping[str, Sequence[float]], sizes: Sequence[int]) -> str:
    head = ["", *(f"{size:,} media" for size in sizes), *(f"× at {size:,}" for size in sizes[1:])]
    lines = [
        [name, *(f"{ms:.1f} ms" for ms in took), *(f"{ms / took[0]:.2f}" for ms in took[1:])]
        for name, took in found.items()
    ]
    return measure.table(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with running() as postgres, new_instance() as instance, tempfile.TemporaryDirectory() as home:
        by_size = {}
        for size in options.sizes:
            began = time.monotonic()
            connections = filled(postgres.new_database(), size)
            here = Here(SqlCatalogue(connections), Path(home), size, instance)
            by_size[size] = calls(connections, size, here)
            print(f"{size:,} media made in {time.monotonic() - began:.0f} s", flush=True)
        found = medians(by_size, options.rounds)
    print(measure.where(f"Postgres on the same machine, medians of {options.rounds}; goal ≤ {GOAL}"))
    print(report(found, options.sizes))


if __name__ == "__main__":
    main()
