"""Our failures in Dagster's words, translated once: what is the file's fault is never retried."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from media_pipeline.domain.attempt import BUDGET
from media_pipeline.domain.errors import BadMedia, Cancelled, Conflict, GivenUp, MediaError, Missing, Unavailable

RETRIES = dg.RetryPolicy(max_retries=BUDGET - 1, delay=15, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For transient trouble inside a step: tries are 15 and 30 seconds apart, give or take 15, so that a store that is away
for half a minute does not cost the last of them. A lost worker is the run's affair (`run_retries` in dagster.yaml).
Both draw on the one budget that the catalogue counts: whoever comes when it is used up is told GivenUp."""


@contextmanager
def translated() -> Iterator[None]:
    """MediaError becomes dg.Failure with its code and sentence; only Unavailable that is not GivenUp may be retried."""
    try:
        yield
    except GivenUp as end:
        raise _failure(end, str(end.code), again=False) from end
    except Unavailable as trouble:
        raise _failure(trouble, str(trouble.code), again=True) from trouble
    except BadMedia as fault:
        raise _failure(fault, str(fault.code), again=False) from fault
    except (Cancelled, Conflict, Missing) as stop:
        raise _failure(stop, type(stop).__name__.upper(), again=False) from stop


def _failure(error: MediaError, code: str, *, again: bool) -> dg.Failure:
    """`code` and `sentence` are for whoever asks over the gateway, `detail` is for operators."""
    told = {"code": code, "sentence": error.message, "detail": error.detail or "—"}
    metadata = {label: dg.MetadataValue.text(text) for label, text in told.items()}
    return dg.Failure(f"{code}: {error.message}", metadata=metadata, allow_retries=again)
