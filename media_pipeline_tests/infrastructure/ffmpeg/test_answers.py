"""Whatever ffprobe and ffmpeg say of a hostile file, it becomes facts that cannot lie, or a refusal."""

import json
import math
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.language import bcp47
from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg import answers, facts

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["N/A", "nan", "inf", "-1", "0", "0/0", "1/0", "²", "9" * 5000, "1e400", "-0.0", "0x10", "1:0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
count = st.sampled_from([0, 1, 2, 640, 8192, 2**31, 10**30, -5, "3", "N/A"]) | anything
rate = st.sampled_from(["25/1", "30000/1001", "0/0", "1000000/1", "-25/1", "1/0"]) | anything
seconds = st.sampled_from(["2.000000", "0.0", "-3.5", "359999.999", "N/A"]) | anything


def mapping(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=fields) | anything


streams = mapping({
    "index": count,
    "codec_type": st.sampled_from(["video", "audio", "subtitle", "data"]) | anything,
    "codec_name": st.sampled_from(["h264", "aac", "unknown"]) | anything,
    "codec_tag_string": st.sampled_from(["avc1", "encv"]) | anything,
    "width": count, "height": count, "channels": count, "sample_rate": count, "nb_frames": count,
    "avg_frame_rate": rate, "r_frame_rate": rate, "duration": seconds,
    "sample_aspect_ratio": st.sampled_from(["1:1", "4:3", "0:1", "1000000:1"]) | anything,
    "pix_fmt": anything, "color_transfer": anything, "color_space": anything, "field_order": anything,
    "disposition": mapping({"default": count, "attached_pic": count}),
    "tags": mapping({"language": st.sampled_from(["eng", "en", "pt-BR", "e\nn", '"><script>']) | anything}),
    "side_data_list": st.lists(mapping({"rotation": count | st.floats()}), max_size=2) | anything,
})  # fmt: skip
probes = mapping({
    "format": mapping({
        "probe_score": st.sampled_from([100, 100, 100, 1]) | anything,
        "format_name": st.sampled_from(["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "hls"]) | anything,
        "duration": seconds,
    }),
    "streams": st.lists(streams, max_size=4) | anything,
})  # fmt: skip
sane = st.fixed_dictionaries({
    "format": st.just({"probe_score": 100, "format_name": "matroska,webm"}),
    "streams": st.lists(streams, min_size=1, max_size=4),
})  # fmt: skip


SOUND_WITHOUT_CHANNELS = {
    "format": {"probe_score": 100, "format_name": "mov"},
    "streams": [{"codec_type": "audio", "codec_name": "aac", "index": index, **more} for index, more in
                enumerate([{}, {"channels": 0}, {"channels": 2}])],
}  # fmt: skip


def told(answer: bytes) -> MediaInfo | None:
    try:
        return facts.media_info(answer, size=1000)
    except BadMedia:
        return None


@given(probes | sane)
@example({"format": {"probe_score": 100, "format_name": "mov"}, "streams": [{"codec_type": "video", "index": 0}]})
@example(SOUND_WITHOUT_CHANNELS)
def test_a_probe_becomes_facts_within_bounds_or_a_refusal(probe: Any) -> None:
    info = told(json.dumps(probe).encode())
    if info is None:
        return
    assert info.video or info.audio
    assert math.isfinite(info.duration_seconds)
    assert info.duration_seconds >= 0
    indices = [s.index for s in (info.video, *info.audio, *info.text) if s]
    assert all(0 <= i < 2**31 for i in indices)
    assert all(a.channels > 0 for a in info.audio)
    languages = [a.language for a in info.audio] + [t.language for t in info.text]
    assert all(language == bcp47(language) for language in languages)
    if info.video:
        assert Fraction(1, 10) <= info.video.frame_rate <= 240
        assert info.video.rotation in {0, 90, 180, 270}
        assert all(0 <= n < 2**40 for n in (info.video.coded_width, info.video.display_width, info.video.frames or 0))


@given(st.binary(max_size=60) | anything.map(json.dumps).map(str.encode))
def test_an_answer_that_is_no_probe_at_all_is_a_refusal(answer: bytes) -> None:
    assert told(answer) is None


@given(st.text(max_size=40) | anything.map("out_time_us={}".format))
def test_a_line_of_progress_is_a_time_or_nothing(line: str) -> None:
    at = answers.progress_seconds(line)
    assert at is None or (math.isfinite(at) and at >= 0)


@given(st.lists(st.tuples(seconds, st.sampled_from(["K__", "___", ""])).map(lambda r: f"{r[0]},{r[1]}"), max_size=5))
def test_packets_without_a_time_are_not_frames(rows: list[str]) -> None:
    frames, duration, keyframes = answers.packets("\n".join(rows))
    assert len(keyframes) <= frames <= len(rows)
    assert all(map(math.isfinite, (duration, *keyframes)))


@given(st.lists(st.text(max_size=20) | seconds.map("frame:1 pts_time:{}".format), max_size=4))
def test_printed_times_are_times(lines: list[str]) -> None:
    assert all(math.isfinite(at) and at >= 0 for at in answers.printed_times("\n".join(lines)))
