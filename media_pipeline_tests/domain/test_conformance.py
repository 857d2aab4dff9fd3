import pytest

from media_pipeline.domain.conformance import average_bitrate, faults, misalignment_seconds, parsed, peak_bitrate

MASTER = """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS

#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8",GROUP-ID="audio",LANGUAGE="en",NAME="English",DEFAULT=YES,AUTOSELECT=YES

#EXT-X-STREAM-INF:BANDWIDTH=6000,AVERAGE-BANDWIDTH=4515,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio"
v.m3u8

#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=2000,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="i.m3u8"
"""
VIDEO = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="v.mp4",BYTERANGE="100@0"
#EXTINF:4.000,
#EXT-X-BYTERANGE:2500@150
v.mp4
#EXTINF:3.000,
#EXT-X-BYTERANGE:750
v.mp4
#EXT-X-ENDLIST
"""
SOUND = VIDEO.replace("v.mp4", "a.mp4").replace("2500", "400").replace("750", "300")
FRAMES = VIDEO.replace("#EXT-X-MAP", "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP").replace("2500", "900").replace("750", "300")
SIZES = {"v.mp4": 3400, "a.mp4": 850}


def found(master: str = MASTER, video: str = VIDEO, sound: str = SOUND) -> tuple[str, ...]:
    return faults(master, {"v.m3u8": video, "a.m3u8": sound, "i.m3u8": FRAMES}.__getitem__, SIZES)


def test_a_sound_presentation_has_no_fault() -> None:
    assert found() == ()


def test_bitrates_are_those_of_the_segments() -> None:
    assert peak_bitrate(parsed(VIDEO)) == 2500 * 8 / 4
    assert average_bitrate(parsed(VIDEO)) == pytest.approx(3250 * 8 / 7)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("#EXTM3U\n", "", "does not begin with #EXTM3U"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "", "no EXT-X-INDEPENDENT-SEGMENTS"),
        ("FRAME-RATE=25.000,", "", "without FRAME-RATE"),
        ("VIDEO-RANGE=SDR,", "", "VIDEO-RANGE"),
        (',CODECS="avc1.64001f,mp4a.40.2"', "", "a variant without CODECS"),
        ("BANDWIDTH=6000", "BANDWIDTH=5700", "v.m3u8: BANDWIDTH is 5700 bits/s, measured are 5800"),
        (
            "AVERAGE-BANDWIDTH=4515",
            "AVERAGE-BANDWIDTH=4400",
            "v.m3u8: AVERAGE-BANDWIDTH is 4400 bits/s, measured are 4514",
        ),
        ("AVERAGE-BANDWIDTH=4515", "AVERAGE-BANDWIDTH=6001", "BANDWIDTH is 6000 bits/s, less than the average of 6001"),
        ("DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=NO,AUTOSELECT=YES", "0 default renditions in group audio"),
        ("AUTOSELECT=YES", "AUTOSELECT=NO", "is not to be selected"),
        (',AUDIO="audio"', ',AUDIO="sound"', "names the AUDIO group sound, which is not there"),
        ('AUDIO="audio"', 'AUDIO="audio",SUBTITLES="subs"', "names the SUBTITLES group subs, which is not there"),
        ("#EXT-X-STREAM-INF", "#EXT-X-OTHER", "no variant stream"),
    ],
)
def test_a_master_that_breaks_a_rule_is_told_so(old: str, new: str, sentence: str) -> None:
    assert sentence in "\n".join(found(master=MASTER.replace(old, new, 1)))


def test_renditions_of_one_name_are_a_fault() -> None:
    media = next(line for line in MASTER.splitlines() if line.startswith("#EXT-X-MEDIA"))
    twice = MASTER.replace(media, f"{media}\n{media}")
    assert found(master=twice) == (
        "names in group audio are not unique: ['English', 'English']",
        "2 default renditions in group audio",
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("#EXT-X-ENDLIST", "", "not a whole playlist"),
        (":VOD", ":EVENT", "not a whole playlist"),
        ("#EXTINF:4.000", "#EXTINF:4.500", "a segment of 4.500 s is over the target of 4 s"),
        ("#EXTINF:4.000,\n", "", "a segment without a duration"),
        ("VERSION:6", "VERSION:5", "the version is too low"),
        ("#EXT-X-MAP", "#EXT-X-OTHER", "no EXT-X-MAP"),
        ("#EXT-X-MAP", "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP", "does not match what the master says"),
        ("2500@150", "2600@150", "ends 100 bytes past its file"),
        ("TARGETDURATION:4", "TARGETDURATION:5", "target durations differ: [4, 5]"),
    ],
)
def test_a_media_playlist_that_breaks_a_rule_is_told_so(old: str, new: str, sentence: str) -> None:
    assert sentence in "\n".join(found(video=VIDEO.replace(old, new, 1)))


def test_sound_alone_is_heard_once() -> None:
    alone = MASTER[: MASTER.index("#EXT-X-STREAM-INF")] + (
        '#EXT-X-STREAM-INF:BANDWIDTH=800,AVERAGE-BANDWIDTH=800,CODECS="mp4a.40.2",AUDIO="audio"\na.m3u8\n'
    )
    assert found(master=alone) == ()
    assert "BANDWIDTH is 700 bits/s, measured are 800" in found(master=alone.replace("800", "700"))[0]


def test_a_segment_half_a_second_over_its_target_is_rounded_down() -> None:
    assert found(video=VIDEO.replace("#EXTINF:4.000", "#EXTINF:4.499")) == ()


def test_rungs_whose_segments_end_apart_are_measured() -> None:
    assert misalignment_seconds([VIDEO, VIDEO]) == misalignment_seconds([VIDEO]) == misalignment_seconds([]) == 0
    assert misalignment_seconds([VIDEO, VIDEO.replace("4.000", "4.040")]) == pytest.approx(0.04)
    assert misalignment_seconds([VIDEO, VIDEO[: VIDEO.index("#EXTINF:3")]]) == pytest.approx(7)
