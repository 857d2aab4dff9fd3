"""A rate that may be exceeded for a moment and not for long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: holds at most `most`, fills by `a_second`."""

    most: float
    a_second: float
    left: float
    at: float
    """seconds on any clock that only goes forward"""

    def taken(self, now: float) -> tuple["Bucket", float]:
        """The bucket after one more, and how many seconds to wait before that is allowed: 0 where it is now."""
        left = min(self.most, self.left + (now - self.at) * self.a_second)
        if left < 1:
            return Bucket(self.most, self.a_second, left, now), (1 - left) / self.a_second
        return Bucket(self.most, self.a_second, left - 1, now), 0.0


def full(*, a_minute: int, now: float) -> Bucket:
    """A tenth of a minute's worth at once, then evenly."""
    most = max(1.0, a_minute / 10)
    return Bucket(most, a_minute / 60, most, now)
