"""Every odd but honest sound plays, and every input that cannot play is refused by name."""

from pathlib import Path

import pytest

from media_pipeline.domain.admission import Limits, admit
from media_pipeline.domain.errors import BadMedia
from media_pipeline_tests import media
from media_pipeline_tests.infrastructure.ffmpeg import plays
from media_pipeline_tests.infrastructure.ffmpeg.odd import REFUSED, SOUND, Odd, Refused


@pytest.mark.parametrize("odd", plays.rows(*SOUND))
def test_an_odd_sound_plays(odd: Odd, tmp_path: Path) -> None:
    plays.check(odd, tmp_path)


@pytest.mark.parametrize("refused", plays.rows(*REFUSED))
def test_what_cannot_play_is_refused_by_its_name(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "source").symlink_to(refused.make(tmp_path))
    with pytest.raises(BadMedia) as caught:
        admit(media.tool().probe(tmp_path / "source"), Limits())
    assert caught.value.code is refused.code
    assert str(tmp_path) not in caught.value.message


def test_an_inverted_side_does_not_silence_the_speech(tmp_path: Path) -> None:
    odd = next(o for o in SOUND if o.name == "inverted.wav")
    (tmp_path / "source").symlink_to(odd.make(tmp_path))
    info = media.tool().probe(tmp_path / "source")
    pcm = media.tool().speech(tmp_path / "source", info, info.audio[0], scratch=tmp_path).read_bytes()
    samples = memoryview(pcm).cast("h")
    assert max(samples) > 3000
