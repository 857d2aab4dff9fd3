"""EfficientNet-lite0 from its PyTorch checkpoint to ONNX, without PyTorch.

The checkpoint is a pickle, so it is read by an unpickler that knows four names and refuses every other. The
network is the one of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: MobileNet
blocks with ReLU6 and without squeeze-and-excite, "same" padding as TensorFlow counts it. Batch normalisation is
folded into the convolutions.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
SIDE = 224
"""pixels; the network's input is `pixels`, N×3×224×224, RGB as (x - 127) / 128; its output `probabilities`, N×1000"""

_MAGIC = 0x1950A86A20F9469CFC6C
_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""blocks and first stride of each stage"""
_EPSILON = 1e-3
_OPSET = 17
_IR_VERSION = 9  # what every onnxruntime since 1.14 reads


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """in elements; weights that came from TensorFlow are stored in its order"""


def convert(checkpoint: Path, to: Path) -> None:
    """Write the checkpoint's network as an ONNX file. Raises ValueError when it is not EfficientNet-lite0."""
    import onnx

    try:
        graph = _Graph(read_checkpoint(checkpoint)).build()
    except (KeyError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"not a checkpoint of EfficientNet-lite0: {error}") from error
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    to.write_bytes(model.SerializeToString())


def read_checkpoint(path: Path) -> Weights:
    """The tensors of a checkpoint in PyTorch's format before 1.6. Raises ValueError, pickle.UnpicklingError."""
    with path.open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError("not a PyTorch checkpoint of the old format")
        _Unpickler(file).load()  # the format's version
        machine = _Unpickler(file).load()
        if not machine["little_endian"]:
            raise ValueError("a checkpoint of a big-endian machine")
        unpickler = _Unpickler(file)
        tensors: dict[str, _Tensor] = unpickler.load()
        order: list[str] = _Unpickler(file).load()
        data = {key: _read_storage(file, unpickler.storages[key]) for key in order}
    return {name: _array(tensor, data) for name, tensor in tensors.items()}


class _Unpickler(pickle.Unpickler):
    """Knows what a state dict is made of, and nothing that could run code."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): "<f4",
            ("torch", "LongStorage"): "<i8",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, size, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("not a plain storage")
        return self.storages.setdefault(key, _Storage(key, dtype, size))


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_hooks: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _read_storage(file: IO[bytes], storage: _Storage) -> NDArray[Any]:
    if int.from_bytes(file.read(8), "little") != storage.size:
        raise ValueError("a storage of another size than promised")
    dtype = np.dtype(storage.dtype)
    return np.frombuffer(file.read(storage.size * dtype.itemsize), dtype=dtype)


def _array(tensor: _Tensor, data: dict[str, NDArray[Any]]) -> NDArray[Any]:
    flat = data[tensor.storage.key][tensor.offset :]
    reach = 1 + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset < 0 or min(tensor.strides, default=0) < 0 or reach > flat.size:
        raise ValueError("a tensor outside its storage")
    bytes_apart = [stride * flat.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, bytes_apart, writeable=False)


class _Graph:
    """An ONNX graph in the making. Raises KeyError when the weights lack a layer."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = [self._constant("zero", np.float32(0)), self._constant("six", np.float32(6))]

    def build(self) -> Any:
        from onnx import TensorProto, helper

        flow = self._conv("pixels", "_conv_stem", "_bn0", stride=2)
        block = 0
        for repeats, first_stride in _STAGES:
            for repeat in range(repeats):
                flow = self._block(flow, f"_blocks.{block}", first_stride if repeat == 0 else 1, skip=repeat > 0)
                block += 1
        flow = self._conv(flow, "_conv_head", "_bn1")
        flow = self._node("Flatten", self._node("GlobalAveragePool", flow))
        self.constants += [self._constant(f"_fc.{part}", self.weights[f"_fc.{part}"]) for part in ("weight", "bias")]
        flow = self._node("Gemm", flow, "_fc.weight", "_fc.bias", transB=1)
        self.nodes.append(helper.make_node("Softmax", [flow], ["probabilities"], axis=1))
        floats = TensorProto.FLOAT
        return helper.make_graph(
            self.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("pixels", floats, ["n", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("probabilities", floats, ["n", 1000])],
            self.constants,
        )

    def _block(self, flow: str, name: str, stride: int, *, skip: bool) -> str:
        entry = flow
        if f"{name}._expand_conv.weight" in self.weights:  # the first block does not expand
            flow = self._conv(flow, f"{name}._expand_conv", f"{name}._bn0")
        flow = self._conv(flow, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, depthwise=True)
        flow = self._conv(flow, f"{name}._project_conv", f"{name}._bn2", activate=False)
        return self._node("Add", flow, entry) if skip else flow

    def _conv(
        self, flow: str, conv: str, norm: str, *, stride: int = 1, depthwise: bool = False, activate: bool = True
    ) -> str:
        weight = self.weights[f"{conv}.weight"]
        gamma, beta, mean, var = (
            self.weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(var + _EPSILON)
        self.constants += [
            self._constant(f"{conv}.weight", weight * scale.reshape(-1, 1, 1, 1)),
            self._constant(f"{conv}.bias", beta - mean * scale),
        ]
        flow = self._node(
            "Conv", flow, f"{conv}.weight", f"{conv}.bias",
            auto_pad="SAME_UPPER", strides=[stride, stride], group=weight.shape[0] if depthwise else 1,
        )  # fmt: skip
        return self._node("Clip", flow, "zero", "six") if activate else flow

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    @staticmethod
    def _constant(name: str, value: Any) -> Any:
        from onnx import numpy_helper

        return numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)
