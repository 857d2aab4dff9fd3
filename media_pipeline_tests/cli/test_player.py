"""The player page over HTTP, as a browser asks for it, on a media whose MP4s are real and small."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from media_pipeline.cli import player_files
from media_pipeline.cli.player import byte_range, page, serve
from media_pipeline.domain import published_files
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest, ManifestAudio, ManifestRendition, ManifestSubtitles, Storyboard
from media_pipeline.domain.tags import Tag
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline_tests import media

BUCKET = "media"
CLIP = "clip-mp4-aaaaaaaaaaaa"
OTHER = "other-mp4-bbbbbbbbbbbb"
MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,URI="../../stream/x/audio-1.m3u8",GROUP-ID="audio",NAME="Deutsch",DEFAULT=NO,CHANNELS="2"
#EXT-X-MEDIA:TYPE=AUDIO,URI="../../stream/x/audio-0.m3u8",GROUP-ID="audio",NAME="English",DEFAULT=YES,CHANNELS="2"
#EXT-X-STREAM-INF:BANDWIDTH=9000,AVERAGE-BANDWIDTH=9999,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=160x120,AUDIO="audio"
../../stream/x/video-120p.m3u8

#EXT-X-STREAM-INF:BANDWIDTH=90000,AVERAGE-BANDWIDTH=500,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=320x240,AUDIO="audio"
../../stream/x/video-240p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=99000,AVERAGE-BANDWIDTH=500,CODECS="hvc1.1.6.L93,mp4a.40.2",RESOLUTION=640x480,AUDIO="audio"
../../stream/x/video-hevc.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300,CODECS="avc1.64001f",URI="../../stream/x/video-240p-iframes.m3u8"
"""
POSTER = bytes(range(256)) * 4


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Site:
    """A page being served."""

    url: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """One request, its path sent exactly as spelt."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        reply = connection.getresponse()
        found = Reply(reply.status, {k.title(): v for k, v in reply.getheaders()}, reply.read())
        connection.close()
        return found


def manifest(**changes: object) -> Manifest:
    whole = Manifest(
        schema_version="1.0",
        id=CLIP,
        version="v1",
        revision=2,
        kind="video",
        duration_seconds=2.0,
        display_width=320,
        display_height=240,
        frame_rate="25/1",
        hls="v1/revisions/2/master.m3u8",
        dash="v1/revisions/2/manifest.mpd",
        mp4=None,
        renditions=(ManifestRendition("240p", "h264", 320, 240, 90_000, 20_000),),
        audio=(ManifestAudio("en", 2, "aac", -16.1),),
        poster="v1/thumbnails/x/poster.jpg",
        storyboard=Storyboard("v1/thumbnails/x/storyboard.vtt", ("v1/thumbnails/x/storyboard-0.jpg",)),
        preview=None,
        subtitles=(ManifestSubtitles("en", "subtitles", "speech", "v1/subtitles/x/en.vtt", "v1/en.srt", None),),
        tags=(Tag("cat </script><b>", "label", 0.9, ((0.0, 1.0),), "classifier"),),
        scenes=((0.0, 2.0),),
        chapters=(),
        checks=(),
        provenance=(),
        warnings=(),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalDisk:
    root = tmp_path_factory.mktemp("store")
    clip = root / CLIP
    for folder in ("v1/stream/x", "v1/revisions/2", "v1/thumbnails/x", "v1/subtitles/x", "v1/results"):
        (clip / folder).mkdir(parents=True)
    stream = clip / "v1/stream/x"
    media.make(stream / "video-240p.mp4", *media.picture(2), *media.h264())
    media.make(stream / "audio-0.mp4", *media.tone(2), "-c:a", "aac")
    for name in ("video-120p", "video-240p", "video-hevc", "video-240p-iframes", "audio-0", "audio-1"):
        text = f'#EXTM3U\n#EXT-X-MAP:URI="{name.removesuffix("-iframes")}.mp4",BYTERANGE="800@0"\n'
        (stream / f"{name}.m3u8").write_text(text)
    (clip / "v1/revisions/2/master.m3u8").write_text(MASTER)
    (clip / "v1/revisions/2/manifest.mpd").write_text("<MPD/>")
    (clip / "v1/thumbnails/x/poster.jpg").write_bytes(POSTER)
    (clip / "v1/thumbnails/x/storyboard.vtt").write_text("WEBVTT\n")
    (clip / "v1/subtitles/x/en.vtt").write_text("WEBVTT\n")
    (clip / "v1/results/source.json").write_text("{}")
    (clip / "media.json").write_text("{}")
    (root / OTHER / "v1/stream/x").mkdir(parents=True)
    (root / OTHER / "media.json").write_text("{}")
    (root / OTHER / "v1/stream/x/video-240p.mp4").write_bytes(b"private")
    return LocalDisk({BUCKET: root})


@pytest.fixture(scope="module")
def site(store: LocalDisk) -> Iterator[Site]:
    with serve(manifest(), "A clip", store=store, bucket=BUCKET, tool=media.tool()) as url:
        yield Site(url)


def test_the_page_is_on_the_loopback_address_only(site: Site) -> None:
    assert site.url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_an_error(site: Site, store: LocalDisk) -> None:
    port = urlsplit(site.url).port
    assert port is not None
    with pytest.raises(OSError), serve(manifest(), "", store=store, bucket=BUCKET, tool=media.tool(), port=port):
        pass


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/player.css", "text/css; charset=utf-8"),
        ("/player.js", "text/javascript; charset=utf-8"),
        ("/timeline.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/media/media.json", "application/json"),
        ("/media/v1/revisions/2/master.m3u8", "application/vnd.apple.mpegurl"),
        ("/media/v1/revisions/2/manifest.mpd", "application/dash+xml"),
        ("/media/v1/stream/x/video-240p.m3u8", "application/vnd.apple.mpegurl"),
        ("/media/v1/stream/x/video-240p.mp4", "video/mp4"),
        ("/media/v1/thumbnails/x/poster.jpg?again", "image/jpeg"),
        ("/media/v1/subtitles/x/en.vtt", "text/vtt; charset=utf-8"),
    ],
)
def test_everything_has_its_content_type(site: Site, path: str, content_type: str) -> None:
    reply = site.ask(path)
    assert (reply.status, reply.headers["Content-Type"]) == (200, content_type)
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert len(reply.body) == int(reply.headers["Content-Length"])


def test_every_script_and_style_that_the_page_names_is_served(site: Site) -> None:
    folder = Path(player_files.__file__).with_name("player")
    names = sorted(p.name for p in folder.iterdir() if p.name != "index.html")
    assert [site.ask(f"/{name}").status for name in names] == [200] * len(names)


def test_the_page_allows_no_inline_script_and_is_not_kept(site: Site) -> None:
    headers = site.ask("/").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_head_has_the_length_and_no_body(site: Site) -> None:
    reply = site.ask("/media/v1/thumbnails/x/poster.jpg", "HEAD", Range="bytes=0-9")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "1024")
    assert reply.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("bytes=0-9", (0, 9)), ("bytes=1000-", (1000, 1023)), ("bytes=-4", (1020, 1023)), ("bytes=5-9999", (5, 1023))],
)
def test_a_range_is_sent_alone(site: Site, asked: str, sent: tuple[int, int]) -> None:
    reply = site.ask("/media/v1/thumbnails/x/poster.jpg", Range=asked)
    assert (reply.status, reply.body) == (206, POSTER[sent[0] : sent[1] + 1])
    assert reply.headers["Content-Range"] == f"bytes {sent[0]}-{sent[1]}/1024"


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=-0", "bytes=5000-6000"])
def test_a_range_past_the_end_is_refused_with_the_size(site: Site, asked: str) -> None:
    reply = site.ask("/media/v1/thumbnails/x/poster.jpg", Range=asked)
    assert (reply.status, reply.headers["Content-Range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "seconds=1-2", "bytes=a-b", "bytes=٣-"])
def test_what_is_no_single_range_is_answered_with_everything(asked: str) -> None:
    assert byte_range(asked, 1024) is None


def test_a_range_under_a_condition_is_answered_with_everything(site: Site) -> None:
    reply = site.ask("/media/v1/thumbnails/x/poster.jpg", Range="bytes=0-9", If_Range='"then"')
    assert (reply.status, len(reply.body)) == (200, 1024)


def test_an_empty_file_has_no_range() -> None:
    assert byte_range("bytes=0-", 0) == range(0)
    assert byte_range(None, 0) is None


@pytest.mark.parametrize(
    "path",
    [
        f"/media/../{OTHER}/media.json",
        f"/media/%2e%2e/{OTHER}/media.json",
        f"/media/..%2f{OTHER}%2fmedia.json",
        f"/media/v1/../../{OTHER}/v1/stream/x/video-240p.mp4",
        f"/{OTHER}/media.json",
        f"/media/{OTHER}/media.json",
        "/media/../../../../../../etc/passwd",
        "/media//etc/passwd",
        "/media/v1/../media.json",
        "/../player.css",
        "/player/index.html",
        "/index.html",
        "/media/",
        "/media/v1/",
        "/media/media.json%00",
        "//[",
    ],
)
def test_other_medias_and_other_files_do_not_exist(site: Site, path: str) -> None:
    assert site.ask(path).status == 404


def test_what_the_manifest_does_not_name_does_not_exist(site: Site) -> None:
    assert site.ask("/media/v1/results/source.json").status == 404


def test_a_named_file_that_is_gone_is_not_found(site: Site) -> None:
    assert site.ask("/media/v1/thumbnails/x/storyboard-0.jpg").status == 404


def test_a_playlist_cannot_name_files_outside_its_media() -> None:
    texts = {
        "v1/master.m3u8": '#EXT-X-MEDIA:URI="../../other/a.m3u8"\n/etc/passwd\n../media.json\nhttps://host/x.mp4\na/b.mp4'
    }
    plain = manifest(hls="v1/master.m3u8", dash=None, poster=None, storyboard=None, subtitles=())
    read = {**texts, "../other/a.m3u8": ""}.__getitem__
    names = published_files.named(plain, read)
    assert names == {"media.json", "v1/master.m3u8", "v1/a/b.mp4", "v1/https:/host/x.mp4"}


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "127.0.0.1.attacker.example", "["])
def test_a_foreign_host_name_is_refused(site: Site, host: str) -> None:
    assert site.ask("/", Host=host).status == 421


def test_a_tunnel_from_another_port_is_welcome(site: Site) -> None:
    assert site.ask("/", Host="localhost:9000").status == 200


def test_the_title_is_text() -> None:
    title = '<img src=x onerror=alert(1)> & "q" \u202eabc \ud800 $title ${kind}'
    html = page(manifest(), title).decode()
    assert "<img" not in html
    assert "<bdi>&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot; \u202eabc ? $title ${kind}</bdi>" in html


def test_the_manifest_cannot_end_its_block() -> None:
    html = page(manifest(), "A clip").decode()
    block = html.split('<script type="application/json" id="manifest">')[1].split("</script>")[0]
    assert json.loads(block)["tags"][0]["name"] == "cat </script><b>"


def test_the_stream_comes_before_the_mp4() -> None:
    html = page(manifest(), "A clip").decode()
    assert html.index('src="media/v1/revisions/2/master.m3u8"') < html.index('src="media.mp4" type="video/mp4"')
    assert '<track kind="subtitles" src="media/v1/subtitles/x/en.vtt" srclang="en" label="English" default>' in html


def test_sound_alone_has_no_picture() -> None:
    sound = manifest(kind="audio", display_width=None, display_height=None, poster=None, storyboard=None)
    html = page(sound, "A talk").decode()
    assert '<audio id="media" controls playsinline preload="none">' in html
    assert "<video" not in html
    assert "poster=" not in html


def test_the_mp4_is_the_best_h264_with_the_default_sound(store: LocalDisk) -> None:
    def read(name: str) -> str:
        return store.read(BUCKET, f"{CLIP}/{name}")[0].decode()

    names = published_files.preferred("v1/revisions/2/master.m3u8", read)
    assert names == ["v1/stream/x/video-240p.mp4", "v1/stream/x/audio-0.mp4"]


def test_the_mp4_plays(site: Site, tmp_path: Path) -> None:
    whole = site.ask("/media.mp4")
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.body.index(b"moov") < whole.body.index(b"mdat"), "the index comes first"
    assert site.ask("/media.mp4", Range="bytes=0-99").body == whole.body[:100]
    path = tmp_path / "media.mp4"
    path.write_bytes(whole.body)
    show = ["-show_entries", "stream=codec_name,nb_frames:format=duration", "-of", "json"]
    said = subprocess.run([media.settings().ffprobe_path, "-v", "error", *show, path], capture_output=True, check=True)
    probed = json.loads(said.stdout)
    assert [s["codec_name"] for s in probed["streams"]] == ["h264", "aac"]
    assert probed["streams"][0]["nb_frames"] == "50"
    assert float(probed["format"]["duration"]) == pytest.approx(2, abs=0.1)


def test_an_mp4_that_cannot_be_made_is_our_failure_and_says_so(store: LocalDisk) -> None:
    ffprobe = media.settings().ffprobe_path
    refusing = Ffmpeg(ffprobe, ffprobe)  # knows none of these options
    with serve(manifest(), "", store=store, bucket=BUCKET, tool=refusing) as url:
        reply = Site(url).ask("/media.mp4")
    assert (reply.status, reply.body) == (503, b"The renditions could not be copied into one file.")


def test_a_manifest_whose_playlist_is_gone_is_missing(store: LocalDisk) -> None:
    with pytest.raises(Missing), serve(manifest(hls="v1/gone.m3u8"), "", store=store, bucket=BUCKET, tool=media.tool()):
        pass


def test_a_download_that_broke_off_is_begun_again(store: LocalDisk, tmp_path: Path) -> None:
    files = player_files.Files(manifest(), store=store, bucket=BUCKET, tool=media.tool(), scratch=tmp_path)
    names = sorted(published_files.named(manifest(), lambda name: store.read(BUCKET, f"{CLIP}/{name}")[0].decode()))
    left = tmp_path / f"{names.index('v1/thumbnails/x/poster.jpg')}.part"
    left.write_bytes(POSTER[:10])
    with files.open("v1/thumbnails/x/poster.jpg") as file:
        assert file.read() == POSTER


def test_nothing_is_left_behind(store: LocalDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with serve(manifest(), "", store=store, bucket=BUCKET, tool=media.tool()) as url:
        assert Site(url).ask("/media/v1/stream/x/video-240p.mp4").status == 200
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
