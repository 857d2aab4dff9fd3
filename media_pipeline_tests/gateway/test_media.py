"""Status and list, and what the owner of a media may do with it."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import Conflict, QuarantineCode, RejectionCode
from media_pipeline.domain.job import SOURCE_DELETED, Failure, JobState, TaskState
from media_pipeline.domain.run import Run, RunState
from media_pipeline_tests import builders as a
from media_pipeline_tests.gateway.house import OTHER, TASKS, House, house

TRUNCATED = Failure(RejectionCode.TRUNCATED, "The file ends too early.")
CRASHED = Failure(QuarantineCode.TOOL_CRASH, "A tool crashed.")
_S = JobState


def code(answer: Any) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:media-pipeline:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["code"]


@pytest.fixture
def key(home: House) -> dict[str, str]:
    return home.key()


def listed(client: TestClient, key: dict[str, str], **asked: Any) -> list[str]:
    """Every title, page by page."""
    titles: list[str] = []
    while True:
        page = client.get("/v1/media", params=asked, headers=key).raise_for_status().json()
        titles += [item["title"] for item in page["items"]]
        if page["next"] is None:
            return titles
        assert len(page["items"]) == asked["limit"]
        asked["cursor"] = page["next"]


def test_status_tells_the_whole_story_of_a_job(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media()
    home.platform.catalogue.restart(
        job.media_id, job.version, run_id="run-1", profile="default", tasks=TASKS, at=a.NOW
    )  # fmt: skip
    home.platform.catalogue.begin(job.media_id, job.version, "source", run_id="run-1", at=a.NOW)
    home.platform.catalogue.end(job.media_id, job.version, "source", failure=CRASHED, at=a.NOW)
    home.task(job, "audio", TaskState.RUNNING, progress=0.5, seconds=2.0)
    home.task(job, "source", TaskState.FAILED, reason="It crashed.")
    told = client.get(f"/v1/media/{job.media_id}", headers=key).raise_for_status().json()
    assert {name: told[name] for name in ("id", "state", "run_id", "size", "progress", "error", "playback")} == {
        "id": job.media_id, "state": "processing", "run_id": "run-1", "size": 5, "progress": 0.5, "error": None,
        "playback": None,
    }  # fmt: skip
    assert told["tasks"][:2] == [
        {"name": "source", "state": "failed", "progress": 0.0, "seconds": None, "reason": "It crashed."},
        {"name": "audio", "state": "running", "progress": 0.5, "seconds": 2.0, "reason": None},
    ]
    (tried,) = told["attempts"]
    assert (tried["stage"], tried["error"]["code"]) == ("source", "TOOL_CRASH")
    assert told["started_at"] == "2026-01-02T03:04:05Z"


def test_a_refusal_has_its_code_and_its_sentence(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.move(home.media(), _S.REJECTED, failure=TRUNCATED)
    told = client.get(f"/v1/media/{job.media_id}", headers=key).json()
    assert (told["state"], told["error"]) == ("rejected", {"code": "TRUNCATED", "message": TRUNCATED.message})


@pytest.mark.parametrize(
    "media_id", ["unknown-aaaaaaaaaaaa", "%00", "..%2f..", "A", "x" * 300, "%F0%9F%8E%AC", "a%0d%0ab"]
)
def test_an_id_that_is_none_is_not_found(client: TestClient, key: dict[str, str], media_id: str) -> None:
    assert code(client.get(f"/v1/media/{media_id}", headers=key)) == (404, "not-found")


def test_a_page_follows_the_other_also_among_equal_times(home: House, client: TestClient, key: dict[str, str]) -> None:
    for number in range(7):
        home.media(f"same-{number}")
    home.media("new", at=a.NOW + timedelta(minutes=1))
    home.media("old", at=a.NOW - timedelta(minutes=1))
    whole = listed(client, key, limit=200)
    assert (whole[0], whole[-1], len(set(whole))) == ("new", "old", 9)
    for limit in (1, 3, 9):
        assert listed(client, key, limit=limit) == whole


def test_a_list_is_narrowed(home: House, client: TestClient, key: dict[str, str]) -> None:
    minute = timedelta(minutes=1)
    home.media("beach.mp4", title="A day at the beach", at=a.NOW + minute)
    town = home.media("town.mp4", title="Town", at=a.NOW + 2 * minute)
    gone = home.media("gone.mp4", title="Gone", at=a.NOW + 3 * minute)
    home.media("theirs.mp4", title="Theirs at the beach", tenant=OTHER)
    home.move(town, _S.PROCESSING)
    home.move(gone, _S.REMOVED, failure=SOURCE_DELETED)
    home.platform.catalogue.describe(town.media_id, ["they speak of crème brûlée"])
    assert listed(client, key, limit=50) == ["Town", "A day at the beach"]
    assert listed(client, key, limit=50, state="processing") == ["Town"]
    assert listed(client, key, limit=50, state="removed") == ["Gone"]
    assert listed(client, key, limit=50, q="Brulee") == ["Town"]
    assert listed(client, key, limit=50, q="beach day") == ["A day at the beach"]
    assert listed(client, key, limit=50, since=(a.NOW + 2 * minute).isoformat()) == ["Town"]
    assert listed(client, key, limit=50, before=(a.NOW + 2 * minute).isoformat()) == ["A day at the beach"]


CURSORS = ["", "x", "!!!", "eA==", "bnVsbA", "W10", "WzEsMl0", "é", "e30", "A" * 500]
TIMELESS = [["2026-01-01T00:00:00", "a-b"], ["0001-01-01T00:00:00+14:00", "a-b"], ["2026-01-01T00:00:00+00:00", "\0"]]


def encoded(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("cursor", [*CURSORS, *map(encoded, TIMELESS), encoded([1, 2]), encoded(["x", "y", "z"])])
def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, key: dict[str, str], cursor: str) -> None:
    assert code(client.get("/v1/media", params={"cursor": cursor}, headers=key)) == (400, "bad-cursor")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"state": "finished"}, "invalid-request"),
        ({"limit": "0"}, "invalid-request"),
        ({"limit": "201"}, "invalid-request"),
        ({"since": "yesterday"}, "invalid-request"),
        ({"since": "2026-01-01T00:00:00"}, "invalid-request"),
        ({"before": "0001-01-01T00:00:00+14:00"}, "invalid-request"),
        ({"sort": "title"}, "invalid-request"),
        ({"q": "x" * 501}, "invalid-request"),
        ({"q": "?!"}, "nothing-to-search-for"),
        ({"q": ""}, "nothing-to-search-for"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(
    client: TestClient, key: dict[str, str], asked: dict[str, str], expected: str
) -> None:
    assert code(client.get("/v1/media", params=asked, headers=key)) == (422, expected)


@pytest.mark.parametrize("title", ["no utf-8 \udce9\udcff", "half \ud83d", "nul\0", "new\nline", "\u202egnp.exe"])
def test_a_title_may_be_anything(home: House, client: TestClient, key: dict[str, str], title: str) -> None:
    job = home.media("odd", title=title)
    expected = title.encode(errors="replace").decode()
    assert client.get(f"/v1/media/{job.media_id}", headers=key).json()["title"] == expected
    assert listed(client, key, limit=50) == [expected]


def test_a_cancelled_job_is_told_to_the_engine(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.move(home.media(), _S.PROCESSING)
    for _ in range(2):  # the second time there is nothing to stop
        told = client.post(f"/v1/media/{job.media_id}/cancel", headers=key).raise_for_status().json()
        assert told["state"] == "cancelled"
    assert home.engine.stopped == [(job.media_id, job.version)]


def test_what_failed_is_asked_for_again(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.move(home.media(), _S.QUARANTINED, failure=CRASHED)
    home.engine.history.told[job.media_id] = [
        Run("run-1", "run-1", job.version, RunState.FAILED, False, a.NOW, a.NOW)
    ]  # fmt: skip
    answer = client.post(f"/v1/media/{job.media_id}/redrive", headers=key)
    assert (answer.status_code, answer.json()) == (
        202, {"media_id": job.media_id, "run_id": "launched-1", "tasks": list(TASKS)}
    )  # fmt: skip
    again = client.post(f"/v1/media/{job.media_id}/redrive", headers=key)
    assert code(again) == (409, "nothing-to-redrive")
    assert "under way" in again.json()["detail"]


def test_a_media_is_erased_with_its_file(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media()
    store = home.platform.store
    store.write("uploads", job.key, b"bytes", content_type="video/mp4")
    store.write("media", f"{job.media_id}/{job.version}/stream/a1/x.mp4", b"12345", content_type="video/mp4")
    receipt = client.delete(f"/v1/media/{job.media_id}", headers=key).raise_for_status().json()
    assert (receipt["objects"], receipt["bytes"], receipt["source_deleted"]) == (1, 5, True)
    assert list(store.list("uploads")) == list(store.list("media")) == []
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/redrive"), ("GET", "/events")]:
        assert code(client.request(method, f"/v1/media/{job.media_id}{path}", headers=key)) == (404, "not-found")


def test_the_uploaded_file_may_stay(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media()
    home.platform.store.write("uploads", job.key, b"bytes", content_type="video/mp4")
    url = f"/v1/media/{job.media_id}"
    assert client.delete(url, params={"keep_source": "true"}, headers=key).json()["source_deleted"] is False
    assert home.platform.store.head("uploads", job.key).size == 5


def test_an_erasure_that_broke_off_is_asked_for_again(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media()

    def busy(media_id: str) -> int:
        raise Conflict("A run takes long to end: try again.", detail=media_id)

    at_first, home.engine.forget = home.engine.forget, busy  # type: ignore[method-assign]
    assert code(client.delete(f"/v1/media/{job.media_id}", headers=key)) == (409, "conflict")
    assert code(client.get(f"/v1/media/{job.media_id}", headers=key)) == (404, "not-found")
    home.engine.forget = at_first  # type: ignore[method-assign]
    assert client.delete(f"/v1/media/{job.media_id}", headers=key).status_code == 200


def test_downloads_lead_to_addresses_that_need_no_key(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media()
    for name, ending in (("original", "original"), ("mp4", "download.mp4")):
        answer = client.get(f"/v1/media/{job.media_id}/{name}", headers=key)
        assert answer.status_code == 307
        where = httpx.URL(answer.headers["location"])
        assert where.path.startswith(f"/v1/play/{job.media_id}/")
        assert where.path.endswith(f"/{ending}")


def test_addresses_are_those_that_people_use(tmp_path: Path, empty: bytes) -> None:
    for url, expected in [
        (None, "http://testserver/v1/play/"),
        ("https://a.example/m/", "https://a.example/m/v1/play/"),
    ]:
        home = house(tmp_path / str(url is None), empty, gateway_url=url)
        job = home.media(tasks=("thumbnails",))
        home.task(job, "thumbnails", TaskState.DONE)
        home.platform.catalogue.published(job.media_id, job.version, 1)
        (item,) = TestClient(home.app).get("/v1/media", headers=home.key()).json()["items"]
        assert item["poster"].startswith(expected)


def test_sound_has_no_poster(home: House, client: TestClient, key: dict[str, str]) -> None:
    job = home.media(tasks=("thumbnails",))
    home.task(job, "thumbnails", TaskState.SKIPPED, reason="There is no picture.")
    home.platform.catalogue.published(job.media_id, job.version, 1)
    assert client.get(f"/v1/media/{job.media_id}", headers=key).json()["poster"] is None


def test_a_reader_changes_nothing(home: House, client: TestClient) -> None:
    job, reader = home.media(), home.key("acme", Scope.READ)
    for method, path in [("POST", "/cancel"), ("POST", "/redrive"), ("DELETE", "")]:
        answer = client.request(method, f"/v1/media/{job.media_id}{path}", headers=reader)
        assert code(answer) == (403, "scope-missing")
    assert home.platform.catalogue.job(job.media_id) == job
