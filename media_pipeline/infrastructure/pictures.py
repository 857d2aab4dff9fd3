"""Small pictures: which one shows most, and many on one sheet. Pillow over RGB that we decoded ourselves."""

import io
from collections.abc import Sequence

from PIL import Image, ImageFilter, ImageStat

from media_pipeline.application.ports.tools import Frame

_JPEG_QUALITY = 82


def best(frames: Sequence[Frame]) -> int:
    """The index of the frame with the highest score; the first of equals."""
    return max(range(len(frames)), key=lambda i: score(frames[i]))


def score(frame: Frame) -> float:
    """How much a frame shows: detail, times exposure. Near 0 for black, white, blank or blurred pictures."""
    grey = _image(frame).convert("L")
    edges = ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).stddev[0]
    light = ImageStat.Stat(grey)
    exposure = 1 - abs(light.mean[0] - 118) / 138  # mid grey is best; black and white are worst
    return edges * max(exposure, 0.02) * min(light.stddev[0], 60) / 60


def sheet(frames: Sequence[Frame], columns: int) -> bytes:
    """A JPEG with the frames in reading order, as many columns as there are frames for."""
    across = min(columns, len(frames))
    down = -(-len(frames) // columns)
    width, height = frames[0].width, frames[0].height
    page = Image.new("RGB", (across * width, down * height))
    for i, frame in enumerate(frames):
        page.paste(_image(frame), ((i % columns) * width, (i // columns) * height))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return out.getvalue()


def _image(frame: Frame) -> Image.Image:
    return Image.frombytes("RGB", (frame.width, frame.height), frame.rgb)
