"""What a row of the op table says, and how its samples become tensors of either library.

A sample holds :class:`Data` in the places of tensors: a description of shape and range, from which
arrays of any type are drawn, always the same ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FLOATS = ("float64", "float32", "float16", "bfloat16")
INTS = ("int64", "int32", "int16", "int8", "uint8")
ALL = (*FLOATS, *INTS, "bool")
LAYOUTS = ("contiguous", "strided", "reversed")
"""Row-major; every second element of a wider array; dimensions in memory in reverse order."""


@dataclass(frozen=True)
class Data:
    """A tensor argument of the values that are given, or drawn from ``low`` to ``high``.

    Drawn numbers are spread evenly over the range in random order, so that no two are equal.
    """

    shape: tuple[int, ...] = ()
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None
    """Always this type, as an index has; None for the type under test."""
    values: Any = None
    grad: bool = True
    """Whether a floating-point argument gets a gradient."""

    def array(self, dtype: str, seed: int) -> Array:
        """The values in ``dtype``; bfloat16, which NumPy lacks, as float32."""
        dtype = self.dtype or dtype
        kind = np.dtype("float32" if dtype == "bfloat16" else dtype)
        if self.values is not None:
            return _converted(np.asarray(self.values), kind)
        rng = np.random.default_rng(seed)
        if kind.kind == "b":
            return rng.random(self.shape) < 0.5
        if kind.kind in "iu":
            low = max(int(np.ceil(self.low)), 0 if kind.kind == "u" else int(np.ceil(self.low)))
            high = max(int(np.floor(self.high)), low)
            return rng.integers(low, high + 1, self.shape).astype(kind)
        count = int(np.prod(self.shape))
        places = rng.permutation(count) + rng.uniform(0.1, 0.9, count)
        spread = self.low + (self.high - self.low) * places / max(count, 1)
        return spread.reshape(self.shape).astype(kind)

    def has_grad(self, dtype: str) -> bool:
        return self.grad and (self.dtype or dtype) in FLOATS


def _converted(values: Array, kind: np.dtype[Any]) -> Array:
    if kind.kind in "iu" and values.dtype.kind == "f":
        values = np.nan_to_num(
            values, nan=0.0, posinf=100.0, neginf=-100.0 if kind.kind == "i" else 0
        )
        values = values.clip(0 if kind.kind == "u" else -100, 100)
    return values.astype(kind)


@dataclass(frozen=True)
class Type:
    """A data type as an argument, under its name."""

    name: str


class Sample:
    """One call of an op: positional and keyword arguments.

    ``smooth`` says that the op has a derivative at these values, so that differences find it;
    ``only`` lists the types under test where the op's own list is too long.
    """

    def __init__(
        self,
        *args: Any,
        smooth: bool = True,
        only: tuple[str, ...] | None = None,
        **kwargs: Any,
    ) -> None:
        self.args, self.kwargs, self.smooth, self.only = args, kwargs, smooth, only

    def decides_type(self, dtype: str) -> bool:
        """Whether an argument other than a tensor of ``dtype`` decides the result's type."""
        deciding = (Type, float, str, int) if dtype == "bool" else (Type, float, str)
        return any(isinstance(v, deciding) for v in (*self.args, *self.kwargs.values()))

    def data(self) -> list[Data]:
        """The tensor arguments, in order."""
        return list(_find((self.args, self.kwargs)))

    def arrays(self, dtype: str) -> list[Array]:
        """The values of the tensor arguments."""
        return [
            d.array(dtype, zlib.crc32(f"{i} {d.shape} {d.low} {d.high}".encode()))
            for i, d in enumerate(self.data())
        ]

    def filled(self, values: Any, lib: ModuleType) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments and keyword arguments with ``values`` in the places of the tensors."""
        filled: tuple[tuple[Any, ...], dict[str, Any]] = _fill(
            (self.args, self.kwargs), iter(values), lib
        )
        return filled

    def __repr__(self) -> str:
        given = [_show(a) for a in self.args]
        given += [f"{name}={_show(value)}" for name, value in self.kwargs.items()]
        return f"({', '.join(given)})"


def _find(value: Any) -> Iterator[Data]:
    if isinstance(value, Data):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _find(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _find(item)


def _fill(value: Any, values: Iterator[Any], lib: ModuleType) -> Any:
    if isinstance(value, Data):
        return next(values)
    if isinstance(value, Type):
        return getattr(lib, value.name)
    if isinstance(value, (tuple, list)):
        return type(value)(_fill(item, values, lib) for item in value)
    if isinstance(value, dict):
        return {key: _fill(item, values, lib) for key, item in value.items()}
    return value


def _show(value: Any) -> str:
    if isinstance(value, Data):
        text = str(value.values) if value.values is not None else str(list(value.shape))
        return f"{value.dtype or ''}{text}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_show(v) for v in value)}]"
    return value.name if isinstance(value, Type) else repr(value)


@dataclass(frozen=True)
class Refused:
    """A call that must raise ``error`` with a text that matches ``text``."""

    sample: Sample
    error: type[Exception]
    text: str
    dtype: str = "float64"


@dataclass(frozen=True)
class Op:
    """A row of the table: an op, what to call it with, and what is known of its results."""

    name: str
    samples: tuple[Sample, ...]
    reference: Callable[..., Any] | None = None
    """The same in NumPy; None where that would be the implementation again."""
    dtypes: tuple[str, ...] = ALL
    """The types that the op takes."""
    result: str = "same"
    """The result's type: ``same`` as the operands', ``float`` (default type for integers), ``sum``
    (int64 for integers), ``truth`` (bool, but uint8 for uint8), the name of a type, or ``any``."""
    differentiable: bool = True
    method: str | None = ""
    """The method that does the same; "" for one of the op's name, None for none."""
    inplace: str | None = None
    call: Callable[..., Any] | None = None
    """``call(lib, *args)`` where the op is not ``lib.name(*args)``."""
    named: bool = True
    """Whether the result's node has PyTorch's name for it."""
    needs_contiguous: bool = False
    reshapes: bool = False
    """Whether the in-place form changes the tensor's shape, not its elements."""
    roundings: float = 8
    refused: tuple[Refused, ...] = field(default=())

    def function(self, lib: ModuleType) -> Callable[..., Any]:
        """The op as a function of the library ``lib``."""
        if self.call is not None:
            call = self.call
            return lambda *args, **kwargs: call(lib, *args, **kwargs)
        function: Callable[..., Any] = getattr(lib, self.name)
        return function

    @property
    def method_name(self) -> str | None:
        return self.name if self.method == "" else self.method

    def __repr__(self) -> str:
        return self.name


def tensor(
    lib: ModuleType,
    array: Array,
    dtype: str,
    layout: str = "contiguous",
    device: str = "cpu",
    grad: bool = False,
) -> Any:
    """A leaf tensor of ``lib`` with the values of ``array``, laid out in memory as asked."""
    kind = getattr(lib, dtype)
    if layout == "strided":
        wide = np.zeros((*array.shape, 2), array.dtype)
        wide[..., 0] = array
        made = lib.tensor(wide, dtype=kind, device=device)[..., 0].detach()
    elif layout == "reversed":
        axes = tuple(range(array.ndim))[::-1]
        made = lib.tensor(array.transpose(axes).copy(), dtype=kind, device=device)
        made = made.permute(axes).detach()
    else:
        made = lib.tensor(array, dtype=kind, device=device)
    return made.requires_grad_() if grad else made


def flat(result: Any) -> list[Any]:
    """The tensors (or plain values) of a result that may be a tuple of them."""
    if isinstance(result, (tuple, list)) and type(result).__name__ != "Size":
        return [item for part in result for item in flat(part)]
    return [result]


def weights(lib: ModuleType, like: Any) -> Any:
    """A tensor shaped like another, of numbers that differ, so that no mistake cancels."""
    count = int(np.prod(tuple(like.shape)))
    values = np.cos(1.0 + np.arange(count, dtype=np.float64)).reshape(tuple(like.shape))
    return tensor(lib, values, str(like.dtype)[6:], device=str(like.device))


def host(value: Any) -> Array:
    """A tensor or number as a NumPy array."""
    detached = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    return np.asarray(detached)


@contextmanager
def about(sample: Sample) -> Iterator[None]:
    """Say in a failed assertion which sample it was about."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{sample}: {error}") from error
