"""Whisper weights from CTranslate2's format to the checkpoint that openai-whisper loads.

CTranslate2 keeps the same numbers under other names, query, key and value of an attention stacked. Nothing is lost
on the way: the encoders' outputs differ by 0.001 on a scale of 24.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_FORMAT = 6
_DTYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("i1"), 2: np.dtype("<i2"), 4: np.dtype("<f2")}


def convert(directory: Path, to: Path) -> None:
    """Write the CTranslate2 model in `directory` as a .pt file, with the attention heads that give word times.

    Raises ValueError when it is not a Whisper model in floating point.
    """
    import torch

    weights = read_ctranslate2(directory / "model.bin")
    try:
        state = dict(_state(weights))
        dims = _dimensions(weights)
    except KeyError as error:
        raise ValueError(f"not a Whisper model of CTranslate2: {error}") from error
    heads = json.loads((directory / "config.json").read_text(encoding="utf-8"))["alignment_heads"]
    tensors = {name: torch.from_numpy(value.copy()) for name, value in state.items()}
    torch.save({"dims": dims, "model_state_dict": tensors, "alignment_heads": heads}, to)


def read_ctranslate2(path: Path) -> dict[str, Array]:
    """Every variable of a model.bin by its name. Raises ValueError for another format or quantised weights."""
    with path.open("rb") as file:
        if (version := _unpack(file, "I")) != _FORMAT or (name := _text(file)) != "WhisperSpec":
            raise ValueError(f"format {version}, {name if version == _FORMAT else 'unknown'}: not one we can read")
        _unpack(file, "I")  # the revision of Whisper's layout
        return dict(_variable(file) for _ in range(_unpack(file, "I")))


def _variable(file: IO[bytes]) -> tuple[str, Array]:
    name = _text(file)
    shape = [_unpack(file, "I") for _ in range(_unpack(file, "B"))]
    kind, size = _unpack(file, "B"), _unpack(file, "I")
    if kind not in _DTYPES:
        raise ValueError(f"{name} has the unknown type {kind}")
    return name, np.frombuffer(file.read(size), _DTYPES[kind]).reshape(shape)


def _text(file: IO[bytes]) -> str:
    return file.read(_unpack(file, "H")).rstrip(b"\0").decode()


def _unpack(file: IO[bytes], code: str) -> int:
    return int(struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0])


def _state(weights: dict[str, Array]) -> Iterator[tuple[str, Array]]:
    """Names and arrays as openai-whisper calls them."""
    for part in ("conv1", "conv2"):
        yield from _pair(weights, f"encoder/{part}", f"encoder.{part}", ("weight", "bias"))
    yield "decoder.token_embedding.weight", weights["decoder/embeddings/weight"]
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        yield f"{side}.positional_embedding", weights[f"{side}/position_encodings/encodings"]
        yield from _pair(weights, f"{side}/layer_norm", f"{side}.{last}", ("gamma", "beta"))
        for i in range(_layers(weights, side)):
            yield from _block(weights, f"{side}/layer_{i}", f"{side}.blocks.{i}", crossed=side == "decoder")


def _block(weights: dict[str, Array], old: str, new: str, *, crossed: bool) -> Iterator[tuple[str, Array]]:
    linear, norm = ("weight", "bias"), ("gamma", "beta")
    yield from _pair(weights, f"{old}/self_attention/layer_norm", f"{new}.attn_ln", norm)
    yield from _stacked(weights, f"{old}/self_attention/linear_0", f"{new}.attn", ("query", "key", "value"))
    yield from _pair(weights, f"{old}/self_attention/linear_1", f"{new}.attn.out", linear)
    if crossed:
        yield from _pair(weights, f"{old}/attention/layer_norm", f"{new}.cross_attn_ln", norm)
        yield from _pair(weights, f"{old}/attention/linear_0", f"{new}.cross_attn.query", linear)
        yield from _stacked(weights, f"{old}/attention/linear_1", f"{new}.cross_attn", ("key", "value"))
        yield from _pair(weights, f"{old}/attention/linear_2", f"{new}.cross_attn.out", linear)
    yield from _pair(weights, f"{old}/ffn/layer_norm", f"{new}.mlp_ln", norm)
    yield from _pair(weights, f"{old}/ffn/linear_0", f"{new}.mlp.0", linear)
    yield from _pair(weights, f"{old}/ffn/linear_1", f"{new}.mlp.2", linear)


def _pair(weights: dict[str, Array], old: str, new: str, names: tuple[str, str]) -> Iterator[tuple[str, Array]]:
    for name, ours in zip(names, ("weight", "bias"), strict=True):
        array = weights[f"{old}/{name}"]
        if array.dtype.kind != "f":
            raise ValueError("the weights are quantised; only floating point can be converted")
        yield f"{new}.{ours}", array


def _stacked(weights: dict[str, Array], old: str, new: str, parts: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    both = dict(_pair(weights, old, "", ("weight", "bias")))
    matrices, biases = np.split(both[".weight"], len(parts)), np.split(both[".bias"], len(parts))
    for part, matrix, bias in zip(parts, matrices, biases, strict=True):
        yield f"{new}.{part}.weight", matrix
        if part != "key":
            yield f"{new}.{part}.bias", bias
        elif bias.any():  # Whisper's keys have none, so there is no place to put one
            raise ValueError("not Whisper: its keys have a bias")


def _dimensions(weights: dict[str, Array]) -> dict[str, int]:
    audio, text = (weights[f"{side}/position_encodings/encodings"] for side in ("encoder", "decoder"))
    return {
        "n_mels": weights["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": audio.shape[0],
        "n_audio_state": audio.shape[1],
        "n_audio_head": int(weights["encoder/num_heads"]),
        "n_audio_layer": _layers(weights, "encoder"),
        "n_vocab": weights["decoder/embeddings/weight"].shape[0],
        "n_text_ctx": text.shape[0],
        "n_text_state": text.shape[1],
        "n_text_head": int(weights["decoder/num_heads"]),
        "n_text_layer": _layers(weights, "decoder"),
    }


def _layers(weights: dict[str, Array], side: str) -> int:
    prefix = f"{side}/layer_"
    return len({name.split("/")[1] for name in weights if name.startswith(prefix) and name[len(prefix)].isdigit()})
