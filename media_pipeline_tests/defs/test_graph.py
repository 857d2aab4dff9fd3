"""The asset graph as a golden file: a changed edge is a changed line. Refresh with UPDATE_GOLDEN=1."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from media_pipeline.definitions import build
from media_pipeline_tests.platform import platform

GOLDEN = Path(__file__).parent.parent / "golden" / "graph.json"


def described(defs: dg.Definitions) -> dict[str, Any]:
    graph = defs.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.get_all_asset_keys(), key=lambda k: list(k.path)):
        node = graph.get(key)
        assets["/".join(key.path)] = {
            "deps": sorted("/".join(k.path) for k in node.parent_keys),
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "owners": sorted(node.owners),
            "partitions": getattr(node.partitions_def, "name", None),
            "checks": sorted(c.name for c in node.check_keys),
            "code_version": bool(node.code_version),
            "described": bool(node.description),
        }  # fmt: skip
    job = defs.resolve_job_def("process_upload")
    steps = {
        node.name: {
            "retries": step.retry_policy.max_retries if step.retry_policy else 0,
            "pool": sorted(step.pools),
        }
        for node in job.nodes
        if isinstance(step := node.definition, dg.OpDefinition)
    }
    return {"assets": assets, "steps": steps, "sensors": sorted(s.name for s in defs.sensors or [])}


def test_the_graph_is_the_one_that_was_agreed(tmp_path: Path) -> None:
    found = json.loads(json.dumps(described(build(platform(tmp_path)))))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(GOLDEN.read_text())


def test_all_of_it_loads_together_as_in_a_code_server(tmp_path: Path) -> None:
    build(platform(tmp_path)).get_repository_def().load_all_definitions()


def test_changing_one_rung_changes_the_code_version_of_that_rung_and_of_nothing_else(tmp_path: Path) -> None:

    before = platform(tmp_path)
    rungs = {**before.recipes.rungs, "720p": replace(before.recipes.rungs["720p"], crf=18)}
    after = replace(before, recipes=replace(before.recipes, rungs=rungs))
    versions = [
        {k: p.get(k).code_version for k in p.get_all_asset_keys()}
        for p in (build(x).resolve_asset_graph() for x in (before, after))
    ]
    assert [k.path for k in versions[0] if versions[0][k] != versions[1][k]] == [["transcodes", "720p"]]
