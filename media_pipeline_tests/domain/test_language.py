import pytest

from media_pipeline.domain.language import bcp47, primary


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
