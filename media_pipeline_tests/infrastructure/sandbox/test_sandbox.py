"""What a tool that was taken over can still do: every attempt is made from inside, in every mode that works here."""

import json
import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.domain.errors import Unavailable
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits
from media_pipeline.infrastructure.sandbox import modes, proof, seccomp
from media_pipeline.infrastructure.sandbox.modes import Choice, Mode
from media_pipeline.infrastructure.sandbox.proof import NoSandbox, in_force, shortcoming
from media_pipeline_tests import sandbox
from media_pipeline_tests.sandbox import PYTHON, python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than limits")
TRY = """
import ctypes, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, "") if code == 1 else RuntimeError(number, code)  # 1: EPERM, the filter's answer
def tried(attempts):
    answers = {}
    for name, attempt in attempts.items():
        try: answer = attempt()
        except OSError: answer = "refused"
        answers[name] = answer if isinstance(answer, str) else "done"
    print(json.dumps(answers))
"""
Inside = Callable[[str], dict[str, Any]]


@pytest.fixture(params=sandbox.STRONG)
def inside(request: pytest.FixtureRequest, scratch: Path) -> Inside:
    """Run attempts in the sandbox, a dictionary of functions by name; answers are "done", "refused" or a value."""

    def run(attempts: str) -> dict[str, Any]:
        code = f"{TRY}\ntried({{{attempts}}})"
        answer = runner.run(
            python(code), scratch=scratch, limits=Limits(wall_seconds=20), reads=PYTHON, sandbox=request.param
        )
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    return run


def test_no_file_outside_can_be_read_listed_written_or_changed(inside: Inside, tmp_path: Path, scratch: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    found = inside(f"""
        "read": lambda: open({str(secret)!r}).read(),
        "climb": lambda: open("../secret").read(),
        "list": lambda: os.listdir({str(tmp_path)!r}) == ["scratch"] and "empty",
        "write": lambda: open({str(secret)!r}, "w"),
        "append": lambda: open({str(secret)!r}, "a"),
        "truncate": lambda: os.truncate({str(secret)!r}, 0),
        "make": lambda: open({str(tmp_path / "new")!r}, "w"),
        "remove": lambda: os.unlink({str(secret)!r}),
        "rename": lambda: os.rename({str(secret)!r}, "mine"),
        "chmod": lambda: os.chmod({str(secret)!r}, 0o777),
        "passwords": lambda: open("/etc/passwd").read(),
        "home": lambda: os.listdir(os.path.expanduser("~root")) or "empty",
        "temporary": lambda: open("/tmp/left-behind", "w"),
        "library": lambda: open("/usr/lib/left-behind", "w"),
        "environment": lambda: open("/proc/{os.getpid()}/environ").read(),
        "inside": lambda: open("inside", "w"),
    """)
    assert found.pop("inside") == "done"
    assert found.pop("list") in {"refused", "empty"}
    assert set(found.values()) == {"refused"}, found
    assert secret.read_text() == "secret"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scratch", "secret"]


def test_no_network_of_any_family_is_reached(inside: Inside, tmp_path: Path, listener: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "service"))
        local.listen()
        found = inside(f"""
            "loopback": lambda: socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 2),
            "internet": lambda: socket.create_connection(("192.0.2.1", 80), 2),
            "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
            "ipv6": lambda: socket.socket(socket.AF_INET6),
            "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
            "pair": lambda: socket.socketpair(),
            "service": lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / "service")!r}),
            "abstract": lambda: socket.socket(socket.AF_UNIX).bind("\\0name"),
            "io_uring": lambda: call(425, 1, None),
        """)
    assert set(found.values()) == {"refused"}, found
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_no_other_process_is_seen_traced_signalled_or_started(inside: Inside) -> None:
    worker = os.getpid()
    found = inside(f"""
        "signal": lambda: os.kill({worker}, 0),
        "group": lambda: os.killpg({os.getpgid(worker)}, 0),
        "trace": lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, {worker}, 0, 0),
        "open": lambda: os.pidfd_open({worker}),
        "limits": lambda: __import__("resource").prlimit({worker}, 7, (10, 10)),
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, {worker}, 19),
        "list": lambda: os.listdir("/proc"),
        "fork": lambda: os.fork() or os._exit(0),
        "run": lambda: os.posix_spawn("/bin/true", ["true"], {{}}),
        "another program": lambda: os.execv("/bin/true", ["true"]),
        "session": lambda: os.setsid(),
    """)
    assert set(found.values()) == {"refused"}, found


def test_the_kernel_offers_nothing_else(inside: Inside) -> None:
    numbers = {
        name: of[seccomp.MACHINES[os.uname().machine].column]
        for name, of in seccomp.DENIED.items()
        if name not in {"fork", "vfork", "kill", "tkill", "tgkill", "reboot", "setsid", "vhangup"}
    }
    tries = ",".join(f'"{name}": lambda: call({n}, -1, -1, -1, -1)' for name, n in numbers.items() if n is not None)
    found = inside(tries)
    assert len(found) > 100
    assert set(found.values()) == {"refused"}, found


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is a way to call x86-64 kernels")
@pytest.mark.parametrize("mode", sandbox.STRONG)
def test_another_way_to_call_the_kernel_ends_the_tool(mode: Choice, scratch: Path) -> None:
    code = "import ctypes; ctypes.CDLL(None).syscall(0x40000000 | 39)"
    with pytest.raises(Unavailable, match="SIGSYS"):
        runner.run(python(code), scratch=scratch, limits=Limits(wall_seconds=20), reads=PYTHON, sandbox=mode)


def test_what_a_tool_leaves_in_scratch_leads_nowhere(inside: Inside, scratch: Path) -> None:
    found = inside("""
        "link": lambda: os.symlink("/etc/passwd", "v0.mp4"),
        "hard link": lambda: os.link("/etc/passwd", "v0.mp4"),
        "pipe": lambda: os.mkfifo("v0.mp4"),
        "mode": lambda: (open("v1.mp4", "w"), os.chmod("v1.mp4", 0o4777)),
    """)
    assert set(found.values()) == {"refused"}, found
    assert [p.name for p in scratch.iterdir()] == ["v1.mp4"]
    assert stat.S_IMODE((scratch / "v1.mp4").stat().st_mode) == 0o600


def test_the_upload_is_read_and_never_written(inside: Inside, tmp_path: Path, scratch: Path) -> None:
    upload = tmp_path / "uploads" / "upload with space.mp4"
    upload.parent.mkdir()
    upload.write_text("media")
    (tmp_path / "another name").symlink_to(upload.parent)
    (scratch / "source").symlink_to(tmp_path / "another name" / upload.name)
    found = inside("""
        "read": lambda: open("source").read(),
        "write": lambda: open("source", "r+"),
        "truncate": lambda: open("source", "w"),
    """)
    assert found == {"read": "media", "write": "refused", "truncate": "refused"}
    assert upload.read_text() == "media"


def test_no_privilege_is_held_or_won(inside: Inside) -> None:
    found = inside("""
        "root": lambda: os.setuid(0),
        "chroot": lambda: os.chroot("."),
        "device": lambda: os.mknod("device", 0o20600, os.makedev(1, 3)),
        "namespace": lambda: call(272 if os.uname().machine == "x86_64" else 97, 0x10000000),
    """)
    assert set(found.values()) == {"refused"}


@pytest.mark.parametrize("mode", sandbox.EVERY)
def test_a_mode_that_works_passes_its_own_proof(mode: str) -> None:
    assert shortcoming(Mode(mode)) is None


def test_the_proof_would_notice_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same attempts, with nothing but limits around them, all succeed: the proof can fail."""
    bare = modes.command
    monkeypatch.setattr(modes, "command", lambda mode, *a, **k: bare(Mode.RLIMITS, *a, **k))
    hole = shortcoming(Mode.LANDLOCK)
    assert hole is not None
    for able in ("read a file outside", "write outside", "connect to a port", "start a process", "signal its worker"):
        assert able in hole


def test_the_best_mode_that_works_is_taken_and_the_better_ones_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = {Mode.BUBBLEWRAP: "not installed", Mode.LANDLOCK: "Function not implemented"}
    monkeypatch.setattr(proof, "shortcoming", faults.get)
    found = in_force.__wrapped__("auto")
    assert (found.mode, found.weak) == (Mode.RLIMITS, True)
    assert found.passed_over == ("bubblewrap: not installed", "landlock: Function not implemented")


def test_a_mode_asked_for_by_name_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "shortcoming", lambda _: "not installed")
    with pytest.raises(NoSandbox, match=r"bubblewrap: not installed.*Install bubblewrap.*MEDIA_PIPELINE_SANDBOX=auto"):
        in_force.__wrapped__("bubblewrap")
    with pytest.raises(NoSandbox, match="No sandbox works"):
        in_force.__wrapped__("auto")


def test_bubblewrap_that_is_missing_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shortcoming(Mode.BUBBLEWRAP) == "not installed"


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_every_architecture_has_a_filter_of_whole_instructions(machine: str) -> None:
    program = seccomp.program(machine)
    assert len(program) % 8 == 0
    assert len(program) // 8 < 4096
    with pytest.raises(ValueError, match="riscv64"):
        seccomp.program("riscv64")


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"no kernel headers here: {HEADERS[machine]}")
    defined = {
        words[1].removeprefix("__NR_").removeprefix("__NR3264_"): int(words[2])
        for words in map(str.split, HEADERS[machine].read_text().splitlines())
        if len(words) > 2 and words[0] == "#define" and words[1].startswith("__NR") and words[2].isdigit()
    }
    m = seccomp.MACHINES[machine]
    ours = {name: numbers[m.column] for name, numbers in seccomp.DENIED.items()}
    ours |= {"clone": m.clone, "clone3": m.clone3, "prlimit64": m.prlimit64}
    known = {name: number for name, number in ours.items() if name in defined}
    assert known == {name: defined[name] for name in known}
    assert len(known) > 90
    # what this kernel's headers lack is newer than they are, or does not exist on this architecture
    assert all(number is None or number > 450 for name, number in ours.items() if name not in defined)
