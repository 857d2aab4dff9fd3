"""What is uploaded: small clips of different contents, and now and then a file that is none."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random

from media_pipeline.domain.upload import media_id
from media_pipeline_tests import media
from media_pipeline_tests.chaos.judge import Sent
from media_pipeline_tests.chaos.world import World

_POISON_EVERY = 5


@dataclass
class Feed:
    """`sent`: the newest version of each upload, by its key."""

    world: World
    seed: int
    folder: Path
    sent: dict[str, Sent] = field(default_factory=dict)
    versions: int = 0

    def new(self) -> None:
        """One more upload."""
        number = len(self.sent)
        self._send(f"clips/{number:03}.mp4", fit=number % _POISON_EVERY != 2)

    def overwrite(self, choice: float) -> bool:
        """Another content for an upload that is there; False where there is none."""
        keys = sorted(k for k, sent in self.sent.items() if sent.fit)
        if keys:
            self._send(keys[int(choice * len(keys))], fit=True)
        return bool(keys)

    def ids(self) -> dict[str, str]:
        """Keys by the ids of their media."""
        return {media_id("uploads", key): key for key in list(self.sent)}

    def _send(self, key: str, *, fit: bool) -> None:
        self.versions += 1
        data = self._clip(self.versions) if fit else self._poison(self.versions)
        answer = self.world.s3.put_object(Bucket="uploads", Key=key, Body=data)
        self.sent[key] = Sent(answer["ETag"].strip('"'), fit)

    def _clip(self, number: int) -> bytes:
        """The comment alone makes it another content."""
        to = self.folder / "clip.mp4"
        seconds = ["-c", "copy", "-metadata", f"comment={self.seed}-{number}"]
        return media.make(to, "-i", str(self._original), *seconds).read_bytes()

    def _poison(self, number: int) -> bytes:
        random = Random(f"{self.seed}-{number}")
        whole = self._clip(number)
        return random.choice([random.randbytes(5000), whole[: len(whole) // 2], b""])

    @cached_property
    def _original(self) -> Path:
        return media.clip(self.folder / "original.mp4", 2, "160x120")
