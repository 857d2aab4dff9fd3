import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.search import LONGEST_WORD, MOST_WORDS, Query, query, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The beach, the BEACH", ["the", "beach"]),
        ("Crème brûlée 4K", ["creme", "brulee", "4k"]),
        ("snake_case-and.dots", ["snake", "case", "and", "dots"]),
        ("Straße ﬁn", ["strasse", "fin"]),
        ("東京都", ["東京", "京都", "都"]),
        ("がくせい", ["がく", "くせ", "せい", "い"]),
        ("vlog東京 2026", ["vlog", "東京", "京", "2026"]),
        ("한국어", ["한국어"]),
        ("हिन्दी", ["हिन्दी"]),
        ("", []),
        ("!? \0 \udce9", []),
    ],
)
def test_a_text_is_the_words_that_people_would_type(text: str, expected: list[str]) -> None:
    assert words([text]) == expected


def test_the_last_word_of_a_question_may_be_unfinished() -> None:
    assert query("Big buck bu") == Query(frozenset({"big", "buck"}), "bu")
    assert query("東京都") == Query(frozenset({"東京"}), "京都")
    assert query("都") == Query(frozenset(), "都")


def test_a_question_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to search for"):
        query(" …! ")


def test_neither_a_word_nor_their_number_is_without_end() -> None:
    assert words(["x" * 1000]) == ["x" * LONGEST_WORD]
    assert len(words([" ".join(map(str, range(MOST_WORDS + 10)))])) == MOST_WORDS


@given(st.text())
def test_every_text_is_found_by_itself(text: str) -> None:
    there = words([text])
    if not there:
        return
    asked = query(text)
    assert asked.whole <= set(there)
    assert any(word.startswith(asked.start) for word in there)
    assert all(" " not in word and "'" not in word and "\\" not in word for word in there)
