"""Sending a file: announced, sent part by part, put together, and its run asked for at once."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.intake import Address, Intake, Receiver, Sink
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.uploads import Uploads
from media_pipeline.domain.admission import Limits, admit_size
from media_pipeline.domain.errors import Missing, RefusalCode, Refused
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.quota import UNLIMITED, Quota
from media_pipeline.domain.session import (
    LAUNCH_GRACE,
    Announced,
    Arrived,
    Session,
    SessionState,
    key_of,
    missing,
    part_size,
)
from media_pipeline.domain.upload import StoredObject, Upload, is_upload

MOST_ADDRESSES = 1000
"""in one answer; the others are asked for as these are done"""
_AT_ONCE = 500


def begin(
    announced: Announced,
    *,
    tenant: str,
    bucket: str,
    prefix: str,
    idempotency_key: str | None,
    limits: Limits,
    profiles: Collection[str],
    uploads: Uploads,
    intake: Intake,
    expires_at: datetime,
    now: datetime,
    quota: Quota = UNLIMITED,
) -> Session:
    """A session that waits for its parts, to be stored under a fresh key below `prefix`; or the one that the same
    idempotency key began.

    Raises BadMedia EMPTY_OBJECT or LIMIT_SIZE; Refused PROFILE_UNKNOWN, QUOTA_EXCEEDED, and IDEMPOTENCY_KEY_REUSED for
    another file.
    """
    admit_size(announced.size, limits)
    if announced.profile not in profiles:
        message = f"There is no profile {announced.profile!r}: choose one of {', '.join(profiles)}."
        raise Refused(RefusalCode.PROFILE_UNKNOWN, message)
    name = uuid.uuid4().hex
    new = Session(
        id=name, tenant=tenant, bucket=bucket, key=_key(announced.filename, name, prefix), announced=announced,
        part_size=part_size(announced.size), created_at=now, expires_at=expires_at, idempotency_key=idempotency_key,
    )  # fmt: skip
    session = uploads.open(new, quota=quota)
    if session.announced != announced:
        message = "This idempotency key began the upload of another file: take a new one."
        raise Refused(RefusalCode.IDEMPOTENCY_KEY_REUSED, message)
    return session if session.ticket else _ticketed(session, uploads, intake)


def addresses(
    session: Session, arrived: Sequence[Arrived], *, intake: Intake, now: datetime, seconds: int
) -> list[Address]:
    """Where the first of the parts that are missing are to be sent, for so long."""
    until = min(now + timedelta(seconds=seconds), session.expires_at)
    wanted = missing(session, arrived)[:MOST_ADDRESSES] if session.standing(now) is SessionState.OPEN else []
    return [intake.address(session, number, expires_at=until) for number in wanted]


def received(session: Session, *, intake: Intake) -> list[Arrived]:
    """The parts that are here; none of an upload that is over."""
    if session.state is not SessionState.OPEN:
        return []
    try:
        return intake.arrived(session)
    except Missing:  # put together, or taken back, by somebody who has yet to say so
        return []


def receive(session: Session, number: int, *, receiver: Receiver, now: datetime) -> Sink:
    """Begin to receive a part. Raises Refused, Missing, Conflict."""
    _require_open(session, now)
    return receiver.receive(session, number)


def complete(
    session: Session,
    told: Mapping[int, str],
    *,
    uploads: Uploads,
    intake: Intake,
    store: Store,
    catalogue: Catalogue,
    take_up: Callable[[StoredObject], Job],
    launch: Callable[[Job], object],
    now: Callable[[], datetime],
) -> Session:
    """Make the object, register it, and ask for its run, unless the sensor was first. `told`: the ETags that the sender
    got, of as many parts as it likes. Completing again answers the same.

    Raises Refused PARTS_MISSING, CHECKSUM_MISMATCH (then nothing is left of it), UPLOAD_EXPIRED or UPLOAD_CLOSED.
    """
    if session.state is SessionState.COMPLETED:
        _heal(session, store=store, catalogue=catalogue, take_up=take_up)
        return session
    _require_open(session, now())
    obj = _object(session, told, uploads=uploads, intake=intake, store=store, now=now())
    until = now() + LAUNCH_GRACE
    mine = uploads.close(session.id, SessionState.COMPLETED, etag=obj.etag, claimed_until=until, at=now())
    job = take_up(obj)
    if mine and job.state is JobState.QUEUED and job.run_id is None and now() < until:
        launch(job)
    return uploads.get(session.id)


def abort(session: Session, *, uploads: Uploads, intake: Intake, store: Store, now: datetime) -> None:
    """Take an upload back that is not complete, as often as one likes. Raises Refused UPLOAD_CLOSED for one that is."""
    if session.state is SessionState.COMPLETED:
        raise Refused(RefusalCode.UPLOAD_CLOSED, "The upload is complete: delete the media instead.")
    _give_up(session, SessionState.ABORTED, uploads=uploads, intake=intake, store=store, now=now)


def expire(*, uploads: Uploads, intake: Intake, store: Store, now: datetime, delete: bool) -> Iterator[Session]:
    """The uploads whose time is up; what arrived of them is deleted, if asked."""
    while late := uploads.overdue(now, limit=_AT_ONCE):
        for session in late:
            yield session
            if delete:
                _give_up(session, SessionState.EXPIRED, uploads=uploads, intake=intake, store=store, now=now)
        if not delete or len(late) < _AT_ONCE:
            return


def sent(obj: StoredObject, *, uploads: Uploads, now: datetime) -> Session | None:
    """How an object was announced, if it was. Whoever sees it first says that it has arrived."""
    session = uploads.of_object(obj.bucket, obj.key)
    if session is None or session.state is not SessionState.OPEN:
        return session
    uploads.close(session.id, SessionState.COMPLETED, etag=obj.etag, at=now)
    return uploads.get(session.id)


def promised(upload: Upload, *, uploads: Uploads) -> str | None:
    """The SHA-256 that the sender of these very bytes announced, if one did."""
    session = uploads.of_object(upload.bucket, upload.key)
    return session.announced.sha256 if session is not None and session.etag == upload.etag else None


def _key(filename: str, name: str, prefix: str) -> str:
    """A key that the sensor would take up, too."""
    key = key_of(filename, name, prefix)
    return key if is_upload(key) else key_of(f"{filename}.media", name, prefix)


def _ticketed(session: Session, uploads: Uploads, intake: Intake) -> Session:
    ticket = intake.open(session)
    kept = uploads.ticketed(session.id, ticket)
    if kept.ticket != ticket:  # somebody with the same idempotency key was first
        intake.abort(replace(session, ticket=ticket))
    return kept


def _require_open(session: Session, now: datetime) -> None:
    standing = session.standing(now)
    if standing is SessionState.EXPIRED:
        raise Refused(RefusalCode.UPLOAD_EXPIRED, "The upload has expired: begin a new one.")
    if standing is not SessionState.OPEN:
        raise Refused(RefusalCode.UPLOAD_CLOSED, f"The upload is {standing}: nothing more can be sent.")


def _object(
    session: Session, told: Mapping[int, str], *, uploads: Uploads, intake: Intake, store: Store, now: datetime
) -> StoredObject:
    """What the parts become, or became when somebody put them together who could not say so."""
    try:
        parts = intake.arrived(session)
        _require_all(session, parts, told)
        intake.complete(session, parts)
    except Refused as refused:
        if refused.code is RefusalCode.CHECKSUM_MISMATCH:
            _give_up(session, SessionState.ABORTED, uploads=uploads, intake=intake, store=store, now=now)
        raise
    except Missing:
        pass
    try:
        return store.head(session.bucket, session.key)
    except Missing as gone:
        message = "What was sent is not there any more: begin a new upload."
        raise Refused(RefusalCode.UPLOAD_CLOSED, message) from gone


def _give_up(
    session: Session, to: SessionState, *, uploads: Uploads, intake: Intake, store: Store, now: datetime
) -> None:
    """What arrived goes first: whoever dies in between leaves a session that expires."""
    intake.abort(session)
    store.delete(session.bucket, [session.key])
    uploads.close(session.id, to, at=now)


def _require_all(session: Session, parts: Sequence[Arrived], told: Mapping[int, str]) -> None:
    etags = {part.number: part.etag for part in parts}
    lacking = set(missing(session, parts)) | {n for n, etag in told.items() if etags.get(n) != etag.strip('"')}
    if lacking:
        some = ", ".join(map(str, sorted(lacking)[:10]))
        message = f"{len(lacking)} of {session.parts} parts are not here as they were sent: {some}"
        raise Refused(RefusalCode.PARTS_MISSING, f"{message}, …" if len(lacking) > 10 else f"{message}.")


def _heal(session: Session, *, store: Store, catalogue: Catalogue, take_up: Callable[[StoredObject], Job]) -> None:
    """Whoever completed it may have died before it was registered."""
    try:
        catalogue.job(session.media_id)
    except Missing:
        take_up(store.head(session.bucket, session.key))
