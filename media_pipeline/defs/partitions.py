"""A partition is a media item, made by its first upload. The object version travels in the run key and a run tag."""

from collections.abc import Mapping

import dagster as dg

from media_pipeline.domain.fairness import Lane, Size
from media_pipeline.domain.job import Job, Origin
from media_pipeline.domain.upload import DEFAULT_TENANT
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG

uploads = dg.DynamicPartitionsDefinition(name="uploads")

PROFILE_TAG = "media_pipeline/profile"
RESUMED_TAG = "media_pipeline/resumed"
"""of a run in the place of one that showed no sign of life"""
RUN_KEY_TAG = "dagster/run_key"
BACKFILL_TAG = "dagster/backfill"
_RETRY_TAG = "dagster/retry_number"
KEY_TAG = "media_pipeline/key"
TENANT_TAG = "media_pipeline/tenant"
SIZE_TAG = "media_pipeline/size"
ORIGIN_TAG = "media_pipeline/origin"
BYTES_TAG = "media_pipeline/bytes"
"""how large the source is: so much scratch space its steps are given, where each has a pod of its own"""
PRIORITY_TAG = "dagster/priority"
TRACE_TAG = "media_pipeline/traceparent"
"""W3C: the trace that follows the upload"""
_TAG_CHARACTERS = 200  # a run tag is indexed; Postgres takes about 2,600 bytes of it


def run_key(media_id: str, version: str) -> str:
    return f"{media_id}:{version}"


def unasked(run: dg.DagsterRun) -> bool:
    """Nobody asked for this run, so it neither undoes a cancellation nor has a budget of tries of its own: a retry, one
    in the place of another, or the sensor's. A person's re-execution has the tags of its parent."""
    first = run.parent_run_id is None
    return _RETRY_TAG in run.tags or (first and not run.tags.keys().isdisjoint({RESUMED_TAG, RUN_KEY_TAG}))


def tags(key: str, *, version: str, profile: str) -> dict[str, str]:
    """What a run carries: searchable in the UI, read by the steps."""
    shown = "".join(c if c.isprintable() else "�" for c in key)[-_TAG_CHARACTERS:]
    return {VERSION_TAG: version, PROFILE_TAG: profile, KEY_TAG: shown}


def lane_tags(lane: Lane, priority: int, *, tenancy: bool) -> dict[str, str]:
    """What Dagster's queue orders and limits runs by. Who is nobody's tenant has no tenant's limit."""
    tenant = {TENANT_TAG: lane.tenant} if tenancy or lane.tenant != DEFAULT_TENANT else {}
    return {PRIORITY_TAG: str(priority), SIZE_TAG: lane.size.value, ORIGIN_TAG: lane.origin.value, **tenant}


def all_tags(job: Job, lane: Lane, priority: int, *, tenancy: bool) -> dict[str, str]:
    """What a run carries that works on a job in a lane."""
    trace = {TRACE_TAG: job.trace} if job.trace else {}
    return {
        **tags(job.key, version=job.version, profile=job.profile),
        BYTES_TAG: str(job.size),
        **lane_tags(lane, priority, tenancy=tenancy),
        **trace,
    }


def lane(run_tags: Mapping[str, str]) -> Lane:
    """The lane of a run that has a lane's tags."""
    tenant = run_tags.get(TENANT_TAG, DEFAULT_TENANT)
    return Lane(tenant, Size(run_tags[SIZE_TAG]), Origin(run_tags[ORIGIN_TAG]))


def origin(run_tags: Mapping[str, str]) -> Origin:
    """Where the work of a run came from, by which its pods have their priority: a backfill's is an import's equal, and
    a run from the UI is live."""
    return Origin.IMPORT if BACKFILL_TAG in run_tags else Origin(run_tags.get(ORIGIN_TAG, Origin.LIVE))
