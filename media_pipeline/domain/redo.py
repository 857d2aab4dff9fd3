"""What has to be made again when something is missing: that, and what is made of it. No more."""

from collections.abc import Collection, Sequence

from media_pipeline.domain.attempt import stage
from media_pipeline.domain.job import LAST

_NEEDS = {"stream": {"transcodes"}}


def redo(tasks: Sequence[str], missing: Collection[str]) -> tuple[str, ...]:
    """The tasks to work on, in their order; all of them where the source itself is missing.

    >>> redo(["source", "transcodes/720p", "audio", "stream", "subtitles", "publication"], {"transcodes/720p"})
    ('transcodes/720p', 'stream', 'publication')
    """
    if "source" in missing:
        return tuple(tasks)
    stages = {stage(name) for name in missing}
    return tuple(
        name
        for name in tasks
        if name in missing or (name == LAST and missing) or not stages.isdisjoint(_NEEDS.get(name, ()))
    )
