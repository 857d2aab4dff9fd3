"""What a file is called on the disk of whoever downloads it."""

import unicodedata
from pathlib import PurePosixPath

_NAMELESS = "media"
_SEPARATORS = str.maketrans('/\\:*?"<>|', "_________")
_STEM, _SUFFIX = 80, 10
"""characters; file systems take 255 bytes"""


def filename(title: str, *, suffix: str | None = None) -> str:
    """A title as a name that every system takes, with its own ending or another in its place. Nothing in it is hidden,
    steers the text round it, or parts a path.

    >>> filename("Über/uns\\u202e.mov"), filename("clip.final.mov", suffix=".mp4"), filename("..")
    ('Über_uns.mov', 'clip.final.mp4', 'media')
    """
    plain = "".join(c for c in title.translate(_SEPARATORS) if not unicodedata.category(c).startswith("C"))
    path = PurePosixPath(plain.strip(" ."))
    ending = path.suffix if suffix is None else suffix
    return f"{path.stem[:_STEM].strip(' .') or _NAMELESS}{ending[:_SUFFIX]}"
