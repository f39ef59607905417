"""What a tensor is: its shape, type, device and layout in memory."""

from __future__ import annotations

from typing import Any, Self

from . import dtypes
from .autograd.engine import TensorBase
from .backend import BACKENDS
from .device import device
from .memory_layout import contiguous_format, layout, memory_format, strided
from .ops import copying, shape
from .size import Size


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

    def is_signed(self) -> bool:
        """Whether the type can hold negative numbers."""
        return self.dtype.is_signed

    def stride(self, dim: int | None = None) -> Any:
        """Steps in elements from one index to the next, in each dimension."""
        array = self.array
        steps = tuple(s // array.dtype.itemsize for s in array.strides)
        return steps if dim is None else steps[shape.wrap_dim(dim, array.ndim)]

    def is_contiguous(self, memory_format: memory_format = contiguous_format) -> bool:
        """Whether the elements lie in memory in row-major order."""
        return bool(self.array.flags.c_contiguous)

    def contiguous(self, memory_format: memory_format = contiguous_format) -> Self:
        """This tensor if it lies in row-major order, else a copy that does."""
        made: Self = self if self.array.flags.c_contiguous else copying.Clone.apply(self)
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
