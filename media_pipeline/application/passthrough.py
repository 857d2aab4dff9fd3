"""The picture of a standard source as its own top rung: copied, proven, and then a rendition like any other."""

from collections.abc import Sequence
from pathlib import Path

from media_pipeline.application.ports.tools import EncodedVideo, MediaTool, Progress
from media_pipeline.domain import passthrough
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.profile import PlannedRendition, Recipes
from media_pipeline.domain.results import NotMade, Source


def copied(
    path: Path,
    source: Source,
    plans: Sequence[PlannedRendition],
    *,
    recipes: Recipes,
    tool: MediaTool,
    scratch: Path,
    progress: Progress,
) -> tuple[PlannedRendition, EncodedVideo] | NotMade:
    """The rung of the ladder `plans` that the source's own packets make, with its file; NotMade where it must be
    encoded. The same source under the same recipes always gives the same answer."""
    profile = recipes.profiles[source.profile]
    stream = recipes.stream[profile.stream]
    plan = passthrough.candidate(source.info, plans, stream) if profile.passthrough else None
    if plan is None:
        return NotMade("the source is not standard, or its profile wants it encoded")
    try:
        video, copy = tool.copy(path, source.info, scratch=scratch, progress=progress)
    except BadMedia:
        # Decoders forgive more than copying does: whether the file is bad is for the encode to say.
        return NotMade("the source's packets cannot be copied")
    if not passthrough.stands(copy, source.info, plan, stream):
        return NotMade("the source's packets make no sound rung")
    # Viewers get bytes that a stranger made: of those, only such as our own decoder reads without one complaint.
    if not tool.decodes(video, source.info, progress=progress):
        return NotMade("the source does not decode without errors")
    return plan, video
