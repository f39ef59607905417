"""Data types under PyTorch's names, and PyTorch's rules for combining them.

A :class:`dtype` pairs the name that users type with the NumPy type that stores it. Promotion
follows ``torch.result_type``: a dimensioned tensor outranks a 0-d tensor, which outranks a Python
number, as long as all are of one kind (bool < integer < floating point).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .class_names import PrintedAs

KIND_BOOL, KIND_INTEGER, KIND_FLOAT = 0, 1, 2


when_bfloat16_is_known: list[Callable[[type], None]] = []
"""Called with ml_dtypes' scalar type when bfloat16 is first used, which imports that package."""


class dtype(metaclass=PrintedAs, printed_as="torch.dtype"):
    """A data type, for example ``gpugrad.float32``; there is one object of each."""

    __slots__ = ("_numpy", "is_floating_point", "itemsize", "kind", "name", "tensor_type")

    def __init__(
        self, name: str, numpy_name: str | None, kind: int, itemsize: int, tensor: str
    ) -> None:
        self.name = name
        self._numpy = None if numpy_name is None else np.dtype(numpy_name)
        self.kind = kind
        self.is_floating_point = kind == KIND_FLOAT
        self.itemsize = itemsize
        self.tensor_type = tensor

    is_complex = False

    @property
    def is_signed(self) -> bool:
        return self.name not in ("uint8", "bool")

    @property
    def word(self) -> str:
        """Its name in PyTorch's errors: ``Float``, ``Long``."""
        return self.tensor_type.removesuffix("Tensor")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy type that stores this one; bfloat16 needs the package ``ml_dtypes``."""
        if self._numpy is None:
            try:
                import ml_dtypes
            except ImportError:
                raise TypeError(
                    "torch.bfloat16 needs the package ml_dtypes: pip install ml_dtypes"
                ) from None
            self._numpy = np.dtype(ml_dtypes.bfloat16)
            _FROM_NUMPY[self._numpy] = self
            for tell in when_bfloat16_is_known:
                tell(ml_dtypes.bfloat16)
        return self._numpy

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> str:
        return "bool_" if self.name == "bool" else self.name

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: object) -> dtype:
        return self


float16 = dtype("float16", "float16", KIND_FLOAT, 2, "HalfTensor")
bfloat16 = dtype("bfloat16", None, KIND_FLOAT, 2, "BFloat16Tensor")
float32 = dtype("float32", "float32", KIND_FLOAT, 4, "FloatTensor")
float64 = dtype("float64", "float64", KIND_FLOAT, 8, "DoubleTensor")
uint8 = dtype("uint8", "uint8", KIND_INTEGER, 1, "ByteTensor")
int8 = dtype("int8", "int8", KIND_INTEGER, 1, "CharTensor")
int16 = dtype("int16", "int16", KIND_INTEGER, 2, "ShortTensor")
int32 = dtype("int32", "int32", KIND_INTEGER, 4, "IntTensor")
int64 = dtype("int64", "int64", KIND_INTEGER, 8, "LongTensor")
bool_ = dtype("bool", "bool", KIND_BOOL, 1, "BoolTensor")

ALL = (float16, bfloat16, float32, float64, uint8, int8, int16, int32, int64, bool_)
_FROM_NUMPY: dict[Any, dtype] = {d._numpy: d for d in ALL if d._numpy is not None}

_default = float32


def from_numpy(numpy_dtype: Any) -> dtype:
    """The :class:`dtype` that stands for a NumPy type. Raises TypeError where there is none."""
    found = _FROM_NUMPY.get(numpy_dtype)
    if found is None:
        native = np.dtype(numpy_dtype)
        if native.name == "bfloat16" and bfloat16.numpy == native:
            return bfloat16
        if native.isbuiltin != 1 and native.newbyteorder("=") in _FROM_NUMPY:
            raise ValueError(
                "given numpy array has byte order different from the native byte order. "
                "Conversion between byte orders is currently not supported."
            )
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{native.type.__name__}. The only supported "
            "types are: float64, float32, float16, int64, int32, int16, int8, uint8, and bool."
        )
    return found


def as_dtype(value: Any) -> dtype:
    """Accept a :class:`dtype`, one of Python's ``float``, ``int``, ``bool``, or a NumPy type."""
    if isinstance(value, dtype):
        return value
    if value is float:
        return float64
    if value is int:
        return int64
    if value is bool:
        return bool_
    raise TypeError(f"dtype must be a torch.dtype, not {type(value).__name__}")


def get_default_dtype() -> dtype:
    """The type that floating-point literals get: ``float32`` unless changed.

    >>> import gpugrad
    >>> gpugrad.get_default_dtype()
    torch.float32
    """
    return _default


def set_default_dtype(d: dtype, /) -> None:
    """Set the type that floating-point literals and creation functions get.

    Raises TypeError unless ``d`` is a floating-point type.

    >>> import gpugrad
    >>> gpugrad.set_default_dtype(gpugrad.float32)
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


_FLOAT_RANK = {float16: 1, bfloat16: 1, float32: 2, float64: 3}
_SIGNED_RANK = {int8: 1, int16: 2, int32: 3, int64: 4}


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that both convert to, as in ``torch.promote_types``.

    >>> import gpugrad
    >>> gpugrad.promote_types(gpugrad.int32, gpugrad.float16)
    torch.float16
    """
    if type1 is type2:
        return type1
    if type1.kind != type2.kind:
        return type1 if type1.kind > type2.kind else type2
    if type1.kind == KIND_FLOAT:
        rank1, rank2 = _FLOAT_RANK[type1], _FLOAT_RANK[type2]
        if rank1 == rank2:
            return float32
        return type1 if rank1 > rank2 else type2
    if type1 is uint8 or type2 is uint8:
        signed = type2 if type1 is uint8 else type1
        return int16 if signed is int8 else signed
    return type1 if _SIGNED_RANK[type1] > _SIGNED_RANK[type2] else type2


def scalar_dtype(value: Any) -> dtype:
    """The type that a Python (or NumPy) number has before it meets a tensor."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    return _default


def result_dtype(type1: dtype, rank1: int, type2: dtype, rank2: int) -> dtype:
    """Promotion with ranks: 2 for a dimensioned tensor, 1 for a 0-d tensor, 0 for a number.

    The operand of lower rank changes the kind of the result (an integer tensor times 2.5 is
    floating point) but never its width.
    """
    if rank1 == rank2:
        return promote_types(type1, type2)
    high, low = (type1, type2) if rank1 > rank2 else (type2, type1)
    if not high.is_floating_point and (high is bool_ or low.is_floating_point):
        return promote_types(high, low)
    return high
