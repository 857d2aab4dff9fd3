"""Sending a file, over fakes: what is begun, refused, resumed, completed once, taken back, forgotten in time."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from media_pipeline.application import uploading
from media_pipeline.application.register import arrived
from media_pipeline.domain.admission import Limits
from media_pipeline.domain.errors import (
    BadMedia,
    Missing,
    QuarantineCode,
    RefusalCode,
    Refused,
    RejectionCode,
    Unavailable,
)
from media_pipeline.domain.job import Job
from media_pipeline.domain.session import LAUNCH_GRACE, Announced, Session, SessionState
from media_pipeline.domain.upload import StoredObject, is_upload
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.builders import NOW, announced
from media_pipeline_tests.fake_uploads import MemoryIntake, MemoryUploads
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine, MemoryStore

MIB = 2**20
DAY = timedelta(hours=24)
PROFILES = recipes.load().profiles


class Here:
    """Everything an upload meets. The sensor of it registers whatever is in the bucket."""

    def __init__(self) -> None:
        self.store, self.catalogue, self.engine = MemoryStore(), MemoryCatalogue(), MemoryEngine()
        self.intake, self.uploads = MemoryIntake(self.store), MemoryUploads()
        self.now = NOW

    def begin(self, said: Announced | None = None, **changes: Any) -> Session:
        given: dict[str, Any] = {
            "tenant": "acme", "bucket": "uploads", "prefix": "", "idempotency_key": None,
            "limits": Limits(bytes=10**9), "profiles": PROFILES, "expires_at": self.now + DAY,
        } | changes  # fmt: skip
        return uploading.begin(said or announced(), uploads=self.uploads, intake=self.intake, now=self.now, **given)

    def send(self, session: Session, *numbers: int) -> None:
        for number in numbers or range(1, session.parts + 1):
            sink = uploading.receive(session, number, receiver=self.intake, now=self.now)
            sink.write(bytes([number]) * session.size_of(number))
            sink.done()

    def sensor(self) -> list[Job]:
        """Registers what it finds, and which runs it asks for."""
        for obj in self.store.list("uploads"):
            self.take_up(obj)
        return self.catalogue.line("uploads", limit=50, now=self.now)

    def take_up(self, obj: StoredObject) -> Job:
        session = uploading.sent(obj, uploads=self.uploads, now=self.now)
        return arrived(
            obj, profile=PROFILES["fast"], catalogue=self.catalogue, engine=self.engine, now=self.now, session=session
        )

    def complete(self, session: Session, **changes: Any) -> Session:
        given: dict[str, Any] = {"told": {}, "take_up": self.take_up, "launch": self.launch} | changes
        return uploading.complete(
            self.uploads.get(session.id), uploads=self.uploads, intake=self.intake, store=self.store,
            catalogue=self.catalogue, now=lambda: self.now, **given,
        )  # fmt: skip

    def launch(self, job: Job) -> None:
        self.engine.launch(job.media_id, job.version, assets=None, tags={})

    def abort(self, session: Session) -> None:
        uploading.abort(
            self.uploads.get(session.id), uploads=self.uploads, intake=self.intake, store=self.store, now=self.now
        )

    def expire(self, *, delete: bool = True) -> list[str]:
        found = uploading.expire(
            uploads=self.uploads, intake=self.intake, store=self.store, now=self.now, delete=delete
        )
        return [session.id for session in found]

    @property
    def runs(self) -> int:
        return len(self.engine.asked)


@pytest.fixture
def here() -> Here:
    return Here()


def refusal(act: Callable[[], object]) -> RefusalCode:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_what_was_announced_is_what_the_job_has(here: Here) -> None:
    said = announced(title="Holiday", profile="fast", language="de", tags=("beach", "2026"))
    session = here.begin(said, tenant="acme")
    here.send(session)
    done = here.complete(session)
    job = here.catalogue.job(session.media_id)
    assert (job.title, job.tenant, job.language, job.tags) == ("Holiday", "acme", "de", ("beach", "2026"))
    assert (done.state, done.etag) == (SessionState.COMPLETED, job.etag)
    assert here.runs == 1


def test_every_upload_has_a_fresh_key_in_the_folder_of_its_tenant(here: Here) -> None:
    first, second = here.begin(prefix="acme/"), here.begin(prefix="acme/")
    assert first.key == f"acme/{first.id}/clip.mp4"
    assert first.media_id != second.media_id


@pytest.mark.parametrize("name", ["clip.mp4.part", "clip.tmp", "a_$folder$", "..", ".hidden"])
def test_whatever_a_file_is_called_the_sensor_would_find_it(here: Here, name: str) -> None:
    assert is_upload(here.begin(announced(filename=name)).key)


@pytest.mark.parametrize(("size", "code"), [(0, RejectionCode.EMPTY_OBJECT), (10**9 + 1, RejectionCode.LIMIT_SIZE)])
def test_a_file_that_would_be_rejected_is_not_begun(here: Here, size: int, code: RejectionCode) -> None:
    with pytest.raises(BadMedia) as caught:
        here.begin(announced(size))
    assert caught.value.code is code


def test_a_profile_that_there_is_not_is_refused(here: Here) -> None:
    assert refusal(lambda: here.begin(announced(profile="none"))) is RefusalCode.PROFILE_UNKNOWN


def test_an_idempotency_key_begins_one_upload_and_no_other(here: Here) -> None:
    first = here.begin(idempotency_key="k")
    assert here.begin(idempotency_key="k") == first
    assert refusal(lambda: here.begin(announced(7), idempotency_key="k")) is RefusalCode.IDEMPOTENCY_KEY_REUSED
    assert here.begin(announced(7), idempotency_key="k", tenant="other").id != first.id


def test_an_upload_whose_beginning_died_goes_on_with_the_same_idempotency_key(here: Here) -> None:
    class Down(MemoryIntake):
        def open(self, session: Session) -> str:
            raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The store does not answer.")

    whole, here.intake = here.intake, Down(here.store)
    with pytest.raises(Unavailable):
        here.begin(idempotency_key="k")
    here.intake = whole
    session = here.begin(idempotency_key="k")
    here.send(session)
    assert here.complete(session).state is SessionState.COMPLETED


def test_who_is_second_to_open_gives_back_what_the_store_began_for_it(here: Here) -> None:
    aborted: list[str] = []

    class Both(MemoryIntake):
        """Of two with the same key each is given a ticket; the other one notes its own first."""

        def open(self, session: Session) -> str:
            super().open(session)
            here.uploads.ticketed(session.id, "theirs")
            return "mine"

        def abort(self, session: Session) -> None:
            aborted.append(session.ticket)

    here.intake = Both(here.store)
    assert here.begin().ticket == "theirs"
    assert aborted == ["mine"]


def test_a_sender_that_comes_back_is_told_what_is_missing(here: Here) -> None:
    session = here.begin(announced(20 * MIB))
    here.send(session, 2)
    arrived = uploading.received(session, intake=here.intake)
    assert [part.number for part in arrived] == [2]
    to = uploading.addresses(session, arrived, intake=here.intake, now=NOW, seconds=3600)
    assert [(address.number, address.size) for address in to] == [(1, 8 * MIB), (3, 4 * MIB)]
    assert {address.expires_at for address in to} == {NOW + timedelta(hours=1)}


def test_an_address_does_not_outlive_its_upload(here: Here) -> None:
    session = here.begin()
    late = session.expires_at - timedelta(minutes=1)
    (to,) = uploading.addresses(session, [], intake=here.intake, now=late, seconds=3600)
    assert to.expires_at == session.expires_at
    assert uploading.addresses(session, [], intake=here.intake, now=session.expires_at, seconds=3600) == []


def test_so_many_addresses_come_in_portions(here: Here) -> None:
    session = replace(here.begin(announced(5 * 10**8)), part_size=1000)
    to = uploading.addresses(session, [], intake=here.intake, now=NOW, seconds=60)
    assert [to[0].number, to[-1].number] == [1, uploading.MOST_ADDRESSES]


def test_an_upload_is_complete_when_every_part_is_here(here: Here) -> None:
    session = here.begin(announced(20 * MIB))
    here.send(session, 1, 3)
    with pytest.raises(Refused, match=r"1 of 3 parts .*: 2") as caught:
        here.complete(session)
    assert caught.value.code is RefusalCode.PARTS_MISSING
    assert here.uploads.get(session.id).state is SessionState.OPEN
    here.send(session, 2)
    assert here.complete(session).state is SessionState.COMPLETED
    assert here.store.head(session.bucket, session.key).size == 20 * MIB


def test_a_part_that_is_not_the_one_that_was_sent_is_missing(here: Here) -> None:
    session = here.begin()
    here.send(session)
    assert refusal(lambda: here.complete(session, told={1: '"other"'})) is RefusalCode.PARTS_MISSING
    (part,) = uploading.received(session, intake=here.intake)
    assert here.complete(session, told={1: f'"{part.etag}"'}).state is SessionState.COMPLETED


def test_completing_again_answers_the_same_and_asks_for_nothing(here: Here) -> None:
    session = here.begin()
    here.send(session)
    assert here.complete(session) == here.complete(session)
    assert here.runs == 1
    assert uploading.received(here.uploads.get(session.id), intake=here.intake) == []


def test_bytes_that_are_not_those_announced_leave_nothing(here: Here) -> None:
    session = here.begin(announced(sha256=hashlib.sha256(b"other").hexdigest()))
    here.send(session)
    assert refusal(lambda: here.complete(session)) is RefusalCode.CHECKSUM_MISMATCH
    assert list(here.store.list("uploads")) == []
    assert here.intake.parts == {}
    assert here.catalogue.jobs() == []
    assert here.uploads.get(session.id).state is SessionState.ABORTED
    assert refusal(lambda: here.complete(session)) is RefusalCode.UPLOAD_CLOSED


# The sensor and whoever completes, in every order: each has its turn at one of the other's steps.


def test_the_sensor_does_not_ask_for_what_was_completed(here: Here) -> None:
    session = here.begin()
    here.send(session)
    here.complete(session)
    assert here.sensor() == []
    assert here.runs == 1


def test_a_run_that_nobody_asked_for_is_asked_for_by_the_sensor(here: Here) -> None:
    """Whoever completed it died before."""
    session = here.begin()
    here.send(session)
    here.complete(session, launch=lambda job: None)
    here.now += LAUNCH_GRACE
    assert [job.media_id for job in here.sensor()] == [session.media_id]


def test_who_takes_too_long_to_ask_leaves_it_to_the_sensor(here: Here) -> None:
    session = here.begin()
    here.send(session)

    def slow(obj: StoredObject) -> Job:
        job = here.take_up(obj)
        here.now += LAUNCH_GRACE
        return job

    here.complete(session, take_up=slow)
    assert (here.runs, len(here.sensor())) == (0, 1)


def sensor_before(here: Here, session: Session, found: list[Job]) -> None:
    """The object is there before anybody says that it is complete, as on S3 a file in one part is."""
    here.intake.complete(session, here.intake.arrived(session))
    found += here.sensor()
    here.complete(session)


def sensor_as_the_object_appears(here: Here, session: Session, found: list[Job]) -> None:
    complete = here.intake.complete

    def completed(*args: Any) -> None:
        complete(*args)
        found.extend(here.sensor())

    here.intake.complete = completed  # type: ignore[method-assign, assignment]
    here.complete(session)


def sensor_before_it_is_registered(here: Here, session: Session, found: list[Job]) -> None:
    def take_up(obj: StoredObject) -> Job:
        found.extend(here.sensor())
        return here.take_up(obj)

    here.complete(session, take_up=take_up)


def sensor_before_the_launch(here: Here, session: Session, found: list[Job]) -> None:
    def take_up(obj: StoredObject) -> Job:
        job = here.take_up(obj)
        found.extend(here.sensor())
        return job

    here.complete(session, take_up=take_up)


def sensor_after(here: Here, session: Session, found: list[Job]) -> None:
    here.complete(session)
    found += here.sensor()


@pytest.mark.parametrize(
    "meet",
    [
        sensor_before, sensor_as_the_object_appears, sensor_before_it_is_registered, sensor_before_the_launch,
        sensor_after,
    ],
)  # fmt: skip
def test_the_sensor_and_the_gateway_ask_for_one_run_between_them(
    here: Here, meet: Callable[[Here, Session, list[Job]], None]
) -> None:
    session = here.begin(announced(title="Holiday", tags=("beach",)))
    here.send(session)
    found: list[Job] = []
    meet(here, session, found)
    assert here.runs + len(found) == 1
    job = here.catalogue.job(session.media_id)
    assert (job.title, job.tags) == ("Holiday", ("beach",))
    assert len(here.catalogue.versions(session.media_id)) == 1
    assert here.uploads.get(session.id).state is SessionState.COMPLETED
    assert here.complete(session) == here.uploads.get(session.id)
    assert here.runs + len(found) == 1


def test_what_was_completed_and_not_registered_is_registered_by_whoever_asks_again(here: Here) -> None:
    session = here.begin()
    here.send(session)

    def dies(obj: StoredObject) -> Job:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        here.complete(session, take_up=dies)
    assert here.catalogue.jobs() == []
    here.complete(session)
    assert here.catalogue.job(session.media_id).title == "clip.mp4"
    here.now += LAUNCH_GRACE
    assert (here.runs, len(here.sensor())) == (0, 1)


def test_a_newer_object_under_the_same_key_is_still_its_tenants_and_promises_nothing(here: Here) -> None:
    sha256 = hashlib.sha256(b"\1" * 1000).hexdigest()
    session = here.begin(announced(sha256=sha256, tags=("beach",)))
    here.send(session)
    here.complete(session)
    old = here.catalogue.job(session.media_id)
    here.store.write("uploads", session.key, b"other", content_type="video/mp4")
    (new,) = here.sensor()
    assert (new.tenant, new.tags, new.version != old.version) == ("acme", ("beach",), True)
    assert [uploading.promised(of(job), uploads=here.uploads) for job in (old, new)] == [sha256, None]


def of(job: Job) -> Any:
    return StoredObject(job.bucket, job.key, job.etag, job.size, NOW)


def test_an_upload_that_is_taken_back_is_gone(here: Here) -> None:
    session = here.begin(announced(20 * MIB))
    here.send(session, 1)
    here.abort(session)
    here.abort(session)
    assert here.intake.parts == {}
    assert here.uploads.get(session.id).state is SessionState.ABORTED
    closed = here.uploads.get(session.id)
    for act in (lambda: here.complete(session), lambda: uploading.receive(closed, 1, receiver=here.intake, now=NOW)):
        assert refusal(act) is RefusalCode.UPLOAD_CLOSED


def test_a_file_in_one_part_that_nobody_completed_is_taken_back_too(here: Here) -> None:
    session = here.begin()
    here.send(session)
    here.intake.complete(session, here.intake.arrived(session))
    here.abort(session)
    assert list(here.store.list("uploads")) == []


def test_what_is_complete_is_not_taken_back(here: Here) -> None:
    session = here.begin()
    here.send(session)
    here.complete(session)
    assert refusal(lambda: here.abort(session)) is RefusalCode.UPLOAD_CLOSED
    assert here.store.head(session.bucket, session.key)


def test_an_upload_whose_time_is_up_is_refused_and_cleared_away(here: Here) -> None:
    late, done, young = here.begin(), here.begin(), here.begin(expires_at=NOW + 3 * DAY)
    for session in (late, done):
        here.send(session)
    here.complete(done)
    here.now += DAY + timedelta(seconds=1)
    assert refusal(lambda: here.complete(late)) is RefusalCode.UPLOAD_EXPIRED
    assert refusal(lambda: here.send(late)) is RefusalCode.UPLOAD_EXPIRED
    assert here.expire(delete=False) == [late.id]
    assert here.expire() == [late.id]
    assert here.expire() == []
    assert here.uploads.get(late.id).state is SessionState.EXPIRED
    assert list(here.intake.parts) == [young.id]
    assert here.store.head(done.bucket, done.key)


def test_many_are_cleared_away_at_once(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "_AT_ONCE", 2)
    begun = {here.begin().id for _ in range(5)}
    here.now += 2 * DAY
    assert set(here.expire(delete=False)) < begun
    assert set(here.expire()) == begun


def test_what_vanished_on_the_way_is_told(here: Here) -> None:
    session = here.begin()
    here.send(session)
    here.intake.parts.clear()  # a lifecycle rule of the bucket's
    assert refusal(lambda: here.complete(session)) is RefusalCode.UPLOAD_CLOSED
    with pytest.raises(Missing):
        here.catalogue.job(session.media_id)


def test_an_object_that_nobody_announced_has_no_session(here: Here) -> None:
    here.store.write("uploads", "dropped.mp4", b"x", content_type="video/mp4")
    (job,) = here.sensor()
    assert (job.title, job.tenant, job.tags) == ("dropped.mp4", "default", ())
