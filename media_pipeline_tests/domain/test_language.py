import pytest

from media_pipeline.domain.language import bcp47, language_name, primary, track_labels


@pytest.mark.parametrize(
    ("tag", "spelt"),
    [
        ("eng", "en"), ("EN", "en"), ("ger", "de"), ("deu", "de"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"),
        ("tlh", "tlh"), ("es-419", "es-419"), ("und", "und"), ("", "und"), ("english", "und"), ("e n", "und"),
        ('en"\nURI="x', "und"), ("<b>", "und"), ("en-" + "x" * 9, "und"),
    ],
)  # fmt: skip
def test_a_language_has_one_spelling_and_what_is_none_is_und(tag: str, spelt: str) -> None:
    assert bcp47(tag) == spelt


def test_the_language_alone() -> None:
    assert (primary("pt-BR"), primary("en")) == ("pt", "en")


def test_a_language_is_named_in_itself_and_an_unknown_one_by_its_code() -> None:
    assert [language_name(code) for code in ("en", "deu", "tlh")] == ["English", "Deutsch", "tlh"]


def test_tracks_of_one_language_are_told_apart() -> None:
    assert track_labels(["en", "und", "eng", "und"], unknown="Audio") == ["English", "Audio", "English 2", "Audio 2"]
