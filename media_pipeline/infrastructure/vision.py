"""Pictures to sightings: an ImageNet classifier by onnxruntime, and on-screen text by RapidOCR.

Frames come as RGB that our own ffmpeg decoded; no library here ever opens a file of a user's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from media_pipeline.application.ports.tools import Frame, Progress
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.profile import VisionModel
from media_pipeline.domain.tags import Sighting
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.models import resolve_classifier

Picture = NDArray[np.uint8]
"""height × width × 3, RGB"""

_TAGS = Path(__file__).with_name("imagenet_tags.txt")
_NO_TAG = "-"
_SIDE = 224
"""pixels, of the classifier's input"""
_NOISE = 0.02
"""a class less likely than this is not heard: a hundred breeds of noise would add up to a dog"""
_LABEL_FLOOR = 0.1
_MOST_LABELS = 5
"""a frame"""
_TEXT_FLOOR = 0.5
_TEXT_SIDE = 736
"""pixels of the longer side at which text is searched for"""
_BLOCK = 8
_SAME_PICTURE = 6
"""levels of 255: pictures read the same when no block of 8×8 pixels differs by more"""
_OCR_MODELS = {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}


class OnnxEye:
    """`threads` is how many cores one look may use; 0 leaves it to the library."""

    def __init__(self, models_dir: Path, *, threads: int = 0) -> None:
        self._models_dir = models_dir
        self._threads = threads

    @property
    def build(self) -> str:
        return f"onnxruntime {metadata.version('onnxruntime')}, rapidocr {metadata.version('rapidocr')}"

    def look(self, frames: Sequence[Frame], *, model: VisionModel, progress: Progress) -> list[Sighting]:
        """At most five labels a frame from 0.1 on, and every line of text read with 0.5 or more.

        Raises Unavailable: INTERNAL without weights, for a classifier of another shape, or when a library fails.
        """
        with tracing.span("see", {tracing.MODEL: model.name, "media_pipeline.frames": len(frames)}):
            return self._seen(frames, model, progress)

    def _seen(self, frames: Sequence[Frame], model: VisionModel, progress: Progress) -> list[Sighting]:
        files = resolve_classifier(model.classifier, cache=self._models_dir)
        classifier = _classifier(files.path, self._threads)
        reader = _Reader(self._threads) if model.text else None
        sightings: list[Sighting] = []
        for done, frame in enumerate(frames, start=1):
            picture = np.frombuffer(frame.rgb, np.uint8).reshape(frame.height, frame.width, 3)
            sightings += [Sighting(frame.at, tag, "label", sure) for tag, sure in classifier.labels(picture)]
            if reader is not None:
                sightings += [Sighting(frame.at, text, "text", sure) for text, sure in reader.texts(picture)]
            progress(done / len(frames))
        return sightings


class _Classifier:
    """An ImageNet-1k classifier: N×3×224×224, RGB as (x - 127) / 128, to N×1000 probabilities."""

    def __init__(self, path: Path, threads: int) -> None:
        with _translated():
            self._session = _session(path, threads)
        given, answered = self._session.get_inputs()[0], self._session.get_outputs()[0]
        if list(given.shape[1:]) != [3, _SIDE, _SIDE] or list(answered.shape[1:]) != [len(_tags())]:
            message = "The classifier is not one of 224×224 pixels and the 1,000 classes of ImageNet."
            raise Unavailable(QuarantineCode.INTERNAL, message, detail=f"{given.shape} to {answered.shape}")
        self._input = given.name

    def labels(self, picture: Picture) -> list[tuple[str, float]]:
        """Tags and their probabilities, the likeliest first. Classes that share a tag add up."""
        pixels = (np.stack([_square(view) for view in _views(Image.fromarray(picture))]) - 127) / 128
        with _translated():
            answers = self._session.run(None, {self._input: pixels.transpose(0, 3, 1, 2)})[0]
        sums: dict[str, float] = {}
        for tag, probability in zip(_tags(), np.where(answers < _NOISE, 0, answers).mean(axis=0), strict=True):
            sums[tag] = sums.get(tag, 0.0) + float(probability)
        sums.pop(_NO_TAG, None)
        best = sorted(sums.items(), key=lambda item: -item[1])[:_MOST_LABELS]
        return [(tag, min(sure, 1.0)) for tag, sure in best if sure >= _LABEL_FLOOR]


def _views(picture: Image.Image) -> Iterator[Image.Image]:
    """The whole picture, and squares at its ends and in its middle. A thing that is really there is seen in most of
    them, while a wrong guess seldom is: on street scenes this takes wrong labels from 0.5 below 0.2."""
    yield picture
    width, height = picture.size
    side = min(width, height)
    if max(width, height) < 1.15 * side:  # nearly square: they would all be the same
        return
    for share in (0.0, 0.5, 1.0):
        left, top = round((width - side) * share), round((height - side) * share)
        yield picture.crop((left, top, left + side, top + side))


def _square(view: Image.Image) -> NDArray[np.float32]:
    return np.asarray(view.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), np.float32)


class _Reader:
    """Reads one film: a picture that looks like the one read before is not read again."""

    def __init__(self, threads: int) -> None:
        self._ocr = _ocr(threads)
        engine = import_module("rapidocr.inference_engine.onnxruntime.main")
        self._raises: tuple[type[Exception], ...] = (engine.ONNXRuntimeError, import_module("cv2").error)
        self._blocks: NDArray[np.int16] | None = None
        self._read: list[tuple[str, float]] = []

    def texts(self, picture: Picture) -> list[tuple[str, float]]:
        blocks = _blocks(picture)
        if self._blocks is None or not _alike(blocks, self._blocks):
            with _translated(*self._raises):
                found = self._ocr(picture[:, :, ::-1], use_cls=False)  # it wants BGR
            self._read = list(zip(found.txts or (), map(float, found.scores or ()), strict=True))
            self._blocks = blocks  # of what was read, not of the last look: a slow fade must add up
        return self._read


def _alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    return one.shape == other.shape and int(np.abs(one - other).max()) <= _SAME_PICTURE


def _blocks(picture: Picture) -> NDArray[np.int16]:
    height, width = picture.shape[:2]
    size = (max(width // _BLOCK, 1), max(height // _BLOCK, 1))
    return np.asarray(Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX), np.int16)


@lru_cache(maxsize=1)
def _tags() -> tuple[str, ...]:
    return tuple(line for line in _TAGS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


@lru_cache(maxsize=1)
def _classifier(path: Path, threads: int) -> _Classifier:
    return _Classifier(path, threads)


def _session(path: Path, threads: int) -> Any:
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors: it warns of every machine without a GPU
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def _ocr(threads: int) -> Any:
    rapidocr = import_module("rapidocr")
    packaged = Path(str(rapidocr.__file__)).parent / "models"
    if absent := [name for name in _OCR_MODELS.values() if not (packaged / name).is_file()]:
        message = "This version of rapidocr does not carry the models that read text; install the one locked."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=", ".join(absent))
    params: dict[str, Any] = {
        # Given by path, its models are never downloaded.
        **{f"{part}.model_path": str(packaged / name) for part, name in _OCR_MODELS.items()},
        "Global.log_level": "critical",
        "Global.text_score": _TEXT_FLOOR,
        "Det.limit_type": "max",
        "Det.limit_side_len": _TEXT_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
    }
    with _translated():
        return rapidocr.RapidOCR(params=params)


@contextmanager
def _translated(*more: type[Exception]) -> Iterator[None]:
    """What the libraries raise, as failures of ours. onnxruntime's exceptions have no base but Exception."""
    native = vars(import_module("onnxruntime.capi.onnxruntime_pybind11_state")).values()
    kinds: tuple[type[Exception], ...] = (RuntimeError, ValueError, OSError, *more)
    kinds += tuple(v for v in native if isinstance(v, type) and issubclass(v, Exception))
    try:
        yield
    except MemoryError as error:
        message = "Looking at pictures ran out of memory."
        raise Unavailable(QuarantineCode.OUT_OF_MEMORY, message, detail=str(error)) from error
    except kinds as error:
        raise Unavailable(QuarantineCode.INTERNAL, "A vision model failed.", detail=str(error)) from error
