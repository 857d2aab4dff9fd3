"""The mutators do what they say, and a few hundred broken files' worth of luck is tried on every run: `make fuzz` tries
more."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline_tests.fuzz import corpus
from media_pipeline_tests.fuzz.elements import elements
from media_pipeline_tests.fuzz.mutate import MUTATORS, case, splice
from media_pipeline_tests.fuzz.oracle import Broken, Oracle

SEED = 20261121
CASES = 24


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("name", ["faststart.mp4", "h264.mkv", "xvid.avi", "h264.ts"])
def test_elements_tile_the_file(originals: dict[str, bytes], name: str) -> None:
    found = elements(originals[name])
    top = [e for e in found if not any(p.parent and p.body <= e.start and e.end <= p.end for p in found if p != e)]
    assert [e.start for e in top] == [0, *[e.end for e in top][:-1]]
    assert top[-1].end == len(originals[name])
    assert all(e.start <= e.body <= e.end for e in found)


def test_the_boxes_of_an_mp4_are_found_down_to_the_sample_tables(originals: dict[str, bytes]) -> None:
    data = originals["faststart.mp4"]
    kinds = {data[e.start + 4 : e.start + 8] for e in elements(data)}
    assert {b"ftyp", b"moov", b"mvhd", b"tkhd", b"stsz", b"stco", b"mdat"} <= kinds


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\0\0\0\x18ftyp", b"\x1a\x45\xdf\xa3", b"RIFF"]), st.integers(0))
def test_a_mutator_takes_any_bytes_and_is_pure(rest: bytes, magic: bytes, seed: int) -> None:
    data = magic + rest
    for mutator in MUTATORS:
        arguments = [data, data[::-1]] if mutator is splice else [data]
        assert mutator(*arguments, Random(seed)) == mutator(*arguments, Random(seed))


def test_a_seed_and_a_number_name_one_file(originals: dict[str, bytes]) -> None:
    assert case(originals, 1, 7) == case(originals, 1, 7)
    assert len({case(originals, 1, n).data for n in range(50)}) > 40


@pytest.mark.slow
def test_broken_files_are_played_or_refused_as_promised(originals: dict[str, bytes], tmp_path: Path) -> None:
    oracle = Oracle.below(tmp_path)
    answers = set()
    for number in range(CASES):
        broken = case(originals, SEED, number)
        try:
            answers.add(oracle.judge(broken.data))
        except Broken as fault:
            pytest.fail(f"{broken.told}: {fault}")
    assert len(answers) > 3, "the cases are all alike"
