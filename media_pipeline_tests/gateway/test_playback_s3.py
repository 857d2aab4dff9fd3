"""Playback from S3: playlists by the gateway, everything large by the store, at the address that browsers reach."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.testclient import TestClient

from media_pipeline.application.outputs import CONTENT_TYPES
from media_pipeline.domain.signature import signed
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline.infrastructure.s3_intake import signer
from media_pipeline_tests.conftest import KEY
from media_pipeline_tests.conftest import SECRET as STORE_SECRET
from media_pipeline_tests.gateway.house import SECRET, Film, House, of
from media_pipeline_tests.gateway.test_media import code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def home(film: Film, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> House:
    """The film's house over a bucket, whose public address is another name of the same server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", STORE_SECRET)
    outside = signer(s3.meta.endpoint_url.replace("127.0.0.1", "localhost"), "us-east-1")
    store = S3Store(s3, outside)
    for file in film.folder.rglob("*.*"):
        key = f"{film.job.media_id}/{file.relative_to(film.folder)}"
        store.write("media", key, file.read_bytes(), content_type=CONTENT_TYPES[file.suffix])
    clip = film.home.platform.settings.inbox / "clip.mp4"
    store.write("uploads", "clip.mp4", clip.read_bytes(), content_type="video/mp4")
    return of(replace(film.home.platform, store=store))


@pytest.fixture
def client(home: House) -> Iterator[TestClient]:
    with TestClient(home.app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def told(home: House, client: TestClient, film: Film) -> Any:
    return client.get(f"/v1/media/{film.job.media_id}", headers=home.key()).raise_for_status().json()["playback"]


def segments(client: TestClient, url: str) -> Iterator[str]:
    """The addresses of the media files that a master playlist leads to."""
    for name in re.findall(r'URI="([^"]+)"|^([^#\s].*)$', client.get(url).text, re.MULTILINE):
        inner = urljoin(url, "".join(name))
        if inner.endswith(".m3u8"):
            yield from segments(client, inner)
        else:
            yield inner


def test_segments_come_from_the_store_by_ranges_for_a_while(client: TestClient, told: Any, film: Film) -> None:
    found = set(segments(client, told["manifest"]["hls"]))
    assert {Path(httpx.URL(url).path).suffix for url in found} == {".mp4", ".vtt"}
    for url in (url for url in found if url.endswith(".mp4")):
        answer = client.get(url)
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "no-store"
        where = answer.headers["location"]
        assert where.startswith("http://localhost:")
        local = film.folder / httpx.URL(url).path.split("/", 5)[5]
        part = httpx.get(where, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, local.read_bytes()[10:20])
        assert part.headers["content-type"] == "video/mp4"
        assert httpx.get(f"{where}x").status_code == 403
        assert httpx.get(where.replace("media/", "uploads/", 1)).status_code == 403


def test_text_is_served_by_the_gateway_so_that_its_names_lead_back_to_it(client: TestClient, told: Any) -> None:
    (track,) = told["manifest"]["subtitles"]
    for url in (told["manifest"]["hls"], told["manifest"]["dash"], track["vtt"], track["words"]):
        assert client.get(url).status_code == 200


def test_an_address_of_the_store_dies_with_the_one_that_led_to_it(home: House, client: TestClient, film: Film) -> None:
    until = home.platform.now() + timedelta(seconds=90)
    at = f"/v1/play/{film.job.media_id}/{signed(SECRET, 'play', film.job.media_id, expires_at=until)}"
    segment = next(str(p.relative_to(film.folder)) for p in film.folder.glob("*/stream/*/*.mp4"))
    where = httpx.URL(client.get(f"{at}/{segment}").headers["location"])
    assert 60 < int(where.params["X-Amz-Expires"]) <= 90


def test_downloads_are_downloads_at_the_store_too(client: TestClient, told: Any, film: Film) -> None:
    for url, kind, ending in [(told["original"], "application/octet-stream", "mov"), (told["mp4"], "video/mp4", "mp4")]:
        answer = httpx.get(client.get(url).headers["location"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        disposition = answer.headers["content-disposition"]
        assert disposition == f"attachment; filename*=UTF-8''%C3%9Cber%20_uns_Set-Cookie_%20a%3Db%3B%20gpj.{ending}"
        assert "set-cookie" not in answer.headers
    whole = (film.home.platform.settings.inbox / "clip.mp4").read_bytes()
    assert httpx.get(client.get(told["original"]).headers["location"]).content == whole


def test_what_is_not_there_is_not_led_to(client: TestClient, told: Any, film: Film) -> None:
    base = told["original"].removesuffix("/original")
    for path in ("media.json", f"{film.job.version}/results/source.json", f"{film.job.version}//results/a/source.json"):
        assert code(client.get(f"{base}/{path}")) == (404, "not-found")
    missing = client.get(f"{base}/{film.job.version}/stream/none/x.m3u8")
    assert code(missing) == (404, "not-found")
