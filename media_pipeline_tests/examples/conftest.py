"""A platform for the examples to talk to: one rung, no models."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from media_pipeline.infrastructure import recipes
from media_pipeline_tests import media
from media_pipeline_tests.developing import Running, developing

_SKIPPED_BYTES = 44 * 1024 * 1024


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    small = {"MEDIA_PIPELINE_RECIPES": str(_small(home / "recipes.yaml")), "MEDIA_PIPELINE_PROFILE": "fast"}
    with developing(home, small) as found:
        yield found


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short, and of more parts than are sent at once: most of it is a box that players skip."""
    clip = media.clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 2, "320x180")
    with clip.open("ab") as file:
        file.write(struct.pack(">I4s", _SKIPPED_BYTES, b"free") + bytes(_SKIPPED_BYTES - 8))
    return clip


def _small(path: Path) -> Path:
    text = yaml.safe_load(recipes.PACKAGED.read_text())
    fast = text["profiles"]["fast"]
    without = {"rungs": fast["rungs"][:1], "thumbnails": None, "subtitles": None, "tags": None}
    text["profiles"] = {"fast": fast | without}
    path.write_text(yaml.safe_dump(text))
    return path
