"""A poster and a storyboard, from keyframes only, and a preview that moves."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import Frame, MediaTool
from media_pipeline.domain.profile import Recipes, ThumbnailRecipe, fingerprint
from media_pipeline.domain.results import Made, NotMade, Source, Thumbnails
from media_pipeline.domain.transcript import timestamp

MOST_TILES = 100
"""for media up to a quarter of an hour; longer ones get a tile at least every 10 s"""

Choose = Callable[[Sequence[Frame]], int]
"""The index of the frame that shows most: sharp, well exposed, not blank."""
Sheet = Callable[[Sequence[Frame], int], bytes]
"""A JPEG of frames in a grid with so many columns."""


def thumbnails(
    source: Source,
    *,
    recipes: Recipes,
    store: Store,
    shelf: Shelf,
    tool: MediaTool,
    choose: Choose,
    sheet: Sheet,
    scratch: Path,
) -> Thumbnails | NotMade:
    """Poster, sprite sheets and their WebVTT (`#xywh`). NotMade without a picture."""
    name = recipes.profiles[source.profile].thumbnails
    if name is None:
        return NotMade(f"not in profile {source.profile}")
    if source.info.video is None:
        return NotMade("the source has no picture")
    began = time.monotonic()
    recipe = recipes.thumbnails[name]
    every = max(recipe.interval_seconds, min(source.info.duration_seconds / MOST_TILES, 10.0))
    with opened(source.upload, store=store, scratch=scratch) as path:
        tiles = tool.keyframe_tiles(path, source.info, interval_seconds=every, width=recipe.tile_width, scratch=scratch)
        best = tiles[choose(tiles)]
        poster = tool.picture(path, source.info, at=best.at, width=recipe.poster_width, scratch=scratch)
        preview = tool.preview(
            path, source.info, starts=passages(source.info.video.end_seconds, recipe), rate=recipe.preview_rate,
            seconds=recipe.preview_passage_seconds, width=recipe.preview_width, scratch=scratch,
        )  # fmt: skip
    files = {"poster.jpg": poster, "preview.webp": preview}
    pages = _pages(tiles, recipe)
    for i, page in enumerate(pages):
        files[f"storyboard-{i}.jpg"] = _written(scratch / f"storyboard-{i}.jpg", sheet(page, recipe.columns))
    vtt = storyboard(tiles, recipe, duration=source.info.duration_seconds)
    files["storyboard.vtt"] = _written(scratch / "storyboard.vtt", vtt.encode())
    kept = shelf.keep(source.upload, "thumbnails", files)
    return Thumbnails(
        poster=kept["poster.jpg"],
        poster_at=best.at,
        storyboard_vtt=kept["storyboard.vtt"],
        storyboard_images=tuple(kept[f"storyboard-{i}.jpg"] for i in range(len(pages))),
        tiles=len(tiles),
        preview=kept["preview.webp"],
        made=Made(fingerprint(recipe), tool.build, None, round(time.monotonic() - began, 3)),
    )


def passages(duration: float, recipe: ThumbnailRecipe) -> list[float]:
    """Where the preview's passages begin, in seconds: spread evenly, none at the very start or end; one passage of
    media that is hardly longer than they are together."""
    count, each = recipe.preview_passages, recipe.preview_passage_seconds
    if duration < 1.5 * count * each:
        return [0.0]
    return [round((i + 0.5) * duration / count - each / 2, 3) for i in range(count)]


def storyboard(tiles: Sequence[Frame], recipe: ThumbnailRecipe, *, duration: float) -> str:
    """WebVTT that tells which rectangle of which sheet shows a time: every instant has one tile."""
    starts = [0.0, *[t.at for t in tiles[1:]]]
    ends = [*starts[1:], max(duration, starts[-1] + 0.001)]
    cues = ["WEBVTT", ""]
    a_page = recipe.columns * recipe.rows
    for i, (tile, start, end) in enumerate(zip(tiles, starts, ends, strict=True)):
        page, at = divmod(i, a_page)
        row, column = divmod(at, recipe.columns)
        where = f"xywh={column * tile.width},{row * tile.height},{tile.width},{tile.height}"
        cues += [f"{timestamp(start)} --> {timestamp(end)}", f"storyboard-{page}.jpg#{where}", ""]
    return "\n".join(cues)


def _pages(tiles: Sequence[Frame], recipe: ThumbnailRecipe) -> list[Sequence[Frame]]:
    size = recipe.columns * recipe.rows
    return [tiles[i : i + size] for i in range(0, len(tiles), size)]


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
