"""What every Uploads promises: the fake, and SQL on a SQLite file and on a Postgres server."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.application.ports.uploads import Uploads
from media_pipeline.domain.errors import Missing, QuarantineCode, RefusalCode, Refused, Unavailable
from media_pipeline.domain.quota import Quota
from media_pipeline.domain.session import Announced, Session, SessionState
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline.infrastructure.uploads import SqlUploads
from media_pipeline_tests.builders import session
from media_pipeline_tests.fake_uploads import MemoryUploads
from media_pipeline_tests.postgres import Postgres, empty

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def uploads(request: pytest.FixtureRequest, tmp_path: Path) -> Uploads:
    match request.param:
        case "memory":
            return MemoryUploads()
        case "sqlite":
            url = f"sqlite:///{tmp_path}/catalogue.sqlite"
            upgrade(url)
            return SqlUploads(Connections(url))
        case _:
            on: Connections = request.getfixturevalue("on_postgres")
            empty(on)
            return SqlUploads(on)


@pytest.fixture(scope="module")
def on_postgres(postgres: Postgres) -> Connections:
    return Connections(postgres.empty_catalogue())


def test_a_session_comes_back_as_it_was_opened(uploads: Uploads) -> None:
    said = Announced("ü/clip \udce9.mp4", 5 * 10**12, "video/mp4", "100% ü\0", "fast", "ab" * 32, "pt-BR", ("a", "ü %"))
    one = session(announced=said, idempotency_key="once \0", tenant="acme")
    assert uploads.open(one) == one == uploads.get(one.id) == uploads.of_object(one.bucket, one.key)


def test_a_key_that_nobody_announced_has_no_session(uploads: Uploads) -> None:
    one = uploads.open(session())
    assert uploads.of_object(one.bucket, f"{one.key}.mp4") is None
    assert uploads.of_object("other", one.key) is None


def test_a_tenants_idempotency_key_opens_one_session(uploads: Uploads) -> None:
    first = uploads.open(session("u1", idempotency_key="k"))
    changed = replace(first.announced, size=7)
    assert uploads.open(session("u2", idempotency_key="k", announced=changed)) == first
    assert uploads.open(session("u3", idempotency_key="k", tenant="other")).id == "u3"
    assert uploads.open(session("u4")).id == "u4"
    assert uploads.open(session("u5")).id == "u5"
    with pytest.raises(Missing):
        uploads.get("u2")


def test_of_those_who_open_at_once_one_does(uploads: Uploads) -> None:
    start, opened = threading.Barrier(4), []

    def opening(number: int) -> None:
        start.wait()
        opened.append(uploads.open(session(f"u{number}", idempotency_key="k")))

    threads = [threading.Thread(target=opening, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    assert len({s.id for s in opened}) == 1


def test_the_first_ticket_stays(uploads: Uploads) -> None:
    one = uploads.open(session())
    assert uploads.ticketed(one.id, "t1") == replace(one, ticket="t1")
    assert uploads.ticketed(one.id, "t2") == replace(one, ticket="t1") == uploads.get(one.id)


def test_a_session_ends_once(uploads: Uploads) -> None:
    one = uploads.open(session())
    assert uploads.close(one.id, SessionState.COMPLETED, etag="e1", claimed_until=LATER, at=NOW)
    ended = replace(one, state=SessionState.COMPLETED, etag="e1", claimed_until=LATER, closed_at=NOW)
    assert uploads.get(one.id) == ended
    assert not uploads.close(one.id, SessionState.ABORTED, at=LATER)
    assert uploads.get(one.id) == ended


def test_open_sessions_whose_time_is_up_are_overdue_the_oldest_first(uploads: Uploads) -> None:
    for number, hours in enumerate((3, 1, 2, 9)):
        uploads.open(session(f"u{number}", expires_at=NOW + timedelta(hours=hours)))
    uploads.open(session("closed", expires_at=NOW))
    uploads.close("closed", SessionState.COMPLETED, at=NOW)
    late = NOW + timedelta(hours=3)
    assert [s.id for s in uploads.overdue(late, limit=9)] == ["u1", "u2"]
    assert [s.id for s in uploads.overdue(late, limit=1)] == ["u1"]


def test_what_is_forgotten_is_gone_and_the_others_stay(uploads: Uploads) -> None:
    one, other = uploads.open(session("u1")), uploads.open(session("u2"))
    uploads.forget(one.media_id)
    uploads.forget("nobody")
    assert uploads.of_object(one.bucket, one.key) is None
    assert uploads.get("u2") == other


def test_what_came_to_nothing_is_forgotten_in_time_and_what_arrived_is_not(uploads: Uploads) -> None:
    ended = {"aborted": SessionState.ABORTED, "expired": SessionState.EXPIRED, "arrived": SessionState.COMPLETED}
    for name, state in {**ended, "later": SessionState.ABORTED, "open": None}.items():
        uploads.open(session(name))
        if state:
            uploads.close(name, state, at=LATER if name == "later" else NOW)
    uploads.forget_unsent(NOW)
    assert all(uploads.get(name) for name in ended)
    uploads.forget_unsent(LATER)
    assert all(uploads.get(name) for name in ("arrived", "later", "open"))
    for name in ("aborted", "expired"):
        with pytest.raises(Missing):
            uploads.get(name)


def test_what_nobody_opened_is_missing(uploads: Uploads) -> None:
    for act in (
        lambda: uploads.get("nobody"),
        lambda: uploads.ticketed("nobody", "t"),
        lambda: uploads.close("nobody", SessionState.ABORTED, at=NOW),
    ):
        with pytest.raises(Missing):
            act()


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    never_prepared = SqlUploads(Connections(f"sqlite:///{tmp_path}/none.sqlite"))
    with pytest.raises(Unavailable) as caught:
        never_prepared.get("u1")
    assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE


def test_a_session_says_when_its_time_is_up() -> None:
    one: Session = session(expires_at=LATER)
    assert one.standing(NOW) is SessionState.OPEN
    assert one.standing(LATER) is SessionState.EXPIRED
    assert replace(one, state=SessionState.COMPLETED).standing(LATER) is SessionState.COMPLETED


def sized(id: str, size: int, **changes: Any) -> Session:
    return session(id, size, **({"tenant": "acme", "created_at": NOW} | changes))


def test_a_quota_counts_what_a_tenant_announced_in_a_day(uploads: Uploads) -> None:
    two, kilo = Quota(uploads=2), Quota(bytes=1000)
    uploads.open(sized("long ago", 5000, created_at=NOW - timedelta(hours=24)))
    uploads.open(sized("theirs", 5000, tenant="rival"))
    for number, size in enumerate((400, 600)):
        uploads.open(sized(f"u{number}", size), quota=kilo)
    for quota in (two, kilo):
        with pytest.raises(Refused) as refused:
            uploads.open(sized("more", 1), quota=quota)
        assert refused.value.code is RefusalCode.QUOTA_EXCEEDED
    with pytest.raises(Missing):
        uploads.get("more")
    uploads.open(sized("nobody counts", 10**12))
    uploads.open(sized("tomorrow", 1000, created_at=NOW + timedelta(hours=24)), quota=kilo)


def test_what_was_taken_back_counts_no_more_and_what_is_known_is_no_more(uploads: Uploads) -> None:
    one = Quota(uploads=1, bytes=10)
    first = uploads.open(sized("first", 10, idempotency_key="k"), quota=one)
    assert uploads.open(sized("again", 10, idempotency_key="k"), quota=one) == first
    uploads.close(first.id, SessionState.ABORTED, at=LATER)
    uploads.open(sized("second", 10), quota=one)
    uploads.close("second", SessionState.COMPLETED, at=LATER)
    with pytest.raises(Refused):
        uploads.open(sized("third", 0), quota=one)


def test_nobody_slips_past_a_quota_by_coming_at_once(uploads: Uploads) -> None:
    start, opened = threading.Barrier(6), []

    def opening(number: int) -> None:
        start.wait()
        with suppress(Refused):
            opened.append(uploads.open(sized(f"u{number}", 10), quota=Quota(bytes=30)))

    threads = [threading.Thread(target=opening, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 3
