from dataclasses import replace
from xml.etree import ElementTree as Xml

import m3u8
from mpegdash.parser import MPEGDASHParser

from media_pipeline.domain.playlists import (
    TextTrack,
    dash_manifest,
    dash_packaged,
    hls_master,
    hls_packaged,
    relative,
    subtitle_playlist,
)

MASTER = """#EXTM3U
## Generated

#EXT-X-INDEPENDENT-SEGMENTS

#EXT-X-MEDIA:TYPE=AUDIO,URI="audio-0-und.m3u8",GROUP-ID="audio",NAME="a",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2"

#EXT-X-STREAM-INF:BANDWIDTH=1663672,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,AUDIO="audio"
video-720p.m3u8

#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=205860,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="video-720p-iframes.m3u8"
"""
MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT12S">
  <Period id="0"><AdaptationSet id="0" contentType="video"><Representation id="0"><BaseURL>v.mp4</BaseURL>
  </Representation></AdaptationSet><AdaptationSet id="1" contentType="audio" lang="en">
  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/><Label>English</Label>
  <Representation id="1"><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period>
</MPD>"""
TEXT_MPD = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">
  <Period id="0"><AdaptationSet id="0" contentType="text" lang="en"><Label>English</Label>
  <Representation id="0" codecs="wvtt" mimeType="application/mp4"><BaseURL>subtitles.mp4</BaseURL></Representation>
  </AdaptationSet></Period>
</MPD>"""
ENGLISH = TextTrack(
    "en", "English", "../../subtitles/d4/subtitles.vtt", "subtitles-en.m3u8", TEXT_MPD, "../../subtitles/d4"
)
BASE = "../../stream/b2"
NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}


def test_a_master_names_the_subtitles_and_finds_its_files_from_elsewhere() -> None:
    master = m3u8.loads(hls_master(MASTER, base=BASE, tracks=[ENGLISH]))
    assert [p.uri for p in master.playlists] == [f"{BASE}/video-720p.m3u8"]
    assert [p.uri for p in master.iframe_playlists] == [f"{BASE}/video-720p-iframes.m3u8"]
    by_type = {m.type: m for m in master.media}
    assert by_type["AUDIO"].uri == f"{BASE}/audio-0-und.m3u8"
    assert by_type["SUBTITLES"].uri == "subtitles-en.m3u8"
    assert by_type["SUBTITLES"].language == "en"
    assert master.playlists[0].stream_info.subtitles == by_type["SUBTITLES"].group_id


def test_of_several_subtitles_one_is_shown_first() -> None:
    german = replace(ENGLISH, language="de", name="Deutsch", playlist="subtitles-de.m3u8")
    master = m3u8.loads(hls_master(MASTER, base=BASE, tracks=[ENGLISH, german]))
    found = [(m.name, m.default, m.autoselect) for m in master.media if m.type == "SUBTITLES"]
    assert found == [("English", "YES", "YES"), ("Deutsch", "NO", "YES")]


def test_a_master_without_subtitles_only_moves() -> None:
    moved = hls_master(MASTER, base=BASE, tracks=[])
    assert "SUBTITLES" not in moved
    assert f"{BASE}/video-720p.m3u8" in moved


def test_an_audio_only_master_stays_readable() -> None:
    text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2",AUDIO="audio"\naudio-0-und.m3u8\n'
    master = m3u8.loads(hls_master(text, base=BASE, tracks=[ENGLISH]))
    assert master.playlists[0].stream_info.subtitles == "subtitles"


def test_a_subtitle_playlist_covers_the_whole_media_with_one_file() -> None:
    playlist = m3u8.loads(subtitle_playlist("subtitles.vtt", 15.28))
    assert playlist.is_endlist
    assert playlist.target_duration == 16
    assert [(s.uri, s.duration) for s in playlist.segments] == [("subtitles.vtt", 15.28)]


def test_an_mpd_names_the_subtitles_beside_the_same_files() -> None:
    mpd = MPEGDASHParser.parse(dash_manifest(MPD, base=BASE, tracks=[ENGLISH, replace(ENGLISH, language="de")]))
    sets = mpd.periods[0].adaptation_sets
    assert [s.content_type for s in sets] == ["video", "audio", "text", "text"]
    assert len({s.id for s in sets}) == len({s.representations[0].id for s in sets}) == 4
    urls = [s.representations[0].base_urls[0].base_url_value for s in sets]
    assert urls == [f"{BASE}/v.mp4", f"{BASE}/a.mp4", *["../../subtitles/d4/subtitles.mp4"] * 2]


def test_an_mpd_is_as_long_as_its_longest_track() -> None:
    root = Xml.fromstring(dash_packaged(MPD, duration_seconds=13.5))
    assert root.get("mediaPresentationDuration") == "PT13.500S"
    video, audio = root.iterfind(".//d:AdaptationSet", NS)
    assert (video.get("subsegmentStartsWithSAP"), audio.get("subsegmentStartsWithSAP")) == ("1", None)
    assert [child.tag.rpartition("}")[2] for child in audio] == ["Label", "Role", "Representation"]


def segments(*bytes_each: int) -> str:
    """A media playlist of 4 s segments; the last lasts 1 s."""
    lengths = [4] * (len(bytes_each) - 1) + [1]
    pieces = "".join(
        f"#EXTINF:{seconds}.000,\n#EXT-X-BYTERANGE:{size}@0\nf.mp4\n"
        for seconds, size in zip(lengths, bytes_each, strict=True)
    )
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{pieces}#EXT-X-ENDLIST\n"


def packaged(master: str, preferred: str) -> m3u8.M3U8:
    return m3u8.loads(hls_packaged(master, preferred_audio=preferred, media=lambda _: segments(1000, 1000, 4000)))


def test_a_master_says_which_sound_comes_first_and_that_the_picture_is_sdr() -> None:
    other = '#EXT-X-MEDIA:TYPE=AUDIO,URI="b",GROUP-ID="audio",NAME="b",DEFAULT=NO'
    master = packaged(MASTER.replace("\n\n#EXT-X-STREAM", f"\n{other}\n#EXT-X-STREAM"), "b")
    assert [(m.name, m.default, m.autoselect) for m in master.media] == [("a", "NO", "YES"), ("b", "YES", "YES")]
    assert master.playlists[0].stream_info.video_range == "SDR"
    assert master.iframe_playlists[0].iframe_stream_info.video_range == "SDR"


def test_a_heavy_last_segment_counts_in_the_bandwidth() -> None:
    low = MASTER.replace("BANDWIDTH=1663672", "BANDWIDTH=4000,AVERAGE-BANDWIDTH=4000").replace("=205860", "=4000")
    master = packaged(low, "a")
    variant, frames = master.playlists[0].stream_info, master.iframe_playlists[0].iframe_stream_info
    assert frames.bandwidth == 5000 * 8 / 5
    assert (variant.bandwidth, variant.average_bandwidth) == (2 * 8000, round(2 * 6000 * 8 / 9 + 0.5))


def test_a_peak_is_never_below_the_average() -> None:
    high = MASTER.replace("BANDWIDTH=1663672", "BANDWIDTH=1663672,AVERAGE-BANDWIDTH=1663700")
    variant = packaged(high, "a").playlists[0].stream_info
    assert (variant.bandwidth, variant.average_bandwidth) == (1663700, 1663700)


def test_a_bandwidth_that_is_high_enough_stays() -> None:
    assert packaged(MASTER, "a").playlists[0].stream_info.bandwidth == 1663672


def test_languages_of_sound_alone_are_no_qualities() -> None:
    media = [f'#EXT-X-MEDIA:TYPE=AUDIO,URI="{n}",GROUP-ID="audio",NAME="{n}",DEFAULT=NO,AUTOSELECT=YES' for n in "ab"]
    variants = [f'#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2",AUDIO="audio"\n{n}' for n in "ab"]
    master = packaged("\n".join(["#EXTM3U", *media, *variants]), "b")
    assert [m.uri for m in master.media] == ["a", "b"]
    assert [(p.uri, p.stream_info.bandwidth) for p in master.playlists] == [("b", 8000)]


def test_captions_and_forced_tracks_are_marked_as_such() -> None:
    tracks = [
        replace(ENGLISH, name="English (CC)", kind="captions"),
        replace(ENGLISH, name="English (forced)", kind="forced"),
    ]
    captions, forced = (m for m in m3u8.loads(hls_master(MASTER, base=BASE, tracks=tracks)).media[1:])
    assert "public.accessibility.transcribes-spoken-dialog" in captions.characteristics
    assert (captions.forced, forced.forced, forced.characteristics) == ("NO", "YES", None)
    texts = Xml.fromstring(dash_manifest(MPD, base=BASE, tracks=tracks)).findall(
        ".//d:AdaptationSet[@contentType='text']", NS
    )
    assert [t.findtext("d:Label", namespaces=NS) for t in texts] == ["English (CC)", "English (forced)"]
    assert [r.get("value") for t in texts for r in t.iterfind("d:Role", NS)] == ["caption", "forced-subtitle"]


def test_paths_lead_from_one_place_to_another() -> None:
    assert relative("m/v/stream/b2/master.m3u8", "m/v/playlists/c3/") == "../../stream/b2/master.m3u8"
