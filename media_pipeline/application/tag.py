"""What is seen: labels, on-screen text and scenes."""

import time
from collections.abc import Sequence
from pathlib import Path

from media_pipeline.application.outputs import opened
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import Eye, MediaTool, Progress
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import Made, NotMade, Source, Tags
from media_pipeline.domain.tags import Span, evidence

_LOOK_WIDTH = 640
"""pixels: enough to read a caption, small enough to be cheap"""
_SHORTEST_SCENE = 0.5
"""seconds; what is shorter is a flash, not a scene"""


def tag(
    source: Source, *, recipes: Recipes, store: Store, tool: MediaTool, eye: Eye, scratch: Path, progress: Progress
) -> Tags | NotMade:
    """Look at sampled frames and keep what has evidence; a video may honestly have no tags. NotMade without a
    picture."""
    name = recipes.profiles[source.profile].tags
    if name is None:
        return NotMade(f"not in profile {source.profile}")
    if source.info.video is None:
        return NotMade("the source has no picture")
    began = time.monotonic()
    model = recipes.vision[name]
    duration = source.info.duration_seconds
    every = max(model.sample_seconds, duration / model.max_frames)
    with opened(source.upload, store=store, scratch=scratch) as path:
        frames, cuts = tool.look(
            path, source.info, every_seconds=every, width=_LOOK_WIDTH, scratch=scratch,
            progress=lambda done: progress(done / 2),
        )  # fmt: skip
    sightings = eye.look(frames, model=model, progress=lambda done: progress(0.5 + done / 2))
    seen = evidence(
        sightings,
        frames=len(frames),
        min_confidence=model.min_confidence,
        min_frames=model.min_frames,
        sample_seconds=every,
        duration=duration,
        models={"label": model.classifier, "text": "rapidocr"},
    )
    made = Made(fingerprint(model), f"{tool.build}, {eye.build}", model.classifier, round(time.monotonic() - began, 3))
    return Tags(tags=seen, scenes=scenes(cuts, duration), frames_seen=len(frames), made=made)


def scenes(cuts: Sequence[float], duration: float) -> tuple[Span, ...]:
    """The stretches between cuts, together the whole media."""
    starts = [0.0]
    for cut in sorted(cuts):
        if cut - starts[-1] >= _SHORTEST_SCENE and duration - cut >= _SHORTEST_SCENE:
            starts.append(round(cut, 3))
    return tuple(zip(starts, [*starts[1:], round(duration, 3)], strict=True))
