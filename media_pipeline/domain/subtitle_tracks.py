"""Which subtitle tracks of one media are shown, in which order, and what a menu calls them."""

from collections import Counter
from collections.abc import Sequence

from media_pipeline.domain.language import language_name, primary
from media_pipeline.domain.results import SubtitleTrack

_KINDS = {"subtitles": "", "captions": "CC", "forced": "forced"}


def chosen(
    edited: Sequence[SubtitleTrack], embedded: Sequence[SubtitleTrack], spoken: SubtitleTrack | None
) -> tuple[SubtitleTrack, ...]:
    """What a person set stands in the place of everything else of its language and kind. The first is what a player
    begins with: in the language that is spoken, where it is known."""
    settled = {(t.language, t.kind) for t in edited}
    others = (*embedded, spoken) if spoken else embedded
    shown = [*edited, *(t for t in others if (t.language, t.kind) not in settled)]
    heard = primary(spoken.language) if spoken else None
    return tuple(sorted(shown, key=lambda t: (t.kind == "forced", primary(t.language) != heard)))


def names(tracks: Sequence[SubtitleTrack]) -> list[str]:
    """One for each track, unlike all others: "English", "English (CC)", "English (automatic)", "English 2"."""
    languages = Counter(t.language for t in tracks)
    taken: Counter[str] = Counter()
    out = []
    for track in tracks:
        told_apart = track.origin == "speech" and languages[track.language] > 1
        mark = "automatic" if told_apart else _KINDS[track.kind]
        name = f"{language_name(track.language)} ({mark})" if mark else language_name(track.language)
        taken[name] += 1
        out.append(name if taken[name] == 1 else f"{name} {taken[name]}")
    return out
