"""Which confinement is in force: tried before it is believed, once a process."""

import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from media_pipeline.infrastructure.sandbox import modes
from media_pipeline.infrastructure.sandbox.modes import Choice, Mode

_SECONDS = 20
_LIMITS = {"CPU": _SECONDS, "NOFILE": 64, "FSIZE": 1_000_000}
# Does what a hostile decoder would, and tells what worked.
_ATTEMPTS = """
import os, socket, sys
secret, elsewhere, port, worker = sys.argv[1:]
attempts = {
    "read a file outside": lambda: open(secret).read(),
    "write outside its scratch directory": lambda: open(elsewhere, "w"),
    "connect to a port": lambda: socket.create_connection(("127.0.0.1", int(port)), 2),
    "start a process": lambda: os.fork() or os._exit(0),
    "signal its worker": lambda: os.kill(int(worker), 0),
}
done = []
for name, attempt in attempts.items():
    try:
        attempt()
        done.append(name)
    except OSError:
        pass
with open("written", "w") as file:
    file.write("ok")
print(", ".join(done))
"""
_REMEDIES = {
    Mode.BUBBLEWRAP: "Install bubblewrap and allow user namespaces",
    Mode.LANDLOCK: "Use Linux 5.13 or newer with Landlock on",
    Mode.RLIMITS: "Check that the worker's Python can be started",
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The confinement in force, and why none of the better ones is."""

    mode: Mode
    passed_over: tuple[str, ...]

    @property
    def weak(self) -> bool:
        return self.mode is Mode.RLIMITS


class NoSandbox(ValueError):
    """The confinement asked for does not hold here; nothing may be decoded."""


@cache
def in_force(choice: Choice = "auto") -> Sandbox:
    """The mode asked for, or the best, once it has shown that it holds. Raises NoSandbox with what to do."""
    passed_over: list[str] = []
    for mode in Mode if choice == "auto" else [Mode(choice)]:
        failure = shortcoming(mode)
        if failure is None:
            return Sandbox(mode, tuple(passed_over))
        passed_over.append(f"{mode}: {failure}")
    if choice == "auto":
        raise NoSandbox(f"No sandbox works on this machine ({'; '.join(passed_over)}).")
    remedy = f"{_REMEDIES[Mode(choice)]}, or set MEDIA_PIPELINE_SANDBOX=auto to use the best that works."
    raise NoSandbox(f"MEDIA_PIPELINE_SANDBOX: the sandbox does not hold on this machine ({passed_over[0]}). {remedy}")


def shortcoming(mode: Mode) -> str | None:
    """Why a mode cannot be relied on here; None when it holds. Of rlimits only that a tool runs at all is asked."""
    if sys.platform != "linux" and mode is not Mode.RLIMITS:
        return "needs Linux"
    with tempfile.TemporaryDirectory() as inside, tempfile.TemporaryDirectory() as outside, _listener() as listener:
        secret, elsewhere = Path(outside, "secret"), Path(outside, "written")
        secret.write_text("secret")
        words = [os.path.realpath(sys.executable), "-I", "-S", "-c", _ATTEMPTS, str(secret), str(elsewhere)]
        words += [str(listener.getsockname()[1]), str(os.getpid())]
        try:
            confined = modes.command(mode, words, scratch=Path(inside), reads=_python(), limits=_LIMITS)
            ended = subprocess.run(
                confined.argv, input=confined.stdin, cwd=inside, env={}, capture_output=True, timeout=_SECONDS,
                check=False,
            )  # fmt: skip
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            return str(error)
        if ended.returncode != 0:
            lines = ended.stderr.decode("utf-8", "replace").split("\n")
            return next((line for line in reversed(lines) if line), f"exit code {ended.returncode}")
        if not Path(inside, "written").exists():
            return "a tool cannot write its outputs"
        possible = ended.stdout.decode().strip()
        if mode is not Mode.RLIMITS and (possible or elsewhere.exists()):
            return f"a tool can {possible or 'write outside its scratch directory'}"
        return None


def _python() -> list[Path]:
    """What this Python needs to start."""
    return [Path(sys.base_prefix)]


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    return listener
