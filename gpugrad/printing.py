"""The printed form of tensors, character for character as PyTorch prints them.

Three steps: fetch the numbers that will be seen (of a large tensor only its corners, so that
printing one costs the same whatever its size), turn them into cells under one common number
format, and lay the cells out in nested brackets followed by ``dtype=``, ``grad_fn=`` and the like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes

if TYPE_CHECKING:
    from .tensor import Tensor


@dataclass(slots=True)
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed from now on; what is not given stays as it is.

    As in PyTorch, ``sci_mode`` is the exception: every call sets it, to automatic if not given.

    Args:
        precision: digits after the decimal point (at first 4).
        threshold: a tensor of more elements than this is summarised (at first 1000).
        edgeitems: how many items a summary shows at each end of each dimension (at first 3).
        linewidth: characters in a line (at first 80).
        profile: ``"default"``, ``"short"`` or ``"full"`` set all four above; the arguments given
            beside it win.
        sci_mode: scientific notation always, never, or (None) where the values call for it.

    >>> import gpugrad
    >>> gpugrad.set_printoptions(precision=2)
    >>> gpugrad.tensor([1.12345])
    tensor([1.12])
    >>> gpugrad.set_printoptions(profile="default")
    """
    for name, value in _PROFILES.get(profile or "", {}).items():
        setattr(_options, name, value)
    if precision is not None:
        _options.precision = precision
    if threshold is not None:
        _options.threshold = threshold
    if edgeitems is not None:
        _options.edgeitems = edgeitems
    if linewidth is not None:
        _options.linewidth = linewidth
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in force, in a form that ``set_printoptions(**options)`` takes back.

    >>> import gpugrad
    >>> gpugrad.get_printoptions()["precision"]
    4
    """
    return asdict(_options)


def tensor_repr(tensor: Tensor) -> str:
    """What ``repr(tensor)`` and ``str(tensor)`` say, for any shape, dtype and device.

    >>> import gpugrad
    >>> gpugrad.tensor([[1.0, -2.5], [0.0, 1e-3]], requires_grad=True)
    tensor([[ 1.0000e+00, -2.5000e+00],
            [ 0.0000e+00,  1.0000e-03]], requires_grad=True)
    """
    name = type(tensor).__name__
    prefix = "tensor(" if name in ("Tensor", "Parameter") else name + "("
    indent = len(prefix)
    return append_suffixes(prefix + contents(tensor, indent), _suffixes(tensor), indent)


def tensor_format(tensor: Tensor, spec: str) -> str:
    """What ``format(tensor, spec)`` says: a 0-d tensor is formatted as the number it holds.

    Raises:
        TypeError: for a ``spec`` together with any dimension, or with a subclass of Tensor.

    >>> import gpugrad
    >>> f"loss {gpugrad.tensor(0.123456):.3f}"
    'loss 0.123'
    """
    if type(tensor).__name__ == "Tensor" and not tensor.shape:
        return format(tensor.detach().item(), spec)
    return object.__format__(tensor, spec)


def format_array(array: np.ndarray[Any, Any], indent: int, cut: Sequence[bool]) -> str:
    """Lay out an array of bools, integers or floats in nested brackets.

    Args:
        array: any shape with at least one element.
        indent: the column at which the text will start.
        cut: for each dimension, whether its middle was left out and gets an ellipsis.

    >>> import numpy
    >>> from gpugrad.printing import format_array
    >>> format_array(numpy.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0]), 0, [True])
    '[1., 2., 3.,  ..., 7., 8., 9.]'
    """
    is_floating_point = array.dtype.kind not in "biu"
    values = (array.astype(np.float64) if is_floating_point else array).ravel().tolist()
    cells, width = _float_cells(values) if is_floating_point else _integer_cells(values)
    cells = [cell.rjust(width) for cell in cells]
    # Each level of brackets moves the rows one column to the right; 2 is for ", ".
    room = _options.linewidth - indent - max(array.ndim - 1, 0)
    return _nest(cells, array.shape, cut, indent, max(1, room // (width + 2)))


def _nest(
    cells: list[str], shape: tuple[int, ...], cut: Sequence[bool], indent: int, per_line: int
) -> str:
    if not shape:
        return cells[0]
    new_line = "\n" * max(1, len(shape) - 1) + " " * (indent + 1)
    if len(shape) == 1:
        if cut[0]:
            middle = _options.edgeitems
            cells = [*cells[:middle], " ...", *cells[middle:]]
        lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        return "[" + ("," + new_line).join(lines) + "]"
    size = len(cells) // shape[0]
    blocks = [
        _nest(cells[i : i + size], shape[1:], cut[1:], indent + 1, per_line)
        for i in range(0, len(cells), size)
    ]
    if cut[0]:
        blocks.insert(_options.edgeitems, "...")
    return "[" + ("," + new_line).join(blocks) + "]"


def _integer_cells(values: list[Any]) -> tuple[list[str], int]:
    cells = [str(value) for value in values]
    return cells, max(map(len, cells))


def _float_cells(values: list[float]) -> tuple[list[str], int]:
    """Write all values in one format and find the column width.

    Only finite values other than zero choose the format and the width: a column of zeros counts
    as one character wide and a NaN may stick out, in PyTorch as here.
    """
    deciding = [value for value in values if value and isfinite(value)]
    whole = all(value.is_integer() for value in deciding)
    precision = _options.precision
    if _is_scientific(deciding):
        cells = [f"{value:.{precision}e}" for value in values]
    elif whole:
        cells = [f"{value:.0f}." if isfinite(value) else f"{value}" for value in values]
    else:
        cells = [f"{value:.{precision}f}" for value in values]
    width = max(
        (len(cell) for cell, value in zip(cells, values, strict=True) if value and isfinite(value)),
        default=1,
    )
    return cells, width


def _is_scientific(deciding: list[float]) -> bool:
    if not deciding:
        return False
    if _options.sci_mode is not None:
        return _options.sci_mode
    sizes = [abs(value) for value in deciding]
    low, high = min(sizes), max(sizes)
    return high / low > 1000.0 or high > 1.0e8 or low < 1.0e-4


def contents(tensor: Tensor, indent: int) -> str:
    """The numbers in their brackets, further lines indented."""
    shape = tensor.shape
    if 0 in shape:
        return "[]"
    summarise = tensor.numel() > _options.threshold
    edge = _options.edgeitems
    cut = [summarise and size > 2 * edge for size in shape]
    if cut and cut[0] and not edge:
        return "[...]"
    return format_array(_fetch(tensor.detach(), cut, 0), indent, cut)


def _fetch(tensor: Tensor, cut: Sequence[bool], dim: int) -> np.ndarray[Any, Any]:
    """Copy a tensor to a NumPy array without the middles of the dimensions that are cut.

    Slices before it copies, so that of a large tensor on a GPU only the corners cross the bus.
    """
    if True not in cut[dim:]:
        if tensor.dtype is dtypes.bfloat16:
            tensor = tensor.float()
        array: np.ndarray[Any, Any] = tensor.cpu().numpy()
        return array
    if not cut[dim]:
        return _fetch(tensor, cut, dim + 1)
    edge = _options.edgeitems
    before = (slice(None),) * dim
    head = _fetch(tensor[(*before, slice(edge))], cut, dim + 1)
    tail = _fetch(tensor[(*before, slice(-edge, None))], cut, dim + 1)
    return np.concatenate((head, tail), axis=dim)


def _suffixes(tensor: Tensor) -> list[str]:
    found = []
    dtype, shape = tensor.dtype, tuple(tensor.shape)
    is_empty = 0 in shape
    if tensor.device.type != "cpu":
        found.append(f"device='{tensor.device}'")
    if (is_empty and len(shape) != 1) or (not is_empty and not _options.edgeitems):
        found.append(f"size={shape}")
    # Integers and bools show by their values what they are, but not where there are no values.
    evident = () if is_empty else (dtypes.int64, dtypes.bool_)
    if dtype is not dtypes.get_default_dtype() and dtype not in evident:
        found.append(f"dtype={dtype}")
    if tensor.grad_fn is not None:
        found.append(f"grad_fn=<{tensor.grad_fn.name().rpartition(':')[2]}>")
    elif tensor.requires_grad:
        found.append("requires_grad=True")
    return found


def append_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """``text`` with the suffixes and a closing parenthesis, broken where the line is full."""
    # Two columns are kept free after the values, but not after a suffix on a line of its own.
    column = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"
