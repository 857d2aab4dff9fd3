"""Whatever a track is called, readers that are not ours find it under that name, and nothing else changes."""

from dataclasses import replace

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpegdash.parser import MPEGDASHParser

from media_pipeline.domain.playlists import (
    TextTrack,
    dash_manifest,
    hls_master,
    one_line,
    relative,
    subtitle_playlist,
)
from media_pipeline_tests.domain.test_playlists import BASE, ENGLISH, MASTER, MPD, packaged

INJECTIONS = [
    '"',
    "\n#EXT-X-ENDLIST",
    '",URI="http://evil/"',
    "</Label><BaseURL>x</BaseURL>",
    "\u2028#EXTM3U",
    "\0",
    "a,b",
]
names = (
    st.text(max_size=60)
    | st.sampled_from(INJECTIONS)
    | st.builds("{}{}".format, st.text(), st.sampled_from(INJECTIONS))
)
languages = st.sampled_from(["en", "pt-BR", "zh-Hant-TW", "und"]) | names
tracks = st.lists(
    st.builds(lambda name, language: replace(ENGLISH, name=name, language=language), names, languages), max_size=4
)


@given(tracks)
def test_hls_readers_find_each_track_by_its_name_and_nothing_is_injected(named: list[TextTrack]) -> None:
    plain = m3u8.loads(MASTER)
    master = m3u8.loads(hls_master(MASTER, base=BASE, tracks=named))
    found = [m for m in master.media if m.type == "SUBTITLES"]
    assert [(m.name, m.language, m.uri) for m in found] == [(t.name, t.language, ENGLISH.playlist) for t in named]
    assert len(master.media) == len(plain.media) + len(named)
    assert [p.uri for p in master.playlists] == [f"{BASE}/{p.uri}" for p in plain.playlists]


@given(tracks)
def test_dash_readers_find_each_track_by_its_name_and_nothing_is_injected(named: list[TextTrack]) -> None:
    period = MPEGDASHParser.parse(dash_manifest(MPD, base=BASE, tracks=named)).periods[0]
    texts = [s for s in period.adaptation_sets if s.content_type == "text"]
    assert [s.lang for s in texts] == [t.language for t in named]
    assert len(period.adaptation_sets) == len(MPEGDASHParser.parse(MPD).periods[0].adaptation_sets) + len(named)
    assert len({s.id for s in period.adaptation_sets}) == len(period.adaptation_sets)


@given(names)
def test_a_name_is_one_printable_line_and_stays_so(name: str) -> None:
    shown = one_line(name)
    assert shown == one_line(shown)
    assert len(shown.splitlines()) <= 1
    assert '"' not in shown
    assert shown.encode().decode() == shown


@pytest.mark.parametrize("name", ["English", "中文 (简体)", "Español <i>& más</i>", "a, b; c=d"])
def test_an_honest_name_is_kept_to_the_letter(name: str) -> None:
    assert one_line(name) == name


@given(st.floats(0, 50_000, allow_nan=False))
def test_a_subtitle_playlist_is_as_long_as_its_media(seconds: float) -> None:
    playlist = m3u8.loads(subtitle_playlist("a.vtt", seconds))
    assert [(s.uri, s.duration) for s in playlist.segments] == [("a.vtt", pytest.approx(seconds, abs=0.001))]
    assert playlist.target_duration >= round(playlist.segments[0].duration)


@given(names.map(one_line))
def test_one_audio_track_at_most_is_where_a_player_begins(name: str) -> None:
    master = packaged(MASTER, name)
    assert [m.default for m in master.media] == ["YES" if name == "a" else "NO"]


keys = st.lists(st.sampled_from(["a", "b", "v1", "x.mp4"]), min_size=1, max_size=5).map("/".join)


@given(keys, keys)
def test_a_relative_path_leads_back_to_its_key(key: str, directory: str) -> None:
    at = directory.split("/")
    for part in relative(key, f"{directory}/").split("/"):
        at = at[:-1] if part == ".." else at if part == "." else [*at, part]
    assert "/".join(at) == key
