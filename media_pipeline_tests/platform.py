"""A whole platform for tests: real tools, directories and SQLite below a temporary home; models from the shared cache
of the machine, unpacked once."""

import atexit
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from media_pipeline.defs.resources import Platform, local, prepare
from media_pipeline.domain.profile import Rung
from media_pipeline.infrastructure.settings import Settings
from media_pipeline_tests.builders import rung


def settings(home: Path, **changes: Any) -> Settings:
    return Settings(home=home, models=Settings().models_dir, **changes)


def platform(home: Path, **changes: Any) -> Platform:
    """A platform that has seen nothing yet. The tables of its catalogue are made once and copied."""
    chosen = settings(home, **changes)
    if chosen.database is None and not chosen.catalogue_file.exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_empty_catalogue(), chosen.catalogue_file)
    return local(chosen)


def slim(home: Path, *ladder: Rung, **changes: Any) -> Platform:
    """A platform whose every profile encodes this ladder (one rung, unless given) and has no extras. Dagster writes
    down every asset of every run that it makes: with the shipped ladder that is a hundred events."""
    here = platform(home, **changes)
    rungs = {each.name: each for each in ladder or [rung(720, preset="ultrafast")]}
    profiles = {
        name: replace(profile, rungs=tuple(rungs), passthrough=False, thumbnails=None, subtitles=None, tags=None)
        for name, profile in here.recipes.profiles.items()
    }
    return replace(here, recipes=replace(here.recipes, rungs=rungs, profiles=profiles))


@cache
def _empty_catalogue() -> Path:
    home = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, home)
    empty = settings(home)
    prepare(empty)
    return empty.catalogue_file
