"""What the pod of a step is like, from YAML: pure data in the words of dagster-k8s."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from media_pipeline.domain.job import Origin

PACKAGED = Path(__file__).parent.parent / "pods.yaml"
_GIB = 1024**3
_VOLUME = "scratch"


class BadPods(ValueError):
    """The file does not say what pods are like. One line a fault, each with its place."""


class Share(BaseModel, frozen=True, extra="forbid"):
    """What one pod asks of its node. `scratch`: times the size of the source."""

    cpu: str
    memory: str
    scratch: float


class Scratch(BaseModel, frozen=True, extra="forbid"):
    path: str
    least_gib: int
    most_gib: int
    unknown_gib: int
    storage_class: str | None

    def gib(self, times: float, source_bytes: int | None) -> int:
        """How much a step may need that writes so many times its source's size."""
        if not times:
            return 0
        if source_bytes is None:
            return self.unknown_gib
        return min(self.least_gib + math.ceil(times * source_bytes / _GIB), self.most_gib)


class Pool(BaseModel, frozen=True, extra="forbid"):
    resource: str
    node_selector: dict[str, str]
    tolerations: list[dict[str, Any]]


class Pods(BaseModel, frozen=True, extra="forbid"):
    """All of the file."""

    steps: dict[str, Share]
    one_pod: Share
    scratch: Scratch
    priority: dict[Origin, str]
    every: dict[str, dict[str, Any]]
    spot: dict[str, list[dict[str, Any]]]
    gpu: Pool
    health_seconds: int
    image_seconds: float

    def step(self, name: str, *, source_bytes: int | None, origin: Origin, gpu: bool) -> dict[str, Any]:
        """What the pod of a step has besides `every`. A step that the file does not name has a share like `source`."""
        config = self._placed(self.steps.get(name, self.steps["source"]), source_bytes, origin)
        spec = config["pod_spec_config"]
        if gpu:
            spec["tolerations"] += self.gpu.tolerations
            spec["nodeSelector"] = self.gpu.node_selector
            config["container_config"]["resources"]["limits"][self.gpu.resource] = "1"
        return config

    def alone(self, name: str, *, source_bytes: int | None, origin: Origin) -> str:
        """All of the pod of a run that is one step, as JSON: it is like a step's, not like a run's."""
        return self._whole(self.step(name, source_bytes=source_bytes, origin=origin, gpu=False))

    def whole_run(self, *, source_bytes: int, origin: Origin) -> str:
        """All of the pod of a run that does all of its steps itself, as JSON. It meets bytes of strangers and asks
        nothing of Kubernetes: it is like a step's."""
        return self._whole(self._placed(self.one_pod, source_bytes, origin))

    def _whole(self, config: dict[str, Any]) -> str:
        return json.dumps(_merged(self.every, config), sort_keys=True, separators=(",", ":"))

    def _placed(self, share: Share, source_bytes: int | None, origin: Origin) -> dict[str, Any]:
        """A share, where it may go and before whom."""
        config = self._of(share, source_bytes)
        config["pod_spec_config"]["tolerations"] = [*self.spot.get("tolerations", ())]
        config["pod_spec_config"]["priorityClassName"] = self.priority[origin]
        return config

    def _of(self, share: Share, source_bytes: int | None) -> dict[str, Any]:
        requests = {"cpu": share.cpu, "memory": share.memory}
        container: dict[str, Any] = {"resources": {"requests": requests, "limits": {"memory": share.memory}}}
        spec: dict[str, Any] = {}
        gib = self.scratch.gib(share.scratch, source_bytes)
        if gib:
            spec["volumes"] = [self._volume(f"{gib}Gi")]
            container["volumeMounts"] = [{"name": _VOLUME, "mountPath": self.scratch.path}]
            container["env"] = [{"name": "MEDIA_PIPELINE_SCRATCH", "value": self.scratch.path}]
            if self.scratch.storage_class is None:  # so that a node is chosen that has the room
                requests["ephemeral-storage"] = f"{gib}Gi"
        return {"container_config": container, "pod_spec_config": spec}

    def _volume(self, size: str) -> dict[str, Any]:
        if self.scratch.storage_class is None:
            return {"name": _VOLUME, "emptyDir": {"sizeLimit": size}}
        claim = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": self.scratch.storage_class,
            "resources": {"requests": {"storage": size}},
        }
        return {"name": _VOLUME, "ephemeral": {"volumeClaimTemplate": {"spec": claim}}}


def _merged(onto: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """As dagster-k8s merges what it is told of one pod in several places: lists one after the other."""
    made = dict(onto)
    for key, value in other.items():
        match made.get(key), value:
            case Mapping() as first, Mapping():
                made[key] = _merged(first, value)
            case list() as first, list():
                made[key] = [*first, *value]
            case _:
                made[key] = value
    return made


def load(path: Path = PACKAGED) -> Pods:
    """Read and check a file. Raises BadPods."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BadPods(f"{path.name}: {error}") from error
    try:
        pods = Pods.model_validate(raw)
    except ValidationError as error:
        faults = [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors()]
        raise BadPods("\n".join(faults)) from error
    missing = [f"{path.name}: priority.{o}: is missing" for o in Origin if o not in pods.priority]
    missing += [] if "source" in pods.steps else [f"{path.name}: steps.source: is missing"]
    if missing:
        raise BadPods("\n".join(missing))
    return pods
