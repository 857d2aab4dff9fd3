"""After the storm: every upload at its end, both stores of one mind, nothing left over."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import History
from media_pipeline.application.publish import published
from media_pipeline.domain import keys
from media_pipeline.domain.attempt import BUDGET, Attempt, spent
from media_pipeline.domain.garbage import is_result, named_by_result
from media_pipeline.domain.job import OPEN, Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.run import GOING_ON, Run, RunState
from media_pipeline.infrastructure.results import ManifestJson
from media_pipeline_tests.chaos.watcher import faults, named

_ENDS = {
    True: {JobState.READY, JobState.PLAYABLE, JobState.QUARANTINED},
    False: {JobState.REJECTED, JobState.QUARANTINED},
}
"""Where an upload may end, by whether it is fit: after three tries at one stage quarantined, or playable without it."""


@dataclass(frozen=True)
class Sent:
    """What was last uploaded under a key, and whether it is fit to be processed."""

    etag: str
    fit: bool


@dataclass(frozen=True)
class Stores:
    """What there is to judge by."""

    shelf: Shelf
    catalogue: Catalogue
    history: History

    def jobs(self) -> list[Job]:
        return self.catalogue.jobs(limit=10_000)


def unhealed(sent: Mapping[str, Sent], stores: Stores) -> list[str]:
    """What is still under way, or was never taken up."""
    jobs = {job.key: job for job in stores.jobs()}
    found = [f"{key} was never found" for key in sent if key not in jobs]
    for key in sent.keys() & jobs.keys():
        found += [f"{key}: {fault}" for fault in _unfinished(sent[key], jobs[key])]
    runs = stores.history.runs([job.media_id for job in jobs.values()])
    going_on = sorted(media_id for media_id, of in runs.items() if any(r.state in GOING_ON for r in of))
    return [*found, *(f"{media_id}: a run goes on" for media_id in going_on)]


def judged(
    sent: Mapping[str, Sent], stores: Stores, *, sweep: Callable[[bool], list[str]], scratch: Path
) -> Iterator[str]:
    """What was promised and is not so. The garbage collector has its turn in between: `sweep` deletes if told so, and
    names the media of which there was something."""
    yield from unhealed(sent, stores)
    for job in stores.jobs():
        runs = [r for r in stores.history.runs([job.media_id]).get(job.media_id, []) if r.version == job.version]
        made = stores.history.made([r.run_id for r in runs])
        attempts = stores.catalogue.attempts(job.media_id, job.version)
        faults_of = [*disagreements(job, runs, made), *given_up_early(job, runs, attempts)]
        yield from (f"{job.key}: {fault}" for fault in faults_of)
    sweep(True)
    if again := sweep(False):
        yield f"the garbage collector leaves something to itself: {again}"
    wanted = set[str]()
    for job in stores.jobs():
        manifest = published(job.media_id, shelf=stores.shelf, codec=ManifestJson())
        out = [*_shown(job, manifest), *(faults(manifest, stores.shelf) if manifest else ())]
        yield from (f"{job.key}: {fault}" for fault in out)
        wanted |= _wanted(job, manifest, stores.shelf)
    there = {o.key for o in stores.shelf.store.list(stores.shelf.bucket) if keys.owner(o.key)}
    for orphan in sorted(there - wanted):
        yield f"a second manifest: {orphan}" if orphan.endswith("/media.json") else f"an orphan: {orphan}"
    yield from (f"left in scratch: {p.name}" for p in sorted(scratch.glob("*")))


def disagreements(job: Job, runs: Sequence[Run], made: set[str]) -> Iterator[str]:
    """Between the catalogue and Dagster: its runs over the job, and the assets that these made."""
    if any(r.state in GOING_ON for r in runs):
        yield "at its end, and a run goes on"
    told = {t.name for t in job.tasks if t.state is TaskState.DONE}
    if job.state is JobState.READY and told - made:
        yield f"Dagster did not see {sorted(told - made)}"
    if job.state is JobState.READY and not any(r.state is RunState.SUCCEEDED for r in runs):
        yield f"ready, and its runs are {[str(r.state) for r in runs]}"
    if job.state is not JobState.READY and "publication" in made:
        yield f"{job.state}, and Dagster saw its publication"


def given_up_early(job: Job, runs: Sequence[Run], attempts: Sequence[Attempt]) -> Iterator[str]:
    """Who is quarantined had all tries at a stage, or as many workers lost."""
    most = max((spent(attempts, a.stage) for a in attempts), default=0)
    if job.state is JobState.QUARANTINED and most < BUDGET and len(runs) <= BUDGET:
        yield f"quarantined {job.failure and job.failure.code} after {most} tries and {len(runs)} runs"


def states(stores: Stores) -> "Counter[str]":
    """How many uploads ended where, with the codes of failures."""
    return Counter(f"{j.state} {j.failure.code}" if j.failure else str(j.state) for j in stores.jobs())


def tries(stores: Stores) -> tuple[int, int]:
    """How many tries at stages there were, and how many of them came to nothing."""
    of = [t for j in stores.jobs() for t in stores.catalogue.attempts(j.media_id, j.version)]
    return len(of), sum(t.failure is not None for t in of)


def _unfinished(sent: Sent, job: Job) -> Iterator[str]:
    if job.etag != sent.etag:
        yield "its newest version was not found"
    elif job.state not in _ENDS[sent.fit]:
        yield f"{job.state}, fit: {sent.fit}"
    opened = [t.name for t in job.tasks if t.state in OPEN]
    if opened:
        yield f"{job.state} with {', '.join(opened)} open"


def _shown(job: Job, manifest: Manifest | None) -> Iterator[str]:
    """Between the catalogue and what is out."""
    if job.state is not JobState.READY:
        return
    if manifest is None:
        yield "ready without a manifest"
    elif (manifest.version, manifest.revision) != (job.version, job.revision):
        yield f"shows {manifest.version}/{manifest.revision}; the catalogue says {job.version}/{job.revision}"


def _wanted(job: Job, manifest: Manifest | None, shelf: Shelf) -> set[str]:
    """What may be there of a media: what its manifest names, and the results of the version shown and of the current
    one with what those name."""
    wanted = {keys.manifest(job.media_id)} | named(manifest, shelf) if manifest else set()
    versions = {job.version, manifest.version if manifest else job.version}
    for key in [o.key for o in shelf.store.list(shelf.bucket, keys.media_prefix(job.media_id))]:
        owner = keys.owner(key)
        if owner and owner[1] in versions and is_result(key):
            wanted |= {key, *named_by_result(shelf.store.read(shelf.bucket, key)[0])}
    return wanted
