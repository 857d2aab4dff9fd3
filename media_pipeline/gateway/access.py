"""Who is asking: an API key or a token of the configured issuer, by `Authorization: Bearer`. No key, no access."""

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from media_pipeline.application.access import identify
from media_pipeline.domain import api_key
from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.rate import Bucket, full
from media_pipeline.domain.signature import Expired, Tampered, check
from media_pipeline.domain.upload import is_media_id
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.problems import Problem, unauthenticated

_NO_MEDIA = "There is no such media."
_bearer = HTTPBearer(auto_error=False, description="An API key (`mp_…`), or an access token of the configured issuer.")


class Limiter:
    """Requests of each tenant, in this process. A dictionary is enough: tenants are few, and theirs is one entry."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute, self._clock = a_minute, clock
        self._buckets: dict[str, Bucket] = {}
        self._one_at_a_time = threading.Lock()  # callers are threads

    def take(self, tenant: str) -> None:
        """Raises Problem `too-many-requests` that says how long to wait."""
        with self._one_at_a_time:
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
    if front.oidc is not None and not text.startswith(api_key.PREFIX):
        caller = front.oidc(text)
    else:
        caller = identify(text, keys=front.platform.keys)
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


def require_signed(token: str, *parts: str, front: Front) -> datetime:
    """Until when a token is good. Raises Problem for one that is not good for this (any more)."""
    try:
        return check(front.secret, token, *parts, now=front.platform.now())
    except Expired as error:
        raise Problem(403, "address-expired", str(error)) from error
    except Tampered as error:
        raise Problem(403, "address-tampered", "The address is none that this gateway gave.") from error


def owned(job: Job, caller: Caller) -> Job:
    """The job, where it is the caller's tenant's. Somebody else's is missing, as one that never was: the same words.
    Raises Missing."""
    if job.state is JobState.REMOVED:
        raise Missing(_NO_MEDIA)
    return _of_tenant(job, caller)


def own_job(media_id: str, caller: Caller, front: Front) -> Job:
    """The current job of a media of the caller's tenant. Raises Missing."""
    return owned(_found(media_id, front), caller)


def own_media(media_id: str, caller: Caller, front: Front) -> Job:
    """Like `own_job`, of a media that may be removed, as long as it is anybody's: what was erased is nobody's."""
    return _of_tenant(_found(media_id, front), caller)


def _found(media_id: str, front: Front) -> Job:
    if not is_media_id(media_id):  # nothing that databases refuse to look for
        raise Missing(_NO_MEDIA)
    return front.platform.catalogue.job(media_id)


def _of_tenant(job: Job, caller: Caller) -> Job:
    if job.tenant != caller.tenant:
        raise Missing(_NO_MEDIA)
    return job
