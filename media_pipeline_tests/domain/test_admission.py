from fractions import Fraction

import pytest

from media_pipeline.domain.admission import Limits, admit, admit_content, admit_size
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo
from media_pipeline_tests.builders import audio, info, video


def test_an_ordinary_file_is_admitted() -> None:
    admit_size(1000, Limits())
    admit(info(), Limits())


@pytest.mark.parametrize(("size", "code"), [(0, RejectionCode.EMPTY_OBJECT), (11, RejectionCode.LIMIT_SIZE)])
def test_a_size_outside_the_limits_is_refused(size: int, code: RejectionCode) -> None:
    with pytest.raises(BadMedia) as refused:
        admit_size(size, Limits(bytes=10))
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (info(duration_seconds=13 * 3600.0), RejectionCode.LIMIT_DURATION),
        (info(duration_seconds=0.0, video=None), RejectionCode.ZERO_DURATION),
        (info(video=video(8193, 100)), RejectionCode.LIMIT_DIMENSIONS),
        (info(video=video(8192, 8192)), RejectionCode.LIMIT_DIMENSIONS),
        (info(video=video(0, 0)), RejectionCode.LIMIT_DIMENSIONS),
        (info(audio=(audio(channels=33),)), RejectionCode.LIMIT_CHANNELS),
        (info(streams=65), RejectionCode.LIMIT_STREAMS),
        (
            info(duration_seconds=11 * 3600.0, video=video(7680, 4320, frame_rate=Fraction(60))),
            RejectionCode.LIMIT_DECODE_COST,
        ),
    ],
)
def test_each_limit_has_its_code_and_one_sentence(bad: MediaInfo, code: RejectionCode) -> None:
    with pytest.raises(BadMedia) as refused:
        admit(bad, Limits())
    assert refused.value.code is code
    assert refused.value.message.endswith(".")


def test_bytes_that_are_not_those_that_were_sent_are_refused() -> None:
    admit_content("ab", None)
    admit_content("ab", "ab")
    with pytest.raises(BadMedia) as refused:
        admit_content("ab", "cd")
    assert refused.value.code is RejectionCode.UNREADABLE
