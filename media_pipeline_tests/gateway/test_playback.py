"""Playback from this machine's disk: by signed addresses, for a while, and nothing else."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.testclient import TestClient

from media_pipeline.application.outputs import CONTENT_TYPES
from media_pipeline.domain import published_files
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.signature import signed
from media_pipeline_tests import media
from media_pipeline_tests.gateway.house import SECRET, Film, House, house, served
from media_pipeline_tests.gateway.test_media import code


@pytest.fixture(scope="module")
def player(film: Film) -> Iterator[TestClient]:
    with TestClient(film.home.app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def site(film: Film) -> Iterator[str]:
    with served(film.home.app) as url:
        yield url


@pytest.fixture(scope="module")
def told(film: Film, player: TestClient) -> Any:
    """What the status says of playback."""
    key = film.home.key("acme", Scope.READ)
    answer = player.get(f"/v1/media/{film.job.media_id}", headers=key).raise_for_status()
    return answer.json()["playback"]


def token(film: Film, *, hours: float = 1, kind: str = "play", media_id: str | None = None) -> str:
    until = film.home.platform.now() + timedelta(hours=hours)
    return signed(SECRET, kind, media_id or film.job.media_id, expires_at=until)


def prefix(film: Film, **changes: Any) -> str:
    return f"/v1/play/{film.job.media_id}/{token(film, **changes)}"


def references(film: Film, playlist: str) -> list[str]:
    """The names in a playlist, as they stand there."""
    text = (film.folder / playlist).read_text()
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    return names + [part.split('"')[0] for part in text.split('URI="')[1:]]


def test_everything_a_manifest_names_is_found_from_where_it_was_named(
    film: Film, player: TestClient, told: Any
) -> None:
    waiting, seen = [told["manifest"]["hls"]], set()
    while waiting:
        url = waiting.pop()
        answer = player.get(url)
        assert answer.status_code == 200, url
        assert answer.headers["content-type"] == CONTENT_TYPES[Path(httpx.URL(url).path).suffix]
        path = httpx.URL(url).path.split("/", 5)[5]
        assert answer.content == (film.folder / path).read_bytes()
        seen.add(path)
        if path.endswith(".m3u8"):
            fresh = [urljoin(url, name) for name in references(film, path)]
            waiting += [url for url in fresh if httpx.URL(url).path.split("/", 5)[5] not in seen]
    named = published_files.named(film.manifest, lambda path: (film.folder / path).read_text())
    assert {p for p in named if p.endswith((".m3u8", ".mp4")) and "/stream/" in p} <= seen
    for each in (told["manifest"]["dash"], told["manifest"]["poster"], *_texts(told)):
        assert player.get(each).status_code == 200, each


def _texts(told: Any) -> list[str]:
    (track,) = told["manifest"]["subtitles"]
    return [track["vtt"], track["srt"], track["words"]]


def test_files_are_plain_and_may_be_kept_and_are_no_pages(film: Film, player: TestClient, told: Any) -> None:
    answer = player.get(told["manifest"]["hls"])
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-99999999", 206, slice(0, None)),
        (None, 200, slice(None)),
    ],
)
def test_ranges_are_answered(film: Film, player: TestClient, asked: str | None, status: int, expected: slice) -> None:
    path = next(p for p in _segments(film))
    whole = (film.folder / path).read_bytes()
    answer = player.get(f"{prefix(film)}/{path}", headers={"Range": asked} if asked else {})
    assert (answer.status_code, answer.content) == (status, whole[expected])
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        start, end, _ = expected.indices(len(whole))
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=5-2", "bytes=x-y", "lines=1-2"])
def test_a_range_that_cannot_be_is_a_problem(film: Film, player: TestClient, asked: str) -> None:
    path = next(p for p in _segments(film))
    answer = player.get(f"{prefix(film)}/{path}", headers={"Range": asked})
    assert code(answer) == (416, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{(film.folder / path).stat().st_size}"


def _segments(film: Film) -> list[str]:
    return sorted(str(p.relative_to(film.folder)) for p in film.folder.glob("*/stream/*/*.mp4"))


def test_an_address_dies_by_itself(film: Film, player: TestClient) -> None:
    hls = film.manifest.hls
    assert player.get(f"{prefix(film, hours=0.01)}/{hls}").status_code == 200
    for path in (hls, "original", "download.mp4", "poster"):
        assert code(player.get(f"{prefix(film, hours=-0.001)}/{path}")) == (403, "address-expired")


def test_an_address_is_good_for_one_media_and_for_playing_it(film: Film, player: TestClient) -> None:
    for wrong in ({"media_id": "other-aaaaaaaaaaaa"}, {"kind": "put"}):
        answer = player.get(f"{prefix(film, **wrong)}/{film.manifest.hls}")
        assert code(answer) == (403, "address-tampered")


def test_whatever_is_changed_about_an_address_makes_it_worthless(film: Film, player: TestClient) -> None:
    good = token(film)
    until, tag = good.split(".")
    flipped = tag[:-1] + ("A" if tag[-1] != "A" else "B")
    for bad in (f"{int(until) + 3600}.{tag}", f"{until}.{flipped}", f"{until}.", until, "x", f"0{good}", f"{good}x"):
        assert code(player.get(f"/v1/play/{film.job.media_id}/{bad}/{film.manifest.hls}")) == (403, "address-tampered")


TRICKS = [
    "media.json",
    "{version}/results/source.json",
    "{version}//results/source.json",
    "{version}/stream/../results/source.json",
    "{version}/stream/..%2fresults/source.json",
    "{version}/stream/%2e%2e/results/source.json",
    "{version}/stream%2f%2e%2e%2fresults/source.json",
    "{version}/results%2fsource.json",
    "{version}/results/transcodes/144p.json",
    "{version}/results/human/a.vtt",
    "../{media}/media.json",
    "..%2f..%2fcatalogue.db",
    "%2e%2e/%2e%2e/signing-key",
    "{version}/stream/a/..%5c..%5cx.mp4",
    "{version}/stream/a/.hidden.mp4",
    "{version}/stream/a/x.mp4%00.jpg",
    "{version}/stream/a/x.html",
    "{version}/stream/a/nothing.mp4",
    "/etc/passwd",
    "",
    "{version}",
    "{version}/stream",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_but_outputs_is_served(film: Film, site: str, trick: str) -> None:
    path = trick.format(version=film.job.version, media=film.job.media_id)
    connection = http.client.HTTPConnection(httpx.URL(site).netloc.decode())  # takes an address as it stands
    connection.request("GET", f"{prefix(film)}/{path}")
    answer = connection.getresponse()
    problem = json.loads(answer.read())
    connection.close()
    assert (answer.status, problem["code"]) in [(404, "not-found"), (403, "address-tampered")]


def test_the_original_is_a_download_of_bytes_under_a_harmless_name(film: Film, player: TestClient, told: Any) -> None:
    answer = player.get(told["original"])
    assert answer.content == (film.home.platform.settings.inbox / "clip.mp4").read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=utf-8''%C3%9Cber%20_uns_Set-Cookie_%20a%3Db%3B%20gpj.mov"
    )
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_an_mp4_of_the_stream_plays(film: Film, player: TestClient, told: Any, tmp_path: Path) -> None:
    answer = player.get(told["mp4"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["content-disposition"].endswith("gpj.mp4")
    file = tmp_path / "source"  # as every tool gets to see its input
    file.write_bytes(answer.content)
    assert file.read_bytes().index(b"moov") < file.read_bytes().index(b"mdat")  # plays while it is loaded
    info = media.tool().probe(file)
    assert info.video is not None
    assert (info.video.display_width, info.video.display_height, len(info.audio)) == (256, 144, 1)
    assert info.duration_seconds == pytest.approx(2, abs=0.1)
    assert player.get(told["mp4"]).content == answer.content  # made once


def test_a_real_player_plays_the_stream_from_its_address_alone(film: Film, site: str) -> None:
    url = f"{site}{prefix(film)}/{film.manifest.hls}"
    argv = [media.settings().ffmpeg_path, "-v", "error", "-i", url, "-map", "0:v", "-map", "0:a", "-f", "framecrc", "-"]
    played = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    frames = [line.split(",")[0] for line in played.stdout.splitlines() if not line.startswith("#")]
    assert (played.returncode, played.stderr) == (0, "")
    assert frames.count("0") == 20


def test_before_something_is_published_there_is_nothing_to_play(home: House, client: TestClient) -> None:
    job = home.media()
    until = home.platform.now() + timedelta(hours=1)
    at = f"/v1/play/{job.media_id}/{signed(SECRET, 'play', job.media_id, expires_at=until)}"
    for path in ("original", "download.mp4", "poster", f"{job.version}/stream/a1/master.m3u8"):
        assert code(client.get(f"{at}/{path}")) == (404, "not-found")


def test_how_long_addresses_are_good_is_a_setting(tmp_path: Path, empty: bytes) -> None:
    home = house(tmp_path / "home", empty, playback_hours=2)
    job = home.media()
    client = TestClient(home.app, follow_redirects=False)
    where = client.get(f"/v1/media/{job.media_id}/original", headers=home.key()).headers["location"]
    until = int(where.split("/")[6].split(".")[0])
    assert abs(until - home.platform.now().timestamp() - 7200) < 60
