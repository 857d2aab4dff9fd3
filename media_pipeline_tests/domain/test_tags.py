"""A tag needs evidence."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.tags import MOST_TEXTS, Sighting, Tag, evidence


def label(at: float, name: str = "car", confidence: float = 0.5) -> Sighting:
    return Sighting(at, name, "label", confidence)


def text(at: float, name: str = "EXIT", confidence: float = 0.95) -> Sighting:
    return Sighting(at, name, "text", confidence)


def judge(seen: Sequence[Sighting], *, frames: int = 10, duration: float = 20) -> tuple[Tag, ...]:
    return evidence(
        seen,
        frames=frames,
        min_confidence=0.4,
        min_frames=2,
        sample_seconds=2,
        duration=duration,
        models={"label": "net", "text": "reader"},
    )


def test_a_label_seen_in_two_frames_is_a_tag() -> None:
    assert judge([label(2), label(4, confidence=0.7)]) == (Tag("car", "label", 0.7, ((2, 6),), "net"),)


def test_a_label_seen_once_is_none_however_sure() -> None:
    assert judge([label(2, confidence=0.99)]) == ()


def test_two_sightings_in_one_frame_are_one() -> None:
    assert judge([label(2), label(2)]) == ()


def test_unsure_frames_are_no_evidence() -> None:
    assert judge([label(2), label(4, confidence=0.39)]) == ()


def test_a_single_sampled_frame_suffices_when_it_is_surer() -> None:
    assert judge([label(0, confidence=0.69)], frames=1) == ()
    assert judge([label(0, confidence=0.7)], frames=1)[0].name == "car"


def test_spans_merge_over_consecutive_samples_only() -> None:
    (tag,) = judge([label(0), label(2), label(8), label(10.9)])
    assert tag.spans == ((0, 4), (8, 12.9))


def test_a_span_ends_with_the_media() -> None:
    (tag,) = judge([label(16), label(18)], duration=19)
    assert tag.spans == ((16, 19),)


def test_text_read_once_counts_when_it_is_surely_a_word() -> None:
    assert judge([text(2)]) == (Tag("EXIT", "text", 0.95, ((2, 4),), "reader"),)
    assert judge([text(2, confidence=0.79)]) == ()
    assert judge([text(2, "12:30"), text(2, "ab"), text(2, "|||")]) == ()


def test_text_is_spelt_as_in_its_surest_reading() -> None:
    (tag,) = judge([text(0, "exit  here", 0.9), text(2, "Exit here", 0.97)])
    assert (tag.name, tag.confidence, tag.spans) == ("Exit here", 0.97, ((0, 4),))


def test_labels_come_before_text_and_the_longest_seen_first() -> None:
    seen = [text(0), label(0, "dog"), label(2, "dog"), label(0), label(2), label(4)]
    assert [t.name for t in judge(seen)] == ["car", "dog", "EXIT"]


def test_a_lecture_does_not_fill_the_manifest() -> None:
    assert len(judge([text(i % 20, f"Slide {'abcdefghijklmnop'[i % 16]}{i}") for i in range(300)])) == MOST_TEXTS


def test_nothing_seen_is_no_tag() -> None:
    assert judge([]) == ()
    assert judge([], frames=0) == ()


@given(
    st.lists(
        st.builds(
            Sighting,
            at=st.integers(0, 9).map(lambda i: i * 2.0),
            name=st.sampled_from(["car", "dog", "EXIT now", "ab"]),
            kind=st.sampled_from(["label", "text"]),
            confidence=st.floats(0, 1),
        )
    )
)
def test_spans_are_ordered_apart_and_inside_the_media(seen: list[Sighting]) -> None:
    for tag in judge(seen, duration=19.5):
        times = [t for span in tag.spans for t in span]
        assert times == sorted(times)
        assert len(set(times)) == len(times)
        assert times[0] >= 0
        assert times[-1] <= 19.5
