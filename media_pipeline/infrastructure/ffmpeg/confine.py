"""The last thing that runs before a media tool: takes limits, gives them to itself, becomes the tool.

    python -I -S confine.py '{"cpu_seconds": 60, ...}' TOOL ARG…

A program of its own rather than a `preexec_fn`, which may deadlock in a process with threads. Standard library
only, and started without site packages, so that it costs about ten milliseconds.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    limits = json.loads(sys.argv[1])
    command = sys.argv[2:]
    if sys.platform == "linux":
        # A worker killed with -9 cannot clean up; the kernel then ends the tool for it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != limits["parent"]:
            sys.exit("the worker is gone")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits["cpu_seconds"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_NOFILE, limits["files"])
    if sys.platform == "linux":  # macOS accepts RLIMIT_AS and ignores it
        _limit(resource.RLIMIT_AS, limits["memory_bytes"])
    os.umask(0o077)
    os.execve(command[0], command, dict(os.environ))  # noqa: S606 - the point of this program


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    main()
