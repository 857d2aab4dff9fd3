"""A cluster whose API server answers and whose node does nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline_tests.kubernetes.cluster import Cluster, cluster


@pytest.fixture
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """This process is a run's."""
    with cluster(tmp_path / "cluster", {}) as made:
        made.objects.run = lambda pod: None
        for name, value in made.kubelet.api.items():
            monkeypatch.setenv(name, value)
        with made.account("media-pipeline-run"):
            yield made
