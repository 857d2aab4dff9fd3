"""Which tracks are shown, and what they are called."""

from dataclasses import replace

from media_pipeline.domain.results import SubtitleTrack
from media_pipeline.domain.subtitle_tracks import chosen, names

SPOKEN = SubtitleTrack("en", "subtitles", "speech", "s.vtt", "s.srt", "s.json", "s.mpd", 3, 9.0)
EMBEDDED = SubtitleTrack("en", "subtitles", "embedded", "e.vtt", "e.srt", None, "e.mpd", 3, 9.0)
GERMAN = replace(EMBEDDED, language="de")
CAPTIONS = replace(EMBEDDED, kind="captions")
FORCED = replace(EMBEDDED, kind="forced")
HUMAN = replace(EMBEDDED, origin="human", vtt="h.vtt")


def test_what_a_person_set_stands_in_the_place_of_its_language_and_kind() -> None:
    assert chosen([HUMAN], [EMBEDDED, CAPTIONS, GERMAN], SPOKEN) == (HUMAN, CAPTIONS, GERMAN)


def test_a_track_of_another_kind_or_language_replaces_nothing() -> None:
    edited = replace(HUMAN, language="pt-BR"), replace(HUMAN, kind="forced")
    assert set(chosen(edited, [EMBEDDED], SPOKEN)) == {*edited, EMBEDDED, SPOKEN}


def test_a_player_begins_with_the_language_that_is_spoken_and_never_with_a_forced_track() -> None:
    assert chosen([], [FORCED, GERMAN, EMBEDDED], SPOKEN) == (EMBEDDED, SPOKEN, GERMAN, FORCED)
    assert chosen([], [GERMAN, EMBEDDED], None) == (GERMAN, EMBEDDED)
    assert chosen([], [], SPOKEN) == (SPOKEN,)


def test_names_in_a_menu_are_unlike_each_other() -> None:
    assert names([SPOKEN]) == ["English"]
    assert names([EMBEDDED, SPOKEN, GERMAN, CAPTIONS, FORCED, EMBEDDED]) == [
        "English", "English (automatic)", "Deutsch", "English (CC)", "English (forced)", "English 2",
    ]  # fmt: skip
