"""What a tensor is: its shape, type, device and layout in memory."""

from __future__ import annotations

from typing import Any, Self

from . import dtypes
from .autograd.engine import TensorBase
from .backend import BACKENDS
from .device import device
from .memory_layout import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    strided,
)
from .ops import copying, shape
from .size import Size

CHANNELS_LAST = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}
"""The order in which the dimensions of images lie in memory."""


class Described(TensorBase):
    """The attributes that describe a tensor, without its values and its place in the graph."""

    __slots__ = ()

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one dimension."""
        if dim is None:
            return Size(self.array.shape)
        return self.array.shape[shape.wrap_dim(dim, self.array.ndim)]

    @property
    def ndim(self) -> int:
        return int(self.array.ndim)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self.array.ndim)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self.array.dtype.itemsize)

    @property
    def itemsize(self) -> int:
        return int(self.array.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return int(self.array.nbytes)

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.from_numpy(self.array.dtype)

    @property
    def device(self) -> device:
        found: device = BACKENDS[type(self.array)].device(self.array)
        return found

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        return self.device.type == "cpu"

    is_sparse = False
    is_quantized = False
    is_mps = False
    is_nested = False
    is_meta = False
    is_mkldnn = False
    is_sparse_csr = False
    is_xpu = False

    @property
    def layout(self) -> layout:
        return strided

    def get_device(self) -> int:
        """The CUDA index; -1 on the CPU."""
        where = self.device
        return -1 if where.type == "cpu" else (where.index or 0)

    def is_floating_point(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers: never."""
        return False

    def is_conj(self) -> bool:
        """Whether a complex conjugation is still to be carried out: never."""
        return False

    def is_neg(self) -> bool:
        """Whether a change of sign is still to be carried out: never."""
        return False

    def is_signed(self) -> bool:
        """Whether the type can hold negative numbers."""
        return self.dtype.is_signed

    def stride(self, dim: int | None = None) -> Any:
        """Steps in elements from one index to the next, in each dimension."""
        array = self.array
        steps = tuple(s // array.dtype.itemsize for s in array.strides)
        return steps if dim is None else steps[shape.wrap_dim(dim, array.ndim)]

    def is_contiguous(self, memory_format: memory_format = contiguous_format) -> bool:
        """Whether the elements lie in memory in row-major order, or channel by channel last."""
        order = CHANNELS_LAST.get(memory_format)
        if order is None:
            return bool(self.array.flags.c_contiguous)
        array = self.array
        return array.ndim == len(order) and bool(array.transpose(order).flags.c_contiguous)

    def contiguous(self, memory_format: memory_format = contiguous_format) -> Self:
        """This tensor if it lies in row-major order, else a copy that does.

        With ``memory_format=channels_last`` (or ``channels_last_3d``), the channels of images lie
        side by side. That is for programs that look at strides: it makes nothing faster here.
        """
        if memory_format in CHANNELS_LAST:
            return self._channels_last(memory_format)
        made: Self = self if self.array.flags.c_contiguous else copying.Clone.apply(self)
        return made

    def _channels_last(self, memory_format: memory_format) -> Self:
        order = CHANNELS_LAST[memory_format]
        if self.array.ndim != len(order):
            raise RuntimeError(
                f"required rank {len(order)} tensor to use {memory_format.name} format"
            )
        if self.is_contiguous(memory_format):
            return self
        back = [order.index(dim) for dim in range(len(order))]
        made: Self = self.permute(order).contiguous().permute(back)
        return made

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(BACKENDS[type(self.array)].address(self.array))

    def storage_offset(self) -> int:
        """Elements between the start of the memory and the first element."""
        base: TensorBase = self
        while base.view_of is not None:
            base = base.view_of[0]
        return (self.data_ptr() - int(base.data_ptr())) // self.itemsize
