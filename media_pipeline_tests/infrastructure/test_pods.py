"""What the pods of steps are like."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from media_pipeline.domain.job import Origin
from media_pipeline.infrastructure.pods import PACKAGED, BadPods, load

GIB = 1024**3
PODS = load()


def step(name: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    said: dict[str, Any] = {"source_bytes": 3 * GIB, "origin": Origin.LIVE, "gpu": False} | changes
    config = PODS.step(name, **said)
    return config["container_config"], config["pod_spec_config"]


def test_scratch_is_sized_from_the_source_and_says_so_to_the_scheduler() -> None:
    container, spec = step("transcodes")
    assert spec["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "16Gi"}}]  # five times 3, and one
    assert container["volumeMounts"] == [{"name": "scratch", "mountPath": "/scratch"}]
    assert container["env"] == [{"name": "MEDIA_PIPELINE_SCRATCH", "value": "/scratch"}]
    assert container["resources"]["requests"]["ephemeral-storage"] == "16Gi"


@pytest.mark.parametrize(("source_bytes", "gib"), [(0, 1), (1, 2), (None, 40), (10_000 * GIB, 500)])
def test_scratch_has_bounds_and_a_default_for_runs_started_by_hand(source_bytes: int | None, gib: int) -> None:
    _, spec = step("transcodes", source_bytes=source_bytes)
    assert spec["volumes"][0]["emptyDir"]["sizeLimit"] == f"{gib}Gi"


def test_what_writes_nothing_has_no_scratch() -> None:
    container, spec = step("publication")
    assert "volumes" not in spec
    assert "volumeMounts" not in container


def test_a_volume_of_its_own_where_nodes_have_small_disks(tmp_path: Path) -> None:
    raw = yaml.safe_load(PACKAGED.read_text())
    raw["scratch"]["storage_class"] = "fast"
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump(raw))
    config = load(tmp_path / "pods.yaml").step("source", source_bytes=GIB, origin=Origin.LIVE, gpu=False)
    (volume,) = config["pod_spec_config"]["volumes"]
    claim = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert (claim["storageClassName"], claim["resources"]) == ("fast", {"requests": {"storage": "3Gi"}})
    assert "ephemeral-storage" not in config["container_config"]["resources"]["requests"]


def test_encodes_are_heavy_and_thumbnails_are_light() -> None:
    cpu = {name: share.cpu for name, share in PODS.steps.items()}
    assert (cpu["transcodes"], cpu["thumbnails"]) == ("4", "500m")


def test_an_import_makes_way_for_what_somebody_waits_for() -> None:
    classes = [step("source", origin=origin)[1]["priorityClassName"] for origin in (Origin.LIVE, Origin.IMPORT)]
    assert classes == ["media-pipeline-interactive", "media-pipeline-backfill"]


def test_a_step_goes_to_the_gpus_where_asked_to() -> None:
    container, spec = step("subtitles", gpu=True)
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert spec["nodeSelector"] == {"media-pipeline/pool": "gpu"}
    assert {t["key"] for t in spec["tolerations"]} == {"media-pipeline/spot", "nvidia.com/gpu"}
    container, spec = step("subtitles")
    assert "nodeSelector" not in spec
    assert container["resources"]["limits"] == {"memory": "4Gi"}


def test_a_run_that_is_one_step_has_a_pod_like_a_steps_and_fits_into_a_tag() -> None:
    said = PODS.alone("encode_chunk", source_bytes=2 * GIB, origin=Origin.IMPORT)
    assert len(said) < 2000  # Postgres takes about 2,600 bytes of a tag
    pod = json.loads(said)
    assert pod["pod_spec_config"]["automountServiceAccountToken"] is False
    assert pod["pod_spec_config"]["priorityClassName"] == "media-pipeline-backfill"
    assert pod["job_spec_config"]["backoffLimit"] == 0
    assert pod["pod_spec_config"]["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "4Gi"}}]
    assert pod["container_config"]["resources"]["limits"] == {"memory": "5Gi"}


def test_a_run_in_one_pod_meets_bytes_of_strangers_and_may_as_little_as_a_step() -> None:
    said = PODS.whole_run(source_bytes=GIB, origin=Origin.IMPORT)
    assert len(said) < 2000
    pod = json.loads(said)
    spec = pod["pod_spec_config"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("media-pipeline-step", False)
    assert pod["pod_template_spec_metadata"]["labels"] == {"media-pipeline/worker": "step"}
    assert spec["priorityClassName"] == "media-pipeline-backfill"
    assert pod["container_config"]["resources"]["requests"]["memory"] == PODS.one_pod.memory
    assert pod["job_spec_config"]["backoffLimit"] == 0


def test_what_operators_add_to_every_pod_is_in_those_of_runs_too(tmp_path: Path) -> None:
    raw = yaml.safe_load(PACKAGED.read_text())
    own = {"name": "certificates", "configMap": {"name": "certificates"}}
    mount = {"name": "certificates", "mountPath": "/certificates"}
    variable = {"name": "SSL_CERT_FILE", "value": "/certificates/ca.pem"}
    raw["every"]["container_config"] = {
        "volumeMounts": [mount],
        "env": [variable],
        "resources": {"limits": {"a/b": "1"}},
    }
    raw["every"]["pod_spec_config"] |= {"volumes": [own], "tolerations": [{"key": "own", "operator": "Exists"}]}
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump(raw))
    made = load(tmp_path / "pods.yaml")
    for said in (
        made.alone("encode_chunk", source_bytes=GIB, origin=Origin.LIVE),
        made.whole_run(source_bytes=GIB, origin=Origin.LIVE),
    ):
        container, spec = json.loads(said)["container_config"], json.loads(said)["pod_spec_config"]
        assert [v["name"] for v in spec["volumes"]] == ["certificates", "scratch"]
        assert [t["key"] for t in spec["tolerations"]] == ["own", "media-pipeline/spot"]
        assert [m["name"] for m in container["volumeMounts"]] == ["certificates", "scratch"]
        assert [e["name"] for e in container["env"]] == ["SSL_CERT_FILE", "MEDIA_PIPELINE_SCRATCH"]
        assert container["resources"]["limits"].keys() == {"a/b", "memory"}


def test_one_step_leaves_no_trace_on_the_next() -> None:
    before = step("source")
    step("subtitles", gpu=True)
    assert step("source") == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": {}}, "pods.yaml: steps.source: is missing"),
        ({"priority": {"live": "a"}}, "pods.yaml: priority.import: is missing"),
        ({"scratch": {"path": "/s"}}, "pods.yaml: scratch.least_gib: field required"),
        ({"nonsense": 1}, "pods.yaml: nonsense: extra inputs are not permitted"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump(yaml.safe_load(PACKAGED.read_text()) | change))
    with pytest.raises(BadPods) as bad:
        load(tmp_path / "pods.yaml")
    assert said in str(bad.value).splitlines()
