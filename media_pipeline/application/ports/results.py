"""What the use cases ask of the place where stages hand on their results."""

from typing import Protocol, TypeVar

from media_pipeline.domain.results import NotMade, Result, SubtitleTrack
from media_pipeline.domain.upload import Upload

R = TypeVar("R")


class Results(Protocol):
    """What each asset handed on, by upload and asset key joined by "/"."""

    def save(self, upload: Upload, asset: str, value: Result | SubtitleTrack | NotMade) -> None: ...

    def load(self, upload: Upload, asset: str, kind: type[R]) -> R | NotMade | None:
        """None where the asset was never materialised: absence is a value."""
        ...

    def load_all(self, upload: Upload, folder: str, kind: type[R]) -> list[R]:
        """Every result saved as `<folder>/<name>`, in the order of their names, without those that are NotMade."""
        ...
