"""A node for tests: each pod's command is a local process in namespaces of its own, with a read-only root and nothing
to write to but the pod's volumes, as its manifest asks. SIGTERM, grace, SIGKILL; a memory limit that kills."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from media_pipeline_tests.kubernetes.objects import Object, Objects

ROOT = Path(__file__).parent.parent.parent
TOKEN = "/run/secrets/kubernetes.io/serviceaccount"
_GRACE_SECONDS = 10
"""at most, whatever the pod asks for"""
_LOOK_SECONDS = 0.5
"""between two looks at a pod's memory: each goes through all processes of the machine"""
_EVICTED = {"reason": "Evicted", "message": "The node was low on resource: memory. "}
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@dataclass(frozen=True)
class Fault:
    """What is to befall the next pod of a step: it gets no more memory than so many bytes, it ends at once and says
    that it succeeded, or its image is missing."""

    step: str
    memory: int | None = None
    silent: bool = False
    no_image: bool = False


@dataclass
class Kubelet:
    """`given` are the config maps and secrets by name, `files` what the image would hold besides the machine's Python:
    paths. `tokens` is a directory with one for each service account: a token, a certificate, the namespace."""

    objects: Objects
    home: Path
    given: Mapping[str, Mapping[str, str]]
    api: Mapping[str, str]
    tokens: Path
    files: tuple[Path, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _killed: set[str] = field(default_factory=set)
    _evicted: set[str] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)

    def run(self, pod: Object) -> None:
        """Takes a pod up; what becomes of it is told to the objects."""
        thread = threading.Thread(target=self._live, args=(pod, self._fault(pod)), daemon=True)
        self._threads.append(thread)
        thread.start()

    def end(self, pod: Object) -> None:
        """Asks a pod's process to end, and kills it after its grace."""
        thread = threading.Thread(target=self._stop, args=(pod,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """As when the node is lost: at once, and with no word of it."""
        self._killed.add(name)
        if process := self.running.get(name):
            process.kill()  # and all in it die with it

    def crash(self, name: str) -> None:
        """As when it is killed for memory: at once, and the pod stays, failed."""
        self.running[name].kill()

    def evict(self, pod: Object) -> None:
        """Its node runs short: it is asked to end, and stays, failed."""
        self._evicted.add(pod["metadata"]["name"])
        self.end(pod)

    def freeze(self, name: str) -> None:
        """What runs in it is there, and does nothing any more."""
        for process in _tree(self.running[name]):
            with suppress(psutil.Error):
                process.suspend()

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)
        for thread in self._threads:
            thread.join(30)

    def _fault(self, pod: Object) -> Fault | None:
        step = pod["metadata"]["labels"].get("dagster/op")
        found = next((f for f in self.faults if f.step == step), None)
        if found:
            self.faults.remove(found)
        return found

    def _live(self, pod: Object, fault: Fault | None) -> None:
        name, (container,) = pod["metadata"]["name"], pod["spec"]["containers"]
        if fault and fault.no_image:
            said = {"waiting": {"reason": "ImagePullBackOff", "message": f"Back-off pulling {container['image']}"}}
            self.objects.tell(name, containerStatuses=[_status(container, said)])
            return
        said = {"running": {}}
        with (self.home / f"{name}.log").open("wb") as log:
            command = ["true"] if fault and fault.silent else [*container.get("command", ()), *container["args"]]
            process = subprocess.Popen(
                [*self._confined(pod, container), *command], stdout=log, stderr=subprocess.STDOUT, cwd="/"
            )
        self.running[name] = process
        self.objects.tell(name, phase="Running", containerStatuses=[_status(container, said)])
        limit = fault.memory if fault and fault.memory else _bytes(container["resources"]["limits"]["memory"])
        out_of_memory = self._watched(process, limit)
        del self.running[name]
        if name in self._killed:
            return
        code = 137 if out_of_memory else process.returncode
        reason = "OOMKilled" if out_of_memory else "Error" if code else "Completed"
        ended = {"terminated": {"exitCode": code, "reason": reason}}
        evicted = _EVICTED if name in self._evicted else {}
        phase = "Failed" if code or evicted else "Succeeded"
        self.objects.tell(name, phase=phase, containerStatuses=[_status(container, ended)], **evicted)

    def _watched(self, process: subprocess.Popen[bytes], limit: int) -> bool:
        """Until the process ends. Whether it was killed for memory."""
        while process.poll() is None:
            if sum(_memory(p) for p in _tree(process)) > limit:
                process.kill()
                process.wait()
                return True
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        return False

    def _stop(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        process = self.running.get(name)
        if process is None:
            self.objects.gone(name)
            return
        grace = min(pod["spec"].get("terminationGracePeriodSeconds", 30), _GRACE_SECONDS)
        _ask_to_end(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        process.kill()

    def _confined(self, pod: Object, container: Object) -> list[str]:
        """The program that makes a container of a process: what the pod's security context and volumes ask for."""
        name, user = pod["metadata"]["name"], pod["spec"]["securityContext"]
        argv = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
        argv += ["--die-with-parent", "--uid", str(user["runAsUser"]), "--gid", str(user["runAsGroup"])]
        argv += ["--hostname", name, "--clearenv", *_root()]
        volumes = {v["name"]: v for v in pod["spec"].get("volumes", ())}
        mounts = sorted(container.get("volumeMounts", ()), key=lambda m: str(m["mountPath"]))
        for mount in mounts:
            assert "emptyDir" in volumes[mount["name"]], "only what needs no node is played here"
            place = self.home / name / mount["name"]
            place.mkdir(parents=True)
            argv += ["--bind", str(place), mount["mountPath"]]
        for path in (ROOT, Path(sys.base_prefix), Path(sys.prefix), *self.files):
            argv += ["--ro-bind", str(path), str(path)]
        if pod["spec"].get("automountServiceAccountToken", True):
            argv += ["--ro-bind", str(self.tokens / pod["spec"]["serviceAccountName"]), TOKEN]
            argv += ["--symlink", "/run", "/var/run"]
        if container["securityContext"]["readOnlyRootFilesystem"]:
            argv += ["--remount-ro", "/"]
        for key, value in self._environment(pod, container).items():
            argv += ["--setenv", key, value]
        return [*argv, "--"]

    def _environment(self, pod: Object, container: Object) -> dict[str, str]:
        image = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
                 "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        found = {**image, "HOSTNAME": pod["metadata"]["name"], **self.api}
        for source in container.get("envFrom", ()):
            (reference,) = source.values()
            found |= self.given[reference["name"]]
        for variable in container.get("env", ()):
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            value = self.given[secret["name"]][secret["key"]] if secret else variable["value"]
            found[variable["name"]] = value
        return found


def _root() -> Iterator[str]:
    """A root of its own, with the machine's programs and none of its data."""
    yield from ("--tmpfs", "/", "--proc", "/proc", "--dev", "/dev")
    for path in sorted(Path("/").iterdir()):
        if path.name == "etc" or path.name.startswith(("usr", "bin", "sbin", "lib")):
            if path.is_symlink():
                yield from ("--symlink", str(path.readlink()), str(path))
            else:
                yield from ("--ro-bind", str(path), str(path))


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """The container's first process starts its command and passes signals on, as an image's init does."""
    with suppress(psutil.Error, IndexError):
        init = psutil.Process(process.pid).children()[0]
        init.children()[0].send_signal(signal.SIGTERM)


def _tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def _memory(process: psutil.Process) -> int:
    try:
        found: int = process.memory_info().rss
    except psutil.Error:
        return 0
    return found


def _bytes(quantity: str) -> int:
    return int(float(quantity[:-2]) * _UNITS[quantity[-2:]])


def _status(container: Object, state: Object) -> Object:
    image: Any = container["image"]
    return {"name": container["name"], "image": image, "imageID": image, "ready": False, "restartCount": 0,
            "state": state}  # fmt: skip
