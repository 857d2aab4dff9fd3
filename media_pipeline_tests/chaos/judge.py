"""After the storm: every upload at its end, both stores of one mind, nothing left over."""

import json
from collections import Counter
from collections.abc import Iterator

import dagster as dg

from media_pipeline.application.publish import published
from media_pipeline.defs.partitions import VERSION_TAG
from media_pipeline.defs.upkeep import garbage_of
from media_pipeline.domain import keys
from media_pipeline.domain.attempt import BUDGET, spent
from media_pipeline.domain.garbage import is_result, named_by_result
from media_pipeline.domain.job import OPEN, Job, JobState, TaskState
from media_pipeline.domain.run import GOING_ON, RunState
from media_pipeline.infrastructure.dagster_engine import DagsterEngine
from media_pipeline.infrastructure.results import ManifestJson
from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.watcher import faults, named
from media_pipeline_tests.chaos.world import World

_ENDS = {
    True: {JobState.READY, JobState.PLAYABLE, JobState.QUARANTINED},
    False: {JobState.REJECTED, JobState.QUARANTINED},
}
"""Where an upload may end, by whether it is fit: after three tries at one stage quarantined, or playable without it."""


def unhealed(world: World, feed: Feed) -> list[str]:
    """What is still under way."""
    jobs = {job.key: job for job in world.jobs()}
    found = [f"{key} was never found" for key in feed.sent if key not in jobs]
    for key, fit in feed.sent.items():
        if (job := jobs.get(key)) is None:
            continue
        etag = world.s3.head_object(Bucket="uploads", Key=key)["ETag"].strip('"')
        if job.etag != etag:
            found.append(f"{key}: its newest version was not found")
        elif job.state not in _ENDS[fit]:
            found.append(f"{key}: {job.state}, fit: {fit}")
        opened = [t.name for t in job.tasks if t.state in OPEN]
        if opened:
            found.append(f"{key}: {job.state} with {', '.join(opened)} open")
    with _instance() as instance:
        going_on = DagsterEngine(instance, version_tag=VERSION_TAG).going_on()
    return [*found, *(f"{media_id}: a run goes on" for media_id in going_on)]


def judged(world: World, feed: Feed) -> Iterator[str]:
    """What was promised and is not so. The garbage collector has its turn in between."""
    yield from unhealed(world, feed)
    with _instance() as instance:
        history = DagsterEngine(instance, version_tag=VERSION_TAG)
        for job in world.jobs():
            yield from (f"{job.key}: {fault}" for fault in _disagreements(job, history))
            yield from (f"{job.key}: {fault}" for fault in _given_up_early(job, world, history))
        for _ in garbage_of(world.here, instance, delete=True):
            pass
        again = [swept.media_id for swept in garbage_of(world.here, instance, delete=False)]
    if again:
        yield f"the garbage collector leaves something to itself: {again}"
    jobs = {job.media_id: job for job in world.jobs()}
    wanted = set[str]()
    for job in jobs.values():
        yield from (f"{job.key}: {fault}" for fault in _published(job, world))
        wanted |= _wanted(job, world)
    there = {o.key for o in world.here.store.list("media") if keys.owner(o.key)}
    for orphan in sorted(there - wanted):
        yield f"an orphan: {orphan}"
    yield from (f"left in scratch: {p.name}" for p in world.here.settings.scratch_dir.glob("*"))


def states(world: World) -> "Counter[str]":
    """How many uploads ended where, with the codes of failures."""
    return Counter(f"{j.state} {j.failure.code}" if j.failure else str(j.state) for j in world.jobs())


def tries(world: World) -> tuple[int, int]:
    """How many tries at stages there were, and how many of them came to nothing."""
    of = [t for j in world.jobs() for t in world.here.catalogue.attempts(j.media_id, j.version)]
    return len(of), sum(t.failure is not None for t in of)


def _disagreements(job: Job, history: DagsterEngine) -> Iterator[str]:
    """Between the catalogue and Dagster, about the newest version of a media."""
    runs = [r for r in history.runs([job.media_id]).get(job.media_id, []) if r.version == job.version]
    if any(r.state in GOING_ON for r in runs):
        yield "at its end, and a run goes on"
    made = history.made([r.run_id for r in runs])
    told = {t.name for t in job.tasks if t.state is TaskState.DONE}
    if job.state is JobState.READY and told - made:
        yield f"Dagster did not see {sorted(told - made)}"
    if job.state is JobState.READY and not any(r.state is RunState.SUCCEEDED for r in runs):
        yield f"ready, and its runs are {[str(r.state) for r in runs]}"
    if job.state is not JobState.READY and "publication" in made:
        yield f"{job.state}, and Dagster saw its publication"


def _given_up_early(job: Job, world: World, history: DagsterEngine) -> Iterator[str]:
    """Who is quarantined had all tries at a stage, or as many workers lost."""
    if job.state is not JobState.QUARANTINED:
        return
    attempts = world.here.catalogue.attempts(job.media_id, job.version)
    most = max((spent(attempts, a.stage) for a in attempts), default=0)
    runs = [r for r in history.runs([job.media_id]).get(job.media_id, []) if r.version == job.version]
    if most < BUDGET and len(runs) <= BUDGET:
        yield f"quarantined {job.failure and job.failure.code} after {most} tries and {len(runs)} runs"


def _published(job: Job, world: World) -> Iterator[str]:
    manifest = published(job.media_id, shelf=world.here.shelf, codec=ManifestJson())
    if manifest is None:
        if job.state is JobState.READY:
            yield "ready without a manifest"
        return
    yield from faults(manifest, world)
    if job.state is JobState.READY and (manifest.version, manifest.revision) != (job.version, job.revision):
        yield f"shows {manifest.version}/{manifest.revision}; the catalogue says {job.version}/{job.revision}"


def _wanted(job: Job, world: World) -> set[str]:
    """What may be there of a media: what its manifest names, and the results of the version shown and of the current
    one with what those name."""
    manifest = published(job.media_id, shelf=world.here.shelf, codec=ManifestJson())
    wanted = {keys.manifest(job.media_id)} | named(manifest, world) if manifest else set()
    versions = {job.version, manifest.version if manifest else job.version}
    for key in [o.key for o in world.here.store.list("media", keys.media_prefix(job.media_id))]:
        owner = keys.owner(key)
        if owner and owner[1] in versions and is_result(key):
            data, _ = world.here.store.read("media", key)
            json.loads(data)
            wanted |= {key, *named_by_result(data)}
    return wanted


def _instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.get()
