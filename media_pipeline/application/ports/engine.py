"""What the use cases ask of Dagster."""

from collections.abc import Collection, Mapping
from typing import Protocol

from media_pipeline.domain.run import Run


class History(Protocol):
    """What Dagster remembers."""

    def runs(self, media_ids: Collection[str]) -> dict[str, list[Run]]:
        """Every run over these media, by media; a media without one is absent."""
        ...

    def at_work(self) -> set[str]:
        """The media that a run has begun on and not ended, or was made for and never queued."""
        ...

    def made(self, run_ids: Collection[str]) -> set[str]:
        """The assets that these runs materialised, by name."""
        ...


class Engine(Protocol):
    """Dagster, as far as the outside may use it."""

    def cancel(self, media_id: str, version: str) -> None:
        """Stop every run of a version that has not ended, queued ones too; none is no error, and neither is a worker
        that cannot be reached: it hears of it from the catalogue."""
        ...

    def launch(self, media_id: str, version: str, *, assets: Collection[str] | None, tags: Mapping[str, str]) -> str:
        """Put a run over these assets of a version into the queue (None: all), whoever's daemon takes it up. The
        run's id. A media that was archived is there again. Raises Missing where it knows none of the assets."""
        ...

    def stop(self, run_id: str) -> None:
        """End a run that nobody needs or that shows no sign of life; its job is not cancelled by it. One that has
        ended is left. Raises Unavailable when its worker may be there and cannot be reached: then it is to be asked
        again."""
        ...

    def forget(self, media_id: str) -> int:
        """Stop and then delete every run over a media, its logs and its partition; how many runs there were. Raises
        Conflict when a run takes too long to end, Unavailable when its worker cannot be reached: to be asked again."""
        ...
