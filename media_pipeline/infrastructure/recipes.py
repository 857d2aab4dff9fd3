"""Recipes and profiles from YAML. An error names the place in the file and what is allowed there."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from media_pipeline.domain.profile import PRESETS, Profile, Recipes, Rung

PACKAGED = Path(__file__).parent.parent / "recipes.yaml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_KINDS = ("rungs", "audio", "stream", "thumbnails", "quality", "speech", "vision", "profiles")


class BadRecipes(ValueError):
    """The file does not say what can be made. One line a fault, each with its place."""


def load(path: Path = PACKAGED) -> Recipes:
    """Read and check a recipes file. Raises BadRecipes."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BadRecipes(f"{path.name}: {error}") from error
    return parse(raw, name=path.name)


def parse(raw: Any, *, name: str = "recipes") -> Recipes:
    """Recipes from plain data. Raises BadRecipes."""
    if not isinstance(raw, dict):
        raise BadRecipes(f"{name}: expected the sections {', '.join(_KINDS)}")
    named = {kind: _named(kind, raw[kind], name) if kind in raw else raw.get(kind) for kind in raw}
    try:
        recipes = _adapter().validate_python(named)
    except ValidationError as error:
        raise BadRecipes("\n".join(f"{name}: {_told(e)}" for e in error.errors())) from error
    faults = [fault for rung in recipes.rungs.values() for fault in _rung_faults(rung)]
    faults += [fault for profile in recipes.profiles.values() for fault in _faults(profile, recipes)]
    if faults:
        raise BadRecipes("\n".join(f"{name}: {fault}" for fault in faults))
    return recipes


def _named(kind: str, entries: Any, name: str) -> Any:
    """Each entry learns its own name, which in the file is its key."""
    if not isinstance(entries, dict):
        return entries
    for key in entries:
        if not isinstance(key, str) or not _NAME.fullmatch(key):
            raise BadRecipes(f"{name}: {kind}.{key}: a name has letters, digits, - and _ only")
    return {key: {"name": key, **value} if isinstance(value, dict) else value for key, value in entries.items()}


def _rung_faults(rung: Rung) -> list[str]:
    allowed = PRESETS[rung.codec]
    if rung.preset in allowed:
        return []
    return [f"rungs.{rung.name}.preset: {rung.preset!r} is not one of {', '.join(allowed)}"]


def _faults(profile: Profile, recipes: Recipes) -> list[str]:
    asked: list[tuple[str, str | None, Any]] = [
        *(("rungs", rung, recipes.rungs) for rung in profile.rungs),
        ("audio", profile.audio, recipes.audio),
        ("stream", profile.stream, recipes.stream),
        ("thumbnails", profile.thumbnails, recipes.thumbnails),
        ("quality", profile.quality, recipes.quality),
        ("subtitles", profile.subtitles, recipes.speech),
        ("tags", profile.tags, recipes.vision),
    ]
    faults = [
        f"profiles.{profile.name}.{field}: {name!r} is not one of {', '.join(known)}"
        for field, name, known in asked
        if name is not None and name not in known
    ]
    return faults if profile.rungs else [*faults, f"profiles.{profile.name}.rungs: name at least one rung"]


def _adapter() -> TypeAdapter[Recipes]:
    # Every dataclass of the tree refuses fields it does not know, so that a typo is no silent default.
    for kind in (Recipes, *(_element(f) for f in _KINDS)):
        kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(Recipes)


def _element(field: str) -> Any:
    return Recipes.__annotations__[field].__args__[1]


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg'][0].lower()}{error['msg'][1:]}"
