"""Who is asking: an API key or a token of the configured issuer, by `Authorization: Bearer`. No key, no access."""

import math
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from media_pipeline.application.access import identify
from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.rate import Bucket, full
from media_pipeline.domain.signature import Expired, Tampered, check
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.problems import Problem, unauthenticated

_bearer = HTTPBearer(auto_error=False, description="An API key (`mp_…`), or an access token of the configured issuer.")


class Limiter:
    """Requests of each tenant, in this process. A dictionary is enough: tenants are few, and theirs is one entry."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute, self._clock = a_minute, clock
        self._buckets: dict[str, Bucket] = {}

    def take(self, tenant: str) -> None:
        """Raises Problem `too-many-requests` that says how long to wait."""
        now = self._clock()
        bucket = self._buckets.get(tenant) or full(a_minute=self._a_minute, now=now)
        self._buckets[tenant], wait = bucket.taken(now)
        if wait:
            seconds = str(math.ceil(wait))
            raise Problem(
                429, "too-many-requests", f"Too many requests: try again in {seconds} s.",
                headers={"Retry-After": seconds},
            )  # fmt: skip


def front_of(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


FrontDoor = Annotated[Front, Depends(front_of)]


def caller_of(text: str, front: Front, limiter: Limiter) -> Caller:
    """Whose bearer token this is, if they have requests left. Raises Denied, Problem."""
    known = front.oidc is not None and not text.startswith("mp_")
    caller = front.oidc(text) if known and front.oidc else identify(text, keys=front.platform.keys)
    limiter.take(caller.tenant)
    return caller


def _caller(
    request: Request, front: FrontDoor, shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    if shown is None:
        raise unauthenticated("Send `Authorization: Bearer <API key>`.")
    return caller_of(shown.credentials, front, request.app.state.limiter)


def _with(scope: Scope) -> Callable[[Caller], Caller]:
    def allowed(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if not caller.may(scope):
            raise Problem(403, "scope-missing", f"The key lacks the scope {scope.value!r}.")
        return caller

    return allowed


Reader = Annotated[Caller, Depends(_with(Scope.READ))]
Uploader = Annotated[Caller, Depends(_with(Scope.UPLOAD))]
Admin = Annotated[Caller, Depends(_with(Scope.ADMIN))]


def require_signed(token: str, *parts: str, front: Front) -> None:
    """Raises Problem for a token that is not good for this (any more)."""
    try:
        check(front.secret, token, *parts, now=front.platform.now())
    except Expired as error:
        raise Problem(403, "address-expired", str(error)) from error
    except Tampered as error:
        raise Problem(403, "address-tampered", "The address is none that this gateway gave.") from error


def owned(job: Job, caller: Caller) -> Job:
    """The job, where it is the caller's tenant's. Somebody else's is missing, as one that never was: the same words.
    Raises Missing."""
    if job.tenant != caller.tenant or job.state is JobState.REMOVED:
        raise Missing("There is no such media.")
    return job


def own_job(media_id: str, caller: Caller, front: Front) -> Job:
    """The current job of a media of the caller's tenant. Raises Missing."""
    return owned(front.platform.catalogue.job(media_id), caller)
