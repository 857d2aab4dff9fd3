"""One shape for every frame of a picture, whatever shapes its frames come in."""

from typing import Any

from media_pipeline.domain.media import VideoStream

_SAME_SHAPE = 0.02
"""of an aspect: 1088 lines are 1080, and a cropped edge is no bar"""
_SPARSE = ("yuv410", "yuv411", "yuvj411")
"""These share a colour among four columns."""
_TELEVISION = (
    "(eq(ih,480)+eq(ih,486)+eq(ih,576))*(eq(iw,480)+eq(iw,544)+eq(iw,704)+eq(iw,720))"
    "+eq(ih,1080)*(eq(iw,1280)+eq(iw,1440))"
)
"""Sizes that say nothing of a shape: their pixels are as wide as the picture needs."""


def kept(frames: Any, video: VideoStream) -> Any:
    """Every frame at the size of the first: one of another shape gets black bars. Size and format may change on the
    way; the first filter takes what comes, those behind it see one kind of frame.

    ffmpeg gives every frame the pixel aspect of the first, so where pixels are not square all frames are taken for one
    shape.
    """
    sideways = video.rotation in {90, 270}
    width, height = (video.coded_height, video.coded_width) if sideways else (video.coded_width, video.coded_height)
    square = (width, height) == (video.display_width, video.display_height)
    unit = 4 if video.pixel_format.startswith(_SPARSE) else 2
    if not square or width % unit or height % unit:  # bars cannot split a sample of colour
        return frames if video.turned else frames.filter("scale", width, height)
    wider = f"if({_TELEVISION},1,iw/ih*{height}/{width})"
    fitted = frames.filter(
        "scale",
        f"if(lt({wider},{1 - _SAME_SHAPE}),max(1,round({width}*{wider})),{width})",
        f"if(gt({wider},{1 + _SAME_SHAPE}),max(1,round({height}/({wider}))),{height})",
        eval="frame",
    )
    return fitted.filter("pad", width, height, -1, -1, eval="frame")
