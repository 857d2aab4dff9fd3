"""How many filter graphs an encode has: a graph behind a graph can make ffmpeg wait for itself for ever."""

import pytest

from media_pipeline.infrastructure.ffmpeg import filters

GRAPH = "[0:0]scale=16:16[s0];[0:1]aresample=48000[s1];[s1]anull[s2];[s2]volume=2dB[s3]"


@pytest.mark.parametrize(
    ("cut", "graphs"),
    [
        (False, ["[0:0]scale=16:16[s0]", "[0:1]aresample=48000[s1];[s1]anull[s2];[s2]volume=2dB[s3]"]),
        (True, ["[0:0]scale=16:16[s0]", "[0:1]aresample=48000[s1];[s1]anull[s2]", "[s2]volume=2dB[s3]"]),
    ],
)
def test_only_sound_that_changes_on_the_way_has_a_graph_behind_a_graph(cut: bool, graphs: list[str]) -> None:
    assert filters.separated(GRAPH, cut=cut) == graphs
