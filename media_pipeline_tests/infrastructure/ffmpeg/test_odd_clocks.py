"""Every odd but honest clock and container plays."""

from pathlib import Path

import pytest

from media_pipeline_tests.infrastructure.ffmpeg import plays
from media_pipeline_tests.infrastructure.ffmpeg.odd import TIME, Odd

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("odd", plays.rows(*TIME))
def test_an_odd_clock_plays(odd: Odd, tmp_path: Path) -> None:
    plays.check(odd, tmp_path)
