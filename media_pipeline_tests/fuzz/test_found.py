"""What fuzzing found, built from scratch: once a bug, never again. And the oracle itself can tell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline.domain.media import MediaInfo
from media_pipeline_tests import media
from media_pipeline_tests.fuzz.oracle import Broken, Oracle

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_one_wrong_timestamp_does_not_freeze_the_picture(tmp_path: Path) -> None:
    jump = "setts=pts='if(eq(N,30),PTS+750/TB,PTS)'"
    whole = media.make(tmp_path / "a.ts", *media.picture(3, "64x48"), *media.h264("-bf", "0"))
    file = media.make(tmp_path / "b.ts", "-i", str(whole), "-c", "copy", "-bsf:v", jump)
    assert Oracle.below(tmp_path / "home").judge(file.read_bytes()) == "video"


@pytest.mark.slow
def test_a_track_of_which_nothing_decodes_costs_itself_and_not_the_picture(tmp_path: Path) -> None:
    empty = ["-c:a", "pcm_s16le", "-af", "atrim=end_sample=0"]
    file = media.make(tmp_path / "a.mkv", *media.picture(3, "64x48"), *media.tone(3), *media.h264(), *empty)
    assert Oracle.below(tmp_path / "home").judge(file.read_bytes()) == "video"


def test_sound_alone_of_which_nothing_decodes_is_refused(tmp_path: Path) -> None:
    file = media.make(tmp_path / "a.m4a", *media.tone(3), "-c:a", "aac", "-bsf:a", "noise=amount=1")
    assert Oracle.below(tmp_path / "home").judge(file.read_bytes()) in {"NO_DECODABLE_FRAMES", "UNREADABLE"}


@pytest.mark.parametrize(
    ("method", "instead", "told"),
    [
        ("probe", lambda *_: 1 / 0, "ZeroDivisionError"),
        ("speech", lambda _, source, *__, scratch: (scratch.parent / "left").mkdir(), "left in scratch"),
    ],
)
def test_the_oracle_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, instead: Callable[..., MediaInfo], told: str
) -> None:
    file = media.make(tmp_path / "a.wav", *media.tone(1))
    oracle = Oracle.below(tmp_path / "home")
    monkeypatch.setattr(type(oracle.platform.tool), method, instead)
    with pytest.raises(Broken, match=told):
        oracle.judge(file.read_bytes())
