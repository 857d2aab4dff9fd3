"""The storm comes again as it was, the judge sees what is wrong, and a small one is gone through: `make chaos` makes a
large one."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from media_pipeline_tests.chaos.plan import KINDS, plan
from media_pipeline_tests.chaos.watcher import names_in

SEED, HARMS = "50242", "4"
"""The step `stream` is killed where it begins, `publication` where its work is done and nobody knows; the store
refuses; Postgres is restarted."""


def test_a_seed_is_a_storm() -> None:
    first, again, other = (list(islice(plan(seed, longest=5), 50)) for seed in (1, 1, 2))
    assert first == again != other
    assert {h.kind for h in first[: len(KINDS)]} == set(KINDS)
    assert all(h.wait > 0 and 0 < h.lasts <= 5 and 0 <= h.choice < 1 for h in first)


MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
video.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="frames.m3u8"
"""
MEDIA = """#EXTM3U
#EXT-X-MAP:URI="video.mp4",BYTERANGE="10@0"
#EXTINF:2,
#EXT-X-BYTERANGE:20@10
../more.mp4
"""
DASH = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>../</BaseURL><Period><AdaptationSet>
<Representation><BaseURL>video.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"""
STORYBOARD = "WEBVTT\n\n00:00.000 --> 00:01.000\nsheet-0.jpg#xywh=0,0,160,90\n"


@pytest.mark.parametrize(
    ("key", "text", "named"),
    [
        ("m/v/stream/a/master.m3u8", MASTER, {"audio.m3u8", "video.m3u8", "frames.m3u8"}),
        ("m/v/stream/a/video.m3u8", MEDIA, {"video.mp4", "../more.mp4"}),
        ("m/v/stream/a/manifest.mpd", DASH, {"../video.mp4"}),
        ("m/v/thumbnails/a/storyboard.vtt", STORYBOARD, {"sheet-0.jpg"}),
        ("m/v/stream/a/video.mp4", "", set()),
    ],
)
def test_the_watcher_follows_every_name(key: str, text: str, named: set[str]) -> None:
    assert names_in(key, text) == named


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_small_storm_leaves_nothing_lost_nothing_stuck_and_nothing_over(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "media_pipeline_tests.chaos", "--seed", SEED, "--harms", HARMS]
    done = subprocess.run([*command, "--keep", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "violations: 0" in done.stdout
    hit = ("restart Postgres", "kill the step publication", "kill the step stream", "the store refuses")
    assert all(f"1 {harm}" in done.stdout for harm in hit)
    assert "missed: none" in done.stdout
