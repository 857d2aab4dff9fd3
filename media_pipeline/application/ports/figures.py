"""What is asked of the catalogue's numbers, by whoever watches over the platform."""

from typing import Protocol

from media_pipeline.domain.census import Census
from media_pipeline.domain.tally import Tally


class Figures(Protocol):
    """Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer."""

    def census(self) -> Census:
        """How things stand."""
        ...

    def tallies(self) -> list[Tally]:
        """What the catalogue's writes came to since it counts, one tally a kind. None ever falls, whatever is redone,
        removed or erased."""
        ...

    def fold(self, *, most: int) -> int:
        """Add up what was counted one by one, at most so many rows, so that reading stays quick. Changes no tally. How
        many rows fewer there are."""
        ...
