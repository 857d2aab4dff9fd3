"""The last thing that runs before a media tool: takes what it may do, binds itself to that, becomes the tool.

    python -I -S confine.py TOOL ARG… <<< '{"parent": 1, "limits": {"CPU": 60, …}, …}'

What it may do comes on stdin, so that no path of a user's is ever part of a command line. A program of its own rather
than a `preexec_fn`, which may deadlock in a process with threads. Standard library only, and started without site
packages, so that it costs about ten milliseconds. Exit code 125 and a line that begins with "confine: " say that the
tool was never started.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Sequence

EXIT, SAYS = 125, "confine: "
_PDEATHSIG, _SECCOMP, _SECUREBITS, _NO_NEW_PRIVS = 1, 22, 28, 38  # of prctl
_SECCOMP_FILTER = 2
_ROOT_HAS_NO_POWERS = 0b101111  # NOROOT, NO_SETUID_FIXUP and KEEP_CAPS' lock, all locked: exec grants root nothing
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_FILE_RIGHTS = 0b100_0000_0000_0111  # execute, write, read, truncate: all that a rule for a file may name


def main() -> None:
    facts = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    command = sys.argv[1:]
    if sys.platform == "linux":
        # A worker killed with -9 cannot clean up; the kernel then ends the tool for it.
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != facts["parent"]:
            raise OSError("the worker is gone")
    for name, value in facts["limits"].items():
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    os.umask(0o077)
    if "rules" in facts:
        _landlock(facts["rules"])
        _seccomp(bytes.fromhex(facts["filter"]))
    if "bubblewrap" in facts:
        program, *words = facts["bubblewrap"]
        filter_at = _handed_over(bytes.fromhex(facts["filter"]))
        words_at = _handed_over(b"\0".join(map(os.fsencode, words)))
        command = [program, "--seccomp", filter_at, "--args", words_at, "--", *command]
    os.execve(command[0], command, dict(os.environ))  # noqa: S606 - the point of this program


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _landlock(rules: Sequence[tuple[str, int]]) -> None:
    """From here on, only what the rules name: (path, access rights), the path and everything below it."""
    if os.geteuid() == 0:
        _prctl(_SECUREBITS, _ROOT_HAS_NO_POWERS)
    _prctl(_NO_NEW_PRIVS, 1)
    abi = landlock_abi()
    files = (1 << (13 if abi < 2 else 14 if abi < 3 else 15 if abi < 5 else 16)) - 1
    network, scopes = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    attributes = struct.pack("=QQQ", files, network, scopes)
    # What an older kernel does not know must be zero or absent.
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _syscall(_LANDLOCK_CREATE_RULESET, attributes, size, 0)
    for path, rights in rules:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights & files if os.path.isdir(path) else rights & files & _FILE_RIGHTS  # noqa: PTH112 - no pathlib
        rule = struct.pack("=Qi", allowed, descriptor)
        _syscall(_LANDLOCK_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        os.close(descriptor)
    _syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def landlock_abi() -> int:
    """The kernel's version of Landlock. Raises OSError where it has none, or has it switched off."""
    return _syscall(_LANDLOCK_CREATE_RULESET, None, 0, _VERSION)


def _seccomp(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    whole = Program(len(program) // 8, program)
    _prctl(_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(whole))


def _handed_over(data: bytes) -> str:
    """The number of a descriptor that the next program reads this from, and closes."""
    file = os.memfd_create("facts", 0)
    os.write(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    return str(file)


def _prctl(*arguments: int) -> None:
    longs = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)][:5]
    if ctypes.CDLL(None, use_errno=True).prctl(*longs) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *words))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{SAYS}{error}\n")
        sys.exit(EXIT)
