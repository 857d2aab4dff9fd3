"""The three ways to confine a tool, as command lines: pure functions of what it may use."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from media_pipeline.infrastructure.sandbox import confine, seccomp

Choice = Literal["auto", "bubblewrap", "landlock", "rlimits"]
"""What an operator may ask for; auto: the best that works."""


class Mode(StrEnum):
    """How a tool is confined, best first."""

    BUBBLEWRAP = "bubblewrap"
    """namespaces: a file system of its own, no network, no other processes; and the seccomp filter"""
    LANDLOCK = "landlock"
    """file system rules and the seccomp filter; needs no privilege and no program"""
    RLIMITS = "rlimits"
    """limits only: a tool that was taken over can read and send what its user can"""


_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/nix/store",
              "/etc/ld.so.cache")  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

# Landlock's access rights
_EXECUTE, _WRITE, _READ, _LIST, _REMOVE_DIRECTORY, _REMOVE, _MAKE_DIRECTORY, _MAKE_FILE, _TRUNCATE = (
    1 << bit for bit in (0, 1, 2, 3, 4, 5, 7, 8, 14)
)
_WORK = _WRITE | _READ | _LIST | _REMOVE_DIRECTORY | _REMOVE | _MAKE_DIRECTORY | _MAKE_FILE | _TRUNCATE


class Confined(NamedTuple):
    """What to start, and what to tell it on stdin. No path of a user's is in `argv`."""

    argv: list[str]
    stdin: bytes


def command(
    mode: Mode, argv: Sequence[str], *, scratch: Path, reads: Sequence[Path], limits: Mapping[str, int]
) -> Confined:
    """What to start so that `argv` runs confined: it may write below `scratch`, and read that, `reads`, the system's
    libraries and its own program. The links in these directories may be followed: only we can have made them.

    `limits`: values of RLIMIT_* by name. Raises FileNotFoundError when the tool or bubblewrap is missing.
    """
    facts: dict[str, object] = {"parent": os.getpid(), "limits": limits}
    if mode is not Mode.RLIMITS:
        facts["filter"] = seccomp.program().hex()
    if mode is Mode.LANDLOCK:
        facts["rules"] = _rules(argv[0], scratch, reads)
    if mode is Mode.BUBBLEWRAP:
        facts["bubblewrap"] = _bubblewrap(argv[0], scratch, reads)
    return Confined([sys.executable, "-I", "-S", confine.__file__, *argv], json.dumps(facts).encode())


def _rules(tool: str, scratch: Path, reads: Sequence[Path]) -> list[tuple[str, int]]:
    shown = [*map(os.path.realpath, reads), *(real for _, real in _linked([scratch, *reads]))]
    return [
        *((path, _EXECUTE | _READ | _LIST) for path in _LIBRARIES if Path(path).exists()),
        *((path, _READ | _WRITE) for path in _DEVICES),
        (os.path.realpath(tool, strict=True), _EXECUTE | _READ),
        *((path, _READ | _LIST) for path in shown),
        (os.path.realpath(scratch), _WORK),
    ]


def _bubblewrap(tool: str, scratch: Path, reads: Sequence[Path]) -> list[str]:
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("not installed")
    words = [program, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    for path in _LIBRARIES:
        words += ["--ro-bind-try", path, path]
    for path in _DEVICES:
        words += ["--dev-bind", path, path]
    for directory in reads:
        words += ["--ro-bind", os.path.realpath(directory), str(directory)]
    words += ["--ro-bind", os.path.realpath(tool, strict=True), tool, "--bind", os.path.realpath(scratch), str(scratch)]
    for named, real in _linked([scratch, *reads]):
        words += ["--ro-bind", real, named]
    return [*words, "--remount-ro", "/", "--chdir", str(scratch)]


def _linked(directories: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Where the links in these directories lead: the path as they name it, and the file's own."""
    for directory in directories:
        for path in directory.iterdir() if directory.is_dir() else ():
            if path.is_symlink() and path.exists():
                yield os.path.normpath(directory / path.readlink()), os.path.realpath(path)
