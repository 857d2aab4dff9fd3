"""What only a directory can do to an intake: two senders of one part, a full disk, a process that dies."""

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from media_pipeline.domain.errors import Conflict, Missing, QuarantineCode, RefusalCode, Refused, Unavailable
from media_pipeline.domain.session import Session, part_claim
from media_pipeline.domain.signature import Tampered, check
from media_pipeline.infrastructure.disk_intake import DiskIntake
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline_tests.builders import session

PART = 1000
SECRET = b"s" * 32


@pytest.fixture
def disk(tmp_path: Path) -> LocalDisk:
    return LocalDisk({"uploads": tmp_path / "inbox"})


@pytest.fixture
def intake(tmp_path: Path, disk: LocalDisk) -> DiskIntake:
    return DiskIntake(tmp_path / "receiving", disk, secret=lambda: SECRET)


def opened(intake: DiskIntake, size: int = 2 * PART + 10, sha256: str | None = None) -> Session:
    one = session(size=size, part_size=PART)
    one = replace(one, announced=replace(one.announced, sha256=sha256))
    return replace(one, ticket=intake.open(one))


def send(intake: DiskIntake, one: Session, number: int, data: bytes) -> None:
    sink = intake.receive(one, number)
    try:
        sink.write(data)
        sink.done()
    finally:
        sink.close()


def refusal(act: Callable[[], object]) -> RefusalCode:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_a_file_that_is_being_received_takes_no_more_room_than_has_come(intake: DiskIntake, tmp_path: Path) -> None:
    one = opened(intake, 10**9)
    send(intake, one, 10**6, b"x" * PART)
    found = (tmp_path / "receiving" / one.id / "bytes").stat()
    assert found.st_size == 10**9
    assert found.st_blocks * 512 < 100_000


@pytest.mark.parametrize("pieces", [[PART + 1], [PART, 1], [PART - 1, 2]])
def test_more_than_a_part_has_is_refused_before_it_is_written(
    intake: DiskIntake, tmp_path: Path, pieces: list[int]
) -> None:
    one = opened(intake)
    send(intake, one, 2, b"2" * PART)
    sink = intake.receive(one, 1)
    for size in pieces[:-1]:
        sink.write(b"1" * size)
    assert refusal(lambda: sink.write(b"1" * pieces[-1])) is RefusalCode.PART_SIZE
    sink.close()
    assert [part.number for part in intake.arrived(one)] == [2]
    assert (tmp_path / "receiving" / one.id / "bytes").read_bytes()[PART : 2 * PART] == b"2" * PART


def test_a_part_that_breaks_off_is_not_here(intake: DiskIntake) -> None:
    one = opened(intake)
    sink = intake.receive(one, 1)
    sink.write(b"1" * (PART - 1))
    assert refusal(sink.done) is RefusalCode.PART_SIZE
    sink.close()
    sink.close()
    assert intake.arrived(one) == []


def test_a_part_that_is_sent_anew_and_breaks_off_is_not_here_any_more(intake: DiskIntake) -> None:
    one = opened(intake)
    send(intake, one, 1, b"1" * PART)
    intake.receive(one, 1).close()
    assert intake.arrived(one) == []


def test_other_bytes_have_another_etag(intake: DiskIntake) -> None:
    one = opened(intake)
    send(intake, one, 1, b"1" * PART)
    first = intake.arrived(one)
    send(intake, one, 1, b"2" * PART)
    second = intake.arrived(one)
    assert first != second
    with pytest.raises(Conflict):
        intake.complete(one, first)


def test_of_two_senders_of_a_part_the_newer_one_counts(intake: DiskIntake, tmp_path: Path) -> None:
    """The older may be a connection that nobody has noticed to be dead."""
    one = opened(intake)
    older, newer = intake.receive(one, 1), intake.receive(one, 1)
    newer.write(b"n" * PART)
    for act in (lambda: older.write(b"o" * PART), older.done):
        with pytest.raises((Conflict, Refused)):
            act()
    assert newer.done().number == 1
    with pytest.raises(Conflict):
        newer.done()  # once
    assert (tmp_path / "receiving" / one.id / "bytes").read_bytes()[:PART] == b"n" * PART
    older.close()
    newer.close()


def test_nobody_writes_to_a_file_that_was_put_together(intake: DiskIntake, disk: LocalDisk) -> None:
    one = opened(intake, PART)
    late = intake.receive(one, 1)
    send(intake, one, 1, b"1" * PART)
    intake.complete(one, intake.arrived(one))
    with pytest.raises(Conflict):
        late.write(b"late")
    with pytest.raises(Missing):
        intake.receive(one, 1)
    assert disk.read(one.bucket, one.key)[0] == b"1" * PART
    late.close()


def test_parts_that_come_at_the_same_time_stand_each_in_its_place(intake: DiskIntake, disk: LocalDisk) -> None:
    one = opened(intake, 20 * PART)
    threads = [
        threading.Thread(target=send, args=(intake, one, number, bytes([number]) * PART)) for number in range(1, 21)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    intake.complete(one, intake.arrived(one))
    assert disk.read(one.bucket, one.key)[0] == b"".join(bytes([number]) * PART for number in range(1, 21))


def test_what_has_arrived_outlives_the_process(intake: DiskIntake, disk: LocalDisk, tmp_path: Path) -> None:
    one = opened(intake)
    for number in (1, 2):
        send(intake, one, number, bytes([number]) * PART)
    again = DiskIntake(tmp_path / "receiving", disk, secret=lambda: SECRET)
    assert again.arrived(one) == intake.arrived(one)
    assert again.open(one) == one.ticket  # whoever opened it may have died before it was noted
    assert [part.number for part in again.arrived(one)] == [1, 2]


def test_the_announced_checksum_is_that_of_the_whole_file(intake: DiskIntake, disk: LocalDisk) -> None:
    right = opened(intake, PART, hashlib.sha256(b"1" * PART).hexdigest())
    send(intake, right, 1, b"2" * PART)
    assert refusal(lambda: intake.complete(right, intake.arrived(right))) is RefusalCode.CHECKSUM_MISMATCH
    assert list(disk.list("uploads")) == []
    send(intake, right, 1, b"1" * PART)
    intake.complete(right, intake.arrived(right))
    assert [o.key for o in disk.list("uploads")] == [right.key]


def test_nothing_is_left_where_it_was_received(intake: DiskIntake, tmp_path: Path) -> None:
    for size in (PART, 2 * PART):
        one = replace(opened(intake, size), id=f"u{size}", key=f"u{size}/clip.mp4")
        intake.open(one)
        intake.abort(replace(one, id="u1"))
        for number in range(1, one.parts + 1):
            send(intake, one, number, b"x" * PART)
        intake.complete(one, intake.arrived(one))
    assert list((tmp_path / "receiving").iterdir()) == []


def test_a_file_without_room_is_refused_at_once(intake: DiskIntake) -> None:
    with pytest.raises(Unavailable) as caught:
        opened(intake, 10**18)
    assert caught.value.code is QuarantineCode.DISK_FULL


def test_a_disk_that_fills_up_meanwhile_is_told_as_such(intake: DiskIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sink = intake.receive(opened(intake), 1)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Unavailable) as caught:
        sink.write(b"x")
    assert caught.value.code is QuarantineCode.DISK_FULL
    sink.close()


def test_a_url_is_signed_for_one_part_of_one_session(intake: DiskIntake) -> None:
    one, now = opened(intake), datetime.now(UTC)
    url = urlsplit(intake.address(one, 2, expires_at=now + timedelta(minutes=5)).url)
    ((name, (token,)),) = parse_qs(url.query, strict_parsing=True).items()
    assert (url.path, name) == (f"/v1/uploads/{one.id}/parts/2", "token")
    check(SECRET, token, *part_claim(one.id, 2), now=now)
    for session_id, number in ((one.id, 1), ("u2", 2)):
        with pytest.raises(Tampered):
            check(SECRET, token, *part_claim(session_id, number), now=now)
