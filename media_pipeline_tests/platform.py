"""A whole platform for tests: real tools, directories and SQLite below a temporary home; models from the shared cache
of the machine, unpacked once."""

from pathlib import Path
from typing import Any

from media_pipeline.defs.resources import Platform, local
from media_pipeline.infrastructure.settings import Settings


def settings(home: Path, **changes: Any) -> Settings:
    return Settings(home=home, models=Settings().models_dir, **changes)


def platform(home: Path, **changes: Any) -> Platform:
    return local(settings(home, **changes))
