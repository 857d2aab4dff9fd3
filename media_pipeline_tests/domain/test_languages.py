from media_pipeline.domain.languages import language_name, language_tag, track_labels


def test_a_language_has_its_shortest_tag() -> None:
    assert [language_tag(code) for code in ("eng", "GER", "deu", "pt-BR", "und", "tlh")] == [
        "en", "de", "de", "pt-BR", "und", "tlh",
    ]  # fmt: skip


def test_a_language_is_named_in_itself_and_an_unknown_one_by_its_code() -> None:
    assert [language_name(code) for code in ("en", "deu", "tlh")] == ["English", "Deutsch", "tlh"]


def test_tracks_of_one_language_are_told_apart() -> None:
    assert track_labels(["en", "und", "eng", "und"], unknown="Audio") == ["English", "Audio", "English 2", "Audio 2"]
