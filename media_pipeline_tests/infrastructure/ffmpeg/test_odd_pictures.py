"""Every odd but honest picture plays."""

from pathlib import Path

import pytest

from media_pipeline_tests.infrastructure.ffmpeg import plays
from media_pipeline_tests.infrastructure.ffmpeg.odd import COLOUR, FIELDS, GEOMETRY, Odd


@pytest.mark.parametrize("odd", plays.rows(*GEOMETRY, *COLOUR, *FIELDS))
def test_an_odd_picture_plays(odd: Odd, tmp_path: Path) -> None:
    plays.check(odd, tmp_path)
