"""The example for Next.js: what is generated is up to date, its types hold, and it works with a running gateway."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster_graphql.schema import create_schema
from graphql import print_schema

from media_pipeline.gateway.persisted import LISTED
from media_pipeline_tests.developing import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
_TEST_SECONDS = 240
_RUN_SECONDS = 300
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "nextjs"


@pytest.fixture(scope="session")
def node() -> str:
    """Asked for before `running`, which takes its time to start."""
    found = shutil.which("node")
    if found is None:
        absent("Node is not installed")
    if not (EXAMPLE / "node_modules").is_dir():
        absent("its packages are not installed")
    return str(found)


def test_its_types_hold(node: str) -> None:
    run(node, "node_modules/typescript/bin/tsc", "--noEmit")


def test_what_is_generated_is_up_to_date(node: str, tmp_path: Path) -> None:
    """Else: `npm run generate` in examples/nextjs, as its README says."""
    schema, openapi = tmp_path / "dagster.graphql", ROOT / "docs" / "openapi.json"
    schema.write_text(print_schema(create_schema().graphql_schema))
    run(node, "scripts/generate.mjs", str(openapi), str(LISTED), str(schema), str(tmp_path))
    for name in ("openapi.ts", "operations.ts"):
        assert (tmp_path / name).read_text() == (EXAMPLE / "lib" / "generated" / name).read_text(), name


def test_it_works_with_a_running_gateway(node: str, running: Running, clip: Path) -> None:
    environment = running.environment | {"EXAMPLE_CLIP": str(clip)}
    limit = f"--test-timeout={_TEST_SECONDS * 1000}"  # of Node's own: it says which of its tests did not end
    run(node, "--import", "tsx", "--test", limit, "test/example.test.ts", environment=environment, told=running.told)


def run(node: str, *arguments: str, environment: dict[str, str] | None = None, told: Callable[[], str] = str) -> None:
    """`told` gives what else there is to read when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        command, env = [node, *arguments], environment or dict(os.environ)
        try:
            done = subprocess.run(
                command, cwd=EXAMPLE, env=env, stdout=output, stderr=output, check=False, timeout=_RUN_SECONDS
            )
            code: int | str = done.returncode
        except subprocess.TimeoutExpired as late:
            code = str(late)
        output.seek(0)
        assert code == 0, f"{code}\n{output.read()}\n{told()}"


def absent(what: str) -> None:
    """Skips aloud; fails where everything is to be proven."""
    reason = f"NOT PROVEN WITH NODE: {what}; run `make examples`"
    if os.environ.get("MEDIA_PIPELINE_REQUIRE_PLAYERS"):
        pytest.fail(reason)
    pytest.skip(reason)
