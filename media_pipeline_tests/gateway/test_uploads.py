"""Uploads over HTTP: both stores, whatever a client does wrong, and whoever is not meant to."""

import hashlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.session import part_claim
from media_pipeline.domain.signature import signed
from media_pipeline.gateway.app import create_app
from media_pipeline_tests.gateway.sender import Sender, sending, whole
from media_pipeline_tests.gateway.upstream import serving, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 2**20
SMALL, LARGE = 1000, 17 * MIB
"""one part; three"""


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    with sending(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module", params=["disk", "s3"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    s3 = request.getfixturevalue("s3_server") if request.param == "s3" else None
    with sending(tmp_path_factory.mktemp("home"), s3) as found:
        yield found


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("size", "parts"), [(SMALL, 1), (LARGE, 3)])
def test_a_file_is_sent_and_becomes_a_media_with_one_run(either: Sender, size: int, parts: int) -> None:
    upload = either.begun(size, title="Holiday", profile="fast", language="eng", tags=["beach", "2026", "beach"])
    assert (upload["state"], upload["part_count"], len(upload["parts"])) == ("open", parts, parts)
    assert either.arrived(upload) == []
    for part in reversed(upload["parts"]):
        assert either.put(part).headers["etag"]
    assert either.arrived(upload) == list(range(1, parts + 1))
    done = either.complete(upload)
    assert (done.status_code, done.json()["state"]) == (200, "completed")
    job = either.front.platform.catalogue.job(upload["media_id"])
    assert (job.title, job.profile, job.language, job.tags) == ("Holiday", "fast", "en", ("beach", "2026"))
    assert (job.tenant, job.size) == ("acme", size)
    assert either.front.platform.store.read("uploads", job.key)[0] == whole(upload)
    assert either.complete(upload).json() == done.json() == either.ask(upload).json()
    assert [launched.media_id for launched in either.launched].count(job.media_id) == 1
    shown = either.client.get(f"/v1/media/{job.media_id}", headers=either.key(scope=Scope.READ)).json()
    assert (shown["title"], shown["tags"], shown["language"]) == ("Holiday", ["beach", "2026"], "en")
    assert either.ask(upload, "/parts").json() == {"arrived": [], "parts": []}


def test_a_sender_that_comes_back_goes_on_where_it_was(either: Sender) -> None:
    upload = either.begun(LARGE)
    either.put(upload["parts"][1])
    answer = either.ask(upload, "/parts").json()
    assert [part["number"] for part in answer["arrived"]] == [2]
    assert [part["number"] for part in answer["parts"]] == [1, 3]
    for part in answer["parts"]:
        either.put(part).raise_for_status()
    told = [{"number": p["number"], "etag": p["etag"]} for p in either.ask(upload, "/parts").json()["arrived"]]
    assert either.complete(upload, json={"parts": told}).status_code == 200


def test_a_connection_that_breaks_off_costs_its_part_alone(sender: Sender) -> None:
    upload = sender.begun(LARGE)
    sender.put(upload["parts"][0]).raise_for_status()
    with serving(create_app(sender.front)) as url:
        at, path = urlsplit(url), urlsplit(upload["parts"][1]["url"])
        with socket.create_connection((at.hostname, at.port)) as half:
            head = f"PUT {path.path}?{path.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {8 * MIB}\r\n\r\n"
            half.sendall(head.encode() + b"?" * (3 * MIB))
        assert sender.arrived(upload) == [1]
        resumed = httpx.put(f"{url}{path.path}?{path.query}", content=b"\2" * 8 * MIB)
        assert resumed.status_code == 200
    until(lambda: sender.arrived(upload) == [1, 2])
    sender.put(upload["parts"][2]).raise_for_status()
    assert sender.complete(upload).status_code == 200
    key = sender.front.platform.catalogue.job(upload["media_id"]).key
    assert sender.front.platform.store.read("uploads", key)[0] == whole(upload)


def test_the_same_idempotency_key_is_the_same_upload(sender: Sender) -> None:
    first = sender.begun(once="k")
    again = sender.begun(once="k")
    assert (again["id"], again["media_id"]) == (first["id"], first["media_id"])
    assert sender.begun()["id"] != first["id"]
    assert problem(sender.announce(SMALL + 1, once="k")) == (422, "idempotency-key-reused")
    assert problem(sender.announce(once="k" * 256)) == (422, "invalid-request")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"size": 5 * 2**30 + 1}, 413, "limit-size"),
        ({"size": 0}, 422, "empty-object"),
        ({"size": -1}, 422, "invalid-request"),
        ({"profile": "none"}, 422, "profile-unknown"),
        ({"filename": ""}, 422, "invalid-request"),
        ({"title": "nul\0"}, 422, "invalid-request"),
        ({"tags": [""]}, 422, "invalid-request"),
        ({"tags": ["x"] * 51}, 422, "invalid-request"),
        ({"language": "<b>"}, 422, "invalid-request"),
        ({"sha256": "ab"}, 422, "invalid-request"),
        ({"content_type": "video/mp4\r\nx: y"}, 422, "invalid-request"),
        ({"unknown": 1}, 422, "invalid-request"),
    ],
)
def test_what_cannot_be_is_refused_before_a_byte_is_sent(
    sender: Sender, said: dict[str, Any], status: int, code: str
) -> None:
    assert problem(sender.announce(**said)) == (status, code)


def test_what_is_no_text_is_refused(sender: Sender) -> None:
    half = b'{"filename": "\\ud83d.mp4", "size": 1}'
    assert problem(sender.client.post("/v1/uploads", content=half, headers=sender.mine)) == (422, "invalid-request")


@pytest.mark.parametrize("name", ["../../etc/passwd", "Über uns 🎬.mp4", ".hidden", "clip.mp4.part", "a" * 1024])
def test_whatever_a_file_is_called_people_see_its_name(sender: Sender, name: str) -> None:
    upload = sender.sent(filename=name)
    assert sender.complete(upload).json()["title"] == name
    assert sender.front.platform.catalogue.job(upload["media_id"]).title == name


def test_an_upload_needs_a_key_that_may_upload(sender: Sender) -> None:
    upload = sender.begun()
    for method, what in (("GET", ""), ("GET", "/parts"), ("POST", "/complete"), ("DELETE", "")):
        assert problem(sender.ask(upload, what, method, headers={})) == (401, "unauthenticated")
        reader = sender.key(scope=Scope.READ)
        assert problem(sender.ask(upload, what, method, headers=reader)) == (403, "scope-missing")


def test_somebody_elses_upload_is_answered_as_one_that_never_was(sender: Sender) -> None:
    upload, other = sender.sent(), sender.key("berta")
    for method, what in (("GET", ""), ("GET", "/parts"), ("POST", "/complete"), ("DELETE", "")):
        theirs = sender.ask(upload, what, method, headers=other)
        nobodys = sender.ask({"id": "nobody"}, what, method, headers=other)
        assert problem(theirs) == (404, "not-found")
        assert theirs.json() == nobodys.json()
    assert sender.complete(upload).status_code == 200


def test_a_part_goes_to_its_own_address_and_to_no_other(sender: Sender) -> None:
    upload = sender.begun(LARGE)
    first, second = upload["parts"][:2]
    for tampered in (
        first["url"].replace("/parts/1", "/parts/2"),
        first["url"].replace(upload["id"], sender.begun(LARGE)["id"]),
        first["url"][:-1] + ("A" if first["url"][-1] != "A" else "B"),
        first["url"].replace("token=", "token=9"),
        second["url"].partition("?")[0] + "?token=",
    ):
        assert problem(sender.put({**first, "url": tampered})) == (403, "address-tampered")
    assert problem(sender.client.put(first["url"].partition("?")[0])) == (422, "invalid-request")
    assert sender.arrived(upload) == []


def address(sender: Sender, upload: Any, number: int, *, hours: float = 1) -> str:
    until_ = sender.front.platform.now() + timedelta(hours=hours)
    token = signed(sender.front.secret, *part_claim(upload["id"], number), expires_at=until_)
    return f"/v1/uploads/{upload['id']}/parts/{number}?token={token}"


def test_an_address_dies_by_itself(sender: Sender) -> None:
    upload = sender.begun()
    (part,) = upload["parts"]
    assert problem(sender.put({**part, "url": address(sender, upload, 1, hours=-1)})) == (403, "address-expired")
    assert sender.put({**part, "url": address(sender, upload, 1)}).status_code == 200


def test_a_part_that_there_is_not_is_refused_though_it_is_signed(sender: Sender) -> None:
    upload = sender.begun(LARGE)
    for number in (0, 4):
        assert problem(sender.client.put(address(sender, upload, number), content=b"x")) == (404, "part-unknown")


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
@pytest.mark.parametrize("size", [SMALL - 1, SMALL + 1, SMALL + 3 * MIB, 0])
def test_a_part_of_another_size_is_refused_whether_or_not_its_length_is_told(
    sender: Sender, size: int, told: bool
) -> None:
    upload = sender.begun()
    (part,) = upload["parts"]
    body: Any = b"x" * size
    if not told:
        body = iter([body])  # chunked
    assert problem(sender.put(part, body)) == (422, "part-size")
    assert sender.arrived(upload) == []
    assert problem(sender.complete(upload)) == (409, "parts-missing")


def test_a_file_that_is_not_the_one_announced_leaves_nothing(sender: Sender) -> None:
    upload = sender.sent(sha256=hashlib.sha256(b"other").hexdigest())
    assert problem(sender.complete(upload)) == (422, "checksum-mismatch")
    assert not sender.stored(upload)
    assert not (sender.front.platform.settings.receiving / upload["id"]).exists()
    assert sender.ask(upload).json()["state"] == "aborted"
    assert upload["media_id"] not in [job.media_id for job in sender.launched]
    with pytest.raises(Missing):
        sender.front.platform.catalogue.job(upload["media_id"])
    assert problem(sender.complete(upload)) == (409, "upload-closed")


def test_the_announced_checksum_of_the_right_file_holds(either: Sender) -> None:
    """In capitals, too. On S3 the store checks it, by a header that the answer names."""
    upload = either.sent(sha256=hashlib.sha256(b"\1" * SMALL).hexdigest().upper())
    assert either.complete(upload).status_code == 200


def test_an_upload_that_is_taken_back_is_gone(either: Sender) -> None:
    upload = either.begun(LARGE)
    either.put(upload["parts"][0])
    for _ in range(2):
        assert either.ask(upload, method="DELETE").status_code == 204
    assert either.ask(upload).json()["state"] == "aborted"
    assert problem(either.complete(upload)) == (409, "upload-closed")
    assert either.put(upload["parts"][0]).status_code in {404, 409}
    assert not either.stored(upload)


def test_what_is_complete_is_not_taken_back(sender: Sender) -> None:
    upload = sender.sent()
    sender.complete(upload)
    assert problem(sender.ask(upload, method="DELETE")) == (409, "upload-closed")
    assert problem(sender.put(upload["parts"][0])) == (409, "upload-closed")
    assert sender.stored(upload)


def test_an_upload_whose_time_is_up_says_so(tmp_path: Path) -> None:
    with sending(tmp_path, upload_expires_hours=1e-9) as sender:
        upload = sender.begun()
        assert (sender.ask(upload).json()["state"], upload["parts"]) == ("expired", [])
        assert problem(sender.complete(upload)) == (410, "upload-expired")
        assert problem(sender.client.put(address(sender, upload, 1), content=b"x" * SMALL)) == (410, "upload-expired")


def test_a_gateway_whose_store_takes_bytes_itself_takes_none(tmp_path: Path, s3: "S3Client") -> None:
    with sending(tmp_path, s3) as sender:
        upload = sender.begun()
        assert upload["parts"][0]["url"].startswith(s3.meta.endpoint_url)
        assert problem(sender.client.put(address(sender, upload, 1), content=b"x")) == (404, "not-found")


def test_addresses_name_the_gateway_as_people_reach_it(tmp_path: Path) -> None:
    with sending(tmp_path, gateway_url="https://media.example.com") as sender:
        (part,) = sender.begun()["parts"]
    assert part["url"].startswith("https://media.example.com/v1/uploads/")


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with sending(tmp_path, limits={"bytes": 10**15}) as sender:
        assert problem(sender.announce(10**15)) == (507, "disk-full")
