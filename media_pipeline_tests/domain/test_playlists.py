from xml.etree import ElementTree as Xml

import m3u8

from media_pipeline.domain.playlists import (
    TextTrack,
    dash_manifest,
    hls_master,
    language_name,
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
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">
  <Period id="0"><AdaptationSet id="0" contentType="video"><Representation id="0"><BaseURL>v.mp4</BaseURL>
  </Representation></AdaptationSet></Period>
</MPD>"""
ENGLISH = TextTrack("en", "English", "../../subtitles/d4/subtitles.vtt", "subtitles-en.m3u8")
BASE = "../../stream/b2"


def test_a_master_names_the_subtitles_and_finds_its_files_from_elsewhere() -> None:
    master = m3u8.loads(hls_master(MASTER, base=BASE, tracks=[ENGLISH]))
    assert [p.uri for p in master.playlists] == [f"{BASE}/video-720p.m3u8"]
    assert [p.uri for p in master.iframe_playlists] == [f"{BASE}/video-720p-iframes.m3u8"]
    by_type = {m.type: m for m in master.media}
    assert by_type["AUDIO"].uri == f"{BASE}/audio-0-und.m3u8"
    assert by_type["SUBTITLES"].uri == "subtitles-en.m3u8"
    assert by_type["SUBTITLES"].language == "en"
    assert master.playlists[0].stream_info.subtitles == by_type["SUBTITLES"].group_id


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
    root = Xml.fromstring(dash_manifest(MPD, base=BASE, tracks=[ENGLISH]))
    ns = {"d": "urn:mpeg:dash:schema:mpd:2011"}
    assert [u.text for u in root.iterfind(".//d:BaseURL", ns)] == [f"{BASE}/v.mp4", ENGLISH.vtt]
    text = root.find(".//d:AdaptationSet[@contentType='text']", ns)
    assert text is not None
    assert text.get("lang") == "en"
    assert len({a.get("id") for a in root.iterfind(".//d:AdaptationSet", ns)}) == 2


def test_captions_and_forced_tracks_are_marked_as_such() -> None:
    tracks = [
        TextTrack("en", "English (CC)", "a.vtt", "a.m3u8", "captions"),
        TextTrack("en", "English (forced)", "b.vtt", "b.m3u8", "forced"),
    ]
    captions, forced = (m for m in m3u8.loads(hls_master(MASTER, base=BASE, tracks=tracks)).media[1:])
    assert "public.accessibility.transcribes-spoken-dialog" in captions.characteristics
    assert (captions.forced, forced.forced, forced.characteristics) == ("NO", "YES", None)
    roles = Xml.fromstring(dash_manifest(MPD, base=BASE, tracks=tracks)).iter("{urn:mpeg:dash:schema:mpd:2011}Role")
    assert [r.get("value") for r in roles] == ["caption", "forced-subtitle"]


def test_paths_lead_from_one_place_to_another() -> None:
    assert relative("m/v/stream/b2/master.m3u8", "m/v/revisions/3/") == "../../stream/b2/master.m3u8"


def test_an_unknown_language_is_shown_by_its_code() -> None:
    assert language_name("en") == "English"
    assert language_name("tlh") == "tlh"
