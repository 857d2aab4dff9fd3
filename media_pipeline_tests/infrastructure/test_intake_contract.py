"""What every Intake promises: the fake, a directory, and S3 by a real server that is sent to as a browser would."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from media_pipeline.application.ports.intake import Intake, Receiver
from media_pipeline.application.ports.store import Store
from media_pipeline.domain.errors import Missing, RefusalCode, Refused
from media_pipeline.domain.session import Session
from media_pipeline.infrastructure.disk_intake import DiskIntake
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline.infrastructure.s3_intake import S3Intake
from media_pipeline_tests.builders import session
from media_pipeline_tests.conftest import signing
from media_pipeline_tests.fake_uploads import MemoryIntake
from media_pipeline_tests.fakes import MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 2**20
SOON = datetime.now(UTC) + timedelta(hours=1)
# Two parts of the least size that S3 takes, and a rest: as few bytes as make a multipart upload.
PART = 5 * MIB
SIZE = 2 * PART + 10


@dataclass
class Here:
    intake: Intake
    store: Store
    send: Callable[[Session, int, bytes], None]
    """a part, whole, the way a client has to"""

    def opened(self, size: int = SIZE, name: str = "u1", sha256: str | None = None) -> Session:
        one = session(name, size, part_size=PART if size > PART else 16 * MIB)
        one = replace(one, announced=replace(one.announced, sha256=sha256))
        return replace(one, ticket=self.intake.open(one))

    def bytes_of(self, one: Session) -> bytes:
        return self.store.read(one.bucket, one.key)[0]


@pytest.fixture(params=["memory", "disk", "s3"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Here:
    match request.param:
        case "memory":
            store = MemoryStore()
            memory = MemoryIntake(store)
            return Here(memory, store, received_by(memory))
        case "disk":
            disk = LocalDisk({"uploads": tmp_path / "inbox"})
            on_disk = DiskIntake(tmp_path / "receiving", disk, secret=lambda: b"s" * 32)
            return Here(on_disk, disk, received_by(on_disk))
        case _:
            client: S3Client = request.getfixturevalue("s3")
            s3, intake = S3Store(client), S3Intake(client, signer=signing(client))
            list(s3.unfinished("uploads", before=SOON, delete=True))  # of other tests
            return Here(intake, s3, put_by_url(intake))


def received_by(receiver: Receiver) -> Callable[[Session, int, bytes], None]:
    def send(one: Session, number: int, data: bytes) -> None:
        sink = receiver.receive(one, number)
        try:
            for start in range(0, len(data), MIB):
                sink.write(data[start : start + MIB])
            sink.done()
        finally:
            sink.close()

    return send


def put_by_url(intake: Intake) -> Callable[[Session, int, bytes], None]:
    def send(one: Session, number: int, data: bytes) -> None:
        to = intake.address(one, number, expires_at=SOON)
        httpx.put(to.url, content=data, headers=dict(to.headers)).raise_for_status()

    return send


def bytes_for(one: Session, number: int) -> bytes:
    return bytes([number]) * one.size_of(number)


def whole(one: Session) -> bytes:
    return b"".join(bytes_for(one, number) for number in range(1, one.parts + 1))


def test_parts_in_any_order_become_the_object_when_they_are_put_together(here: Here) -> None:
    one = here.opened()
    assert here.intake.arrived(one) == []
    for number in (3, 1, 2):
        here.send(one, number, bytes_for(one, number))
        with pytest.raises(Missing):
            here.store.head(one.bucket, one.key)
    arrived = here.intake.arrived(one)
    assert [(part.number, part.size) for part in arrived] == [(1, PART), (2, PART), (3, 10)]
    here.intake.complete(one, arrived)
    assert here.bytes_of(one) == whole(one)
    assert [o.key for o in here.store.list(one.bucket)] == [one.key]


def test_a_small_file_is_one_part(here: Here) -> None:
    one = here.opened(1000)
    assert here.intake.arrived(one) == []
    here.send(one, 1, b"x" * 1000)
    arrived = here.intake.arrived(one)
    assert [(part.number, part.size) for part in arrived] == [(1, 1000)]
    here.intake.complete(one, arrived)
    assert here.bytes_of(one) == b"x" * 1000


def test_what_has_arrived_is_known_to_whoever_goes_on(here: Here) -> None:
    one = here.opened()
    here.send(one, 2, bytes_for(one, 2))
    (first,) = here.intake.arrived(one)
    assert (first.number, first.size) == (2, PART)
    here.send(one, 2, bytes_for(one, 2))  # whose answer was lost
    assert here.intake.arrived(one) == [first]
    for number in (1, 3):
        here.send(one, number, bytes_for(one, number))
    here.intake.complete(one, here.intake.arrived(one))
    assert here.bytes_of(one) == whole(one)


def test_sessions_do_not_meet(here: Here) -> None:
    one, other = here.opened(name="u1"), here.opened(name="u2")
    here.send(one, 1, bytes_for(one, 1))
    assert here.intake.arrived(other) == []
    here.intake.abort(other)
    assert len(here.intake.arrived(one)) == 1


def test_what_was_put_together_is_not_received_any_more(here: Here) -> None:
    one = here.opened()
    for number in (1, 2, 3):
        here.send(one, number, bytes_for(one, number))
    arrived = here.intake.arrived(one)
    here.intake.complete(one, arrived)
    with pytest.raises(Missing):
        here.intake.arrived(one)
    with pytest.raises(Exception):  # noqa: B017  a store's own answer, or ours
        here.send(one, 1, bytes_for(one, 1))
    assert here.bytes_of(one) == whole(one)


@pytest.mark.parametrize("sent", [0, 1])
def test_what_is_aborted_leaves_nothing_however_often_it_is_said(here: Here, sent: int) -> None:
    one = here.opened()
    for number in range(1, sent + 1):
        here.send(one, number, bytes_for(one, number))
    for _ in range(2):
        here.intake.abort(one)
        assert list(here.store.list(one.bucket)) == []
        assert list(here.store.unfinished(one.bucket, before=SOON, delete=False)) == []
    with pytest.raises(Missing):
        here.intake.arrived(one)


def test_what_became_an_object_is_not_taken_back(here: Here) -> None:
    one = here.opened()
    for number in (1, 2, 3):
        here.send(one, number, bytes_for(one, number))
    here.intake.complete(one, here.intake.arrived(one))
    here.intake.abort(one)
    assert here.bytes_of(one) == whole(one)


def test_what_was_opened_and_never_noted_is_aborted_too(here: Here) -> None:
    one = replace(here.opened(), ticket="")
    other = replace(here.opened(name="u2"), key=f"{one.key}.mp4")
    other = replace(other, ticket=here.intake.open(other))
    here.intake.abort(one)
    assert one.key not in {o.key for o in here.store.unfinished(one.bucket, before=SOON, delete=False)}
    here.send(other, 1, bytes_for(other, 1))
    assert len(here.intake.arrived(other)) == 1


def test_an_address_says_where_how_long_and_how_many_bytes(here: Here) -> None:
    one = here.opened()
    for number in (1, 3):
        to = here.intake.address(one, number, expires_at=SOON)
        assert (to.number, to.size, to.method, to.expires_at) == (number, one.size_of(number), "PUT", SOON)
    with pytest.raises(Refused) as caught:
        here.intake.address(one, 4, expires_at=SOON)
    assert caught.value.code is RefusalCode.PART_UNKNOWN
