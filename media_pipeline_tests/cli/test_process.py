"""`media-pipeline process` as a user runs it: a program, real files, real tools, real models."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import m3u8
import psutil
import pytest
from mpegdash.parser import MPEGDASHParser

from media_pipeline.cli import demo
from media_pipeline.infrastructure.results import ManifestJson
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.settings import Settings
from media_pipeline_tests import media

PROGRAM = str(Path(sys.executable).with_name("media-pipeline"))
ONE_PIXEL = ["-vf", "format=gray,crop=1:1", "-c:v", "ffv1"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k != "DAGSTER_HOME"}
    return {**kept, "MEDIA_PIPELINE_HOME": str(home), "MEDIA_PIPELINE_MODELS": str(Settings().models_dir)}


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *arguments], env=environment(home), capture_output=True, text=True, check=False, timeout=240
        )

    return call


def answers(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def talk(home: Path, run: Run) -> dict[str, Any]:
    """What became of a clip with picture, speech and a title."""
    clip = home / "talk.mp4"
    demo.make(clip, ffmpeg=media.settings().ffmpeg_path)
    done = run("process", "--json", "--profile", "fast", str(clip))
    assert done.returncode == 0, done.stderr
    return answers(done)[0]


def published(answer: dict[str, Any], name: str) -> Path:
    return Path(answer["manifest_path"]).parent / name


def test_a_clip_with_speech_ends_ready_with_everything_the_profile_asks_for(talk: dict[str, Any]) -> None:
    assert talk["state"] == "ready"
    assert talk["error"] is None
    assert {t["name"]: t["state"] for t in talk["tasks"]} == dict.fromkeys(
        ["source", "transcodes/720p-fast", "transcodes/360p-fast", "audio", "stream", "thumbnails", "subtitles",
         "ai_tags", "publication"], "done",
    )  # fmt: skip
    assert [t["progress"] for t in talk["tasks"]] == [1.0] * 9


def test_the_manifest_is_valid_and_every_name_in_it_resolves(talk: dict[str, Any]) -> None:
    manifest = talk["manifest"]
    jsonschema.validate(manifest, ManifestJson().schema())
    assert json.loads(Path(talk["manifest_path"]).read_text()) == manifest
    names = [manifest["hls"], manifest["dash"], manifest["poster"], manifest["storyboard"]["vtt"]]
    names += manifest["storyboard"]["images"]
    names += [manifest["subtitles"][0][kind] for kind in ("vtt", "srt", "words")]
    assert all(published(talk, name).is_file() for name in names)
    assert all(check["passed"] for check in manifest["checks"]), manifest["checks"]


def test_the_stream_plays_from_the_first_frame_to_the_last(talk: dict[str, Any]) -> None:
    path = published(talk, talk["manifest"]["hls"])
    master = m3u8.load(str(path))
    for playlist in master.playlists:
        argv = [media.settings().ffmpeg_path, "-v", "error", "-i", str(path.parent / playlist.uri)]
        done = subprocess.run(
            [*argv, "-f", "framecrc", "-"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
        )
        frames = sum(line.startswith("0,") for line in done.stdout.splitlines())
        assert frames == 382, playlist.uri  # 132 frames of one clip, 250 of the other
        assert done.stderr == "", playlist.uri


def test_playlists_are_what_players_expect(talk: dict[str, Any]) -> None:
    path = published(talk, talk["manifest"]["hls"])
    master = m3u8.load(str(path))
    assert [p.stream_info.resolution for p in master.playlists] == [(1280, 720), (640, 360)]
    assert all("avc1" in p.stream_info.codecs and "mp4a.40.2" in p.stream_info.codecs for p in master.playlists)
    assert all(p.stream_info.bandwidth >= p.stream_info.average_bandwidth > 0 for p in master.playlists)
    assert master.iframe_playlists
    assert {m.type: m.default for m in master.media} == {"AUDIO": "YES", "SUBTITLES": "YES"}
    for named in [*master.playlists, *master.media]:
        playlist = m3u8.load(str(path.parent / named.uri))
        assert playlist.is_endlist
        assert all(s.duration <= playlist.target_duration for s in playlist.segments)
        assert sum(s.duration for s in playlist.segments) == pytest.approx(15.28, abs=0.1)
    mpd = MPEGDASHParser.parse(published(talk, talk["manifest"]["dash"]).read_text())
    assert [a.content_type for a in mpd.periods[0].adaptation_sets] == ["video", "audio", "text"]


def test_the_words_are_the_words_that_were_said(talk: dict[str, Any]) -> None:
    text = published(talk, talk["manifest"]["subtitles"][0]["srt"]).read_text().lower()
    assert "fail" in text  # "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
    assert talk["manifest"]["subtitles"][0]["language"] == "en"


def test_the_scene_change_is_found(talk: dict[str, Any]) -> None:
    starts = [scene[0] for scene in talk["manifest"]["scenes"]]
    assert any(start == pytest.approx(5.28, abs=0.1) for start in starts)


def test_scratch_is_empty_afterwards(talk: dict[str, Any], home: Path) -> None:
    assert talk["state"] == "ready"
    assert list((home / "scratch").iterdir()) == []


def test_what_was_done_can_be_asked_for(talk: dict[str, Any], run: Run) -> None:
    told = json.loads(run("status", talk["id"], "--json").stdout)
    assert (told["state"], told["revision"]) == ("ready", talk["manifest"]["revision"])
    assert talk["id"] in run("list", "--json").stdout
    assert "ready" in run("status", talk["id"]).stdout


def test_doing_it_again_is_safe(talk: dict[str, Any], run: Run, home: Path) -> None:
    again = answers(run("process", "--json", "--profile", "fast", str(home / "talk.mp4")))[0]
    assert again["id"] == talk["id"]
    assert again["state"] == "ready"
    assert published(again, again["manifest"]["hls"]).is_file()


@pytest.mark.parametrize(
    ("name", "arguments", "skipped"),
    [
        ("sound.wav", [*media.tone(3)], {"thumbnails", "ai_tags", "subtitles"}),
        ("silent.mp4", [*media.picture(3), *media.h264()], {"audio", "subtitles"}),
        ("quiet.mp4", [*media.picture(3), *media.silence(3), *media.h264(), "-c:a", "aac"], {"subtitles"}),
        ("tiny.mkv", [*media.picture(1, "16x16"), *ONE_PIXEL], {"audio", "subtitles"}),
    ],
)  # fmt: skip
def test_media_with_less_in_it_ends_ready_too(
    run: Run, tmp_path: Path, name: str, arguments: list[str], skipped: set[str]
) -> None:
    answer = answers(run("process", "--json", "--profile", "fast", str(media.make(tmp_path / name, *arguments))))[0]
    assert answer["state"] == "ready", answer["tasks"]
    found = {t["name"] for t in answer["tasks"] if t["state"] == "skipped" and not t["name"].startswith("transcodes/")}
    assert found == skipped
    assert all(t["reason"] for t in answer["tasks"] if t["state"] == "skipped")
    assert published(answer, answer["manifest"]["hls"]).is_file()


def test_every_bad_file_has_its_code_and_none_stops_the_next(run: Run, tmp_path: Path, home: Path) -> None:
    good = media.clip(tmp_path / "good.mp4", 1).rename(tmp_path / "g\udcffd.mp4")  # a byte that is no text
    whole = media.clip(tmp_path / "whole.mp4", 8, "320x240", "-movflags", "+faststart")
    files = {
        "empty.mp4": (b"", "EMPTY_OBJECT"),
        "text.mp4": (b"hello there\n" * 100, "NOT_MEDIA"),
        "list.mp4": (b"#EXTM3U\n#EXTINF:4,\n/etc/passwd\n", "FORMAT_NOT_ALLOWED"),
        "cut.mp4": (whole.read_bytes()[: whole.stat().st_size // 2], "TRUNCATED"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    before = set((home / "media").glob("*"))
    paths = [str(tmp_path / name) for name in files] + [str(tmp_path / "nowhere.mp4"), str(tmp_path), str(good)]
    done = run("process", "--json", "--profile", "fast", *paths)
    assert done.returncode == 1, done.stderr
    found = answers(done)
    codes = [a["error"]["code"] if a["error"] else None for a in found]
    assert codes == [code for _, code in files.values()] + ["SOURCE_GONE", "UNREADABLE", None]
    assert [a["state"] for a in found] == ["rejected"] * 6 + ["ready"]
    for answer in found[:6]:
        assert answer["manifest"] is None
        assert str(tmp_path) not in answer["error"]["message"]
        assert answer["error"]["message"].endswith(".")
    assert found[4]["id"] is None
    made = {p.name for p in set((home / "media").iterdir()) - before if any(f.is_file() for f in p.rglob("*"))}
    assert made == {found[6]["id"]}
    assert list((home / "scratch").iterdir()) == []


def test_a_file_above_the_limit_is_refused(home: Path, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "a.mp4")
    done = subprocess.run(
        [PROGRAM, "process", "--json", str(clip)], capture_output=True, text=True, check=False,
        env={**environment(home), "MEDIA_PIPELINE_LIMITS__BYTES": "1000"},
    )  # fmt: skip
    assert done.returncode == 1
    assert answers(done)[0]["error"]["code"] == "LIMIT_SIZE"


def test_an_interrupt_cancels_the_job_and_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "long.mp4", 60, "1280x720")
    process = psutil.Popen(
        [PROGRAM, "process", "--json", str(clip)], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    tools = wait_for_encoder(process)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert process.returncode == 130
    _, alive = psutil.wait_procs(tools, timeout=10)
    assert alive == []
    assert list((home / "scratch").iterdir()) == []
    newest = subprocess.run(
        [PROGRAM, "list", "--json", "--limit", "1"], env=environment(home), capture_output=True, text=True, check=True
    )
    assert json.loads(newest.stdout)["state"] == "cancelled"


def test_a_job_is_cancelled_from_another_terminal(home: Path, tmp_path: Path, run: Run) -> None:
    clip = media.clip(tmp_path / "cancelled.mp4", 60, "1280x720")
    process = psutil.Popen(
        [PROGRAM, "process", "--json", str(clip)], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for_encoder(process)
    media_id = json.loads(run("list", "--json", "--limit", "1").stdout)["id"]
    assert run("cancel", media_id).stdout == f"{media_id}: processing → cancelled\n"
    out, _ = process.communicate(timeout=60)
    answer = json.loads(out)
    assert answer["state"] == "cancelled"
    assert answer["manifest"] is None
    assert {t["state"] for t in answer["tasks"]} == {"done", "skipped"}  # the source was admitted before
    assert list((home / "scratch").iterdir()) == []


def test_a_terminal_shows_every_task_as_it_moves(home: Path, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "watched.mp4", 8, "1280x720")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "process", str(clip)],
        env=environment(home) | {"TERM": "xterm", "COLUMNS": "120", "LINES": "60"}, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        screen = "".join(iter(lambda: read_or_end(ours), ""))
    os.close(ours)
    assert process.returncode == 0, screen
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert re.search(r"▸ transcodes/720p .*\d+%, [\d.]+ s left", plain), plain[-3000:]
    assert re.search(r"✓ transcodes/720p ", plain)


def read_or_end(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # the other side of a pseudo-terminal is closed
        return ""


def test_a_full_disk_quarantines_with_its_own_code(tmp_path: Path) -> None:
    clip = media.make(
        tmp_path / "noise.mp4", *media.picture(12, "640x360"), "-vf", "noise=alls=90:allf=t", *media.h264("-crf", "28")
    )
    scratch = tmp_path / "home" / "scratch"
    scratch.mkdir(parents=True)
    # a disk of 1 MB, seen by this one process and gone with it
    small = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    small += ["sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(scratch)]
    if subprocess.run([*small, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here, so none can be full")
    done = subprocess.run(
        [*small, PROGRAM, "process", "--json", "--profile", "fast", str(clip)], capture_output=True, text=True,
        check=False, env=environment(tmp_path / "home"),
    )  # fmt: skip
    answer = answers(done)[0]
    assert (done.returncode, answer["state"], answer["error"]["code"]) == (2, "quarantined", "DISK_FULL")
    assert answer["manifest"] is None
    assert list((tmp_path / "home" / "scratch").iterdir()) == []


def test_a_file_that_may_not_be_read_is_refused(home: Path, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "secret.mp4")
    clip.chmod(0)
    # root may read everything, unless it gave that right away
    humble = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*humble, PROGRAM, "process", "--json", str(clip)],
        capture_output=True, text=True, check=False, env=environment(home),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert answers(done)[0]["error"] == {"code": "UNREADABLE", "message": "The file may not be read."}


def wait_for_encoder(process: psutil.Popen) -> list[psutil.Process]:
    """The tools of a running job, once it encodes."""
    while process.poll() is None:
        tools = [p for p in process.children(recursive=True) if "v0.mp4" in " ".join(safe_command(p))]
        if tools:
            return tools
    raise AssertionError(process.stderr.read().decode())


def safe_command(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
    return command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["process"], "files"),
        (["process", "--profile", "nope", "x.mp4"], "default, hevc, av1, fast"),
        (["frobnicate"], "frobnicate"),
        (["list", "--state", "nope"], "queued"),
    ],
)
def test_a_wrong_call_ends_with_64_and_says_what_is_right(run: Run, arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 64
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MEDIA_PIPELINE_PROFILE", "nope", "'nope' is not one of default, "),
        ("MEDIA_PIPELINE_SANDBOX", "nope", "Input should be 'auto', 'bubblewrap', 'landlock' or 'rlimits'"),
        ("MEDIA_PIPELINE_LIMITS__BYTES", "much", "Input should be a valid integer"),
    ],
)
def test_a_wrong_setting_names_itself_and_what_is_allowed(home: Path, name: str, value: str, told: str) -> None:
    env = {**environment(home), name: value}
    done = subprocess.run([PROGRAM, "list"], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 64
    assert done.stderr.startswith(f"{name}: {told}")


def test_the_doctor_finds_everything_in_order(run: Run) -> None:
    done = run("doctor", "--json")
    findings = {f["name"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 0, [f for f in findings.values() if not f["ok"]]
    assert {"ffmpeg", "ffprobe", "packager", "sandbox", "speech model base", "catalogue", "scratch"} <= set(findings)
    assert findings["sandbox"]["value"] == in_force().mode


def test_a_person_sets_subtitles_and_takes_them_back(talk: dict[str, Any], run: Run, tmp_path: Path) -> None:
    edit, media_id = tmp_path / "edit.srt", talk["id"]
    edit.write_text("1\n00:00:01,000 --> 00:00:02,000\nNever tried.\n")
    told = run("subtitles", "set", media_id, str(edit), "--language", "eng")
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 cues of en subtitles kept; revision" in told.stdout
    (track,) = json.loads(Path(talk["manifest_path"]).read_text())["subtitles"]
    assert track["origin"] == "human"
    assert "Never tried." in published(talk, track["vtt"]).read_text()
    assert run("subtitles", "unset", media_id, "--language", "en").returncode == 0
    (track,) = json.loads(Path(talk["manifest_path"]).read_text())["subtitles"]
    assert track["origin"] == "speech"


def test_a_file_that_is_no_subtitles_ends_with_one_sentence(talk: dict[str, Any], run: Run, tmp_path: Path) -> None:
    edit = tmp_path / "edit.srt"
    edit.write_text("hello")
    told = run("subtitles", "set", talk["id"], str(edit), "--language", "en")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "The file holds no subtitles: it must be WebVTT or SubRip.\n"
