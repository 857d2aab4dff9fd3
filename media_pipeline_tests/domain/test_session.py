import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.errors import RefusalCode, Refused
from media_pipeline.domain.session import MOST_PARTS, SMALLEST_PART, Arrived, key_of, missing, part_size
from media_pipeline.domain.upload import is_upload
from media_pipeline_tests.builders import session

MIB = 2**20


@given(st.integers(1, 50 * 2**40))
def test_parts_are_few_large_and_all_of_the_file(size: int) -> None:
    one = session(size=size)
    sizes = [one.size_of(n) for n in (1, one.parts)]
    assert one.parts <= MOST_PARTS
    assert one.part_size >= SMALLEST_PART
    assert one.part_size.bit_count() == 1
    assert 0 < sizes[-1] <= one.part_size
    assert (one.parts - 1) * one.part_size + sizes[-1] == size


@pytest.mark.parametrize(
    ("size", "mib", "parts"), [(1, 16, 1), (16 * MIB, 16, 1), (16 * MIB + 1, 8, 3), (2**40, 128, 8192)]
)
def test_a_part_is_as_small_as_their_number_allows(size: int, mib: int, parts: int) -> None:
    assert part_size(size) == mib * MIB
    assert session(size=size).parts == parts


@pytest.mark.parametrize("number", [0, -1, 4, 10**9])
def test_a_part_that_there_is_not_is_refused(number: int) -> None:
    with pytest.raises(Refused) as caught:
        session(size=20 * MIB).size_of(number)
    assert caught.value.code is RefusalCode.PART_UNKNOWN


def test_a_part_of_another_size_is_missing() -> None:
    one = session(size=20 * MIB)
    whole = [Arrived(1, 8 * MIB, "a"), Arrived(2, 8 * MIB, "b"), Arrived(3, 4 * MIB, "c")]
    assert missing(one, whole) == []
    assert missing(one, [whole[0], Arrived(3, 8 * MIB, "c"), Arrived(9, 8 * MIB, "d")]) == [2, 3]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("Holiday 2026/Clip ü.MOV", "Clip ü.MOV"),
        ("C:\\Users\\me\\clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..", "upload"),
        (".", "upload"),
        ("", "upload"),
        ("///", "upload"),
        (".hidden.mp4", "hidden.mp4"),
        ("nul\0new\nline.mp4", "nul_new_line.mp4"),
        ("half \ud83d.mp4", "half _.mp4"),
        ("é" * 300 + ".mp4", "é" * 125 + ".mp4"),
        ("a." + "x" * 300, "a." + "x" * 253),
    ],
)
def test_a_key_keeps_the_name_as_far_as_stores_can(filename: str, name: str) -> None:
    assert key_of(filename, "u1") == f"u1/{name}"


@given(st.text())
def test_whatever_a_file_is_called_its_key_is_one_of_an_upload_or_can_be_made_one(filename: str) -> None:
    key = key_of(filename, "u1")
    name = key.removeprefix("u1/")
    assert "/" not in name
    assert 0 < len(name.encode()) <= 255
    assert not name.startswith(".")
    assert is_upload(key) or is_upload(key_of(f"{filename}.media", "u1"))
