"""Methods that older programs use: memory below a tensor, forms of it, functions on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import creation
from .autograd.engine import TensorBase
from .size import Size


def storage(self: Any) -> Any:
    """The memory that this tensor and its views share, as numbers.

    >>> import gpugrad
    >>> gpugrad.arange(6).reshape(2, 3)[1].storage().tolist()
    [0, 1, 2, 3, 4, 5]
    """
    from .storage import TypedStorage

    return TypedStorage(self)


def untyped_storage(self: Any) -> Any:
    """The memory that this tensor and its views share, as bytes."""
    from .storage import UntypedStorage

    return UntypedStorage(self)


def is_shared(self: Any) -> bool:
    """Whether other processes share the memory: never."""
    return False


def new(self: Any, *args: Any) -> Any:
    """The older form of ``new_empty(shape)`` and ``new_tensor(values)``.

    >>> import gpugrad
    >>> gpugrad.ones(2).new([1, 2])
    tensor([1., 2.])
    """
    if len(args) == 1 and not isinstance(args[0], (int, Size)):
        data = args[0]
        if isinstance(data, TensorBase):
            return data.detach()
        return creation.tensor(data, dtype=self.dtype, device=self.device)
    shape = args[0] if args and isinstance(args[0], Size) else args or (0,)
    return creation.empty(tuple(shape), dtype=self.dtype, device=self.device)


def _assign(self: Any, numbers: list[Any]) -> Any:
    flat = creation.tensor(numbers, dtype=self.dtype).reshape(self.shape)
    self.detach().copy_(flat)
    return self


def _require_cpu(self: Any, name: str) -> None:
    if self.is_cuda:
        raise TypeError(f"{name} is only implemented on CPU tensors")


def apply_(self: Any, callable: Callable[[Any], Any], /) -> Any:
    """Replace every element by what a Python function makes of it; slow, and on the CPU only.

    >>> import gpugrad
    >>> gpugrad.tensor([1.0, 2.0]).apply_(lambda x: x + 1)
    tensor([2., 3.])
    """
    _require_cpu(self, "apply_")
    if self.requires_grad:
        raise TypeError("apply_() is only implemented for tensors that don't require gradients")
    return _assign(self, [callable(x) for x in self.reshape(-1).tolist()])


def map_(self: Any, tensor: Any, callable: Callable[[Any, Any], Any], /) -> Any:
    """:func:`apply_` of a function of an element and the one of ``tensor`` at its place."""
    _require_cpu(self, "map_")
    if self.requires_grad:
        raise RuntimeError("Can't call map_() on Variable that requires grad.")
    others = tensor.expand(self.shape).reshape(-1).tolist()
    return _assign(
        self, [callable(*pair) for pair in zip(self.reshape(-1).tolist(), others, strict=True)]
    )


def set_(self: Any, source: Any = None, *layout: Any) -> Any:
    """Let this tensor be another one's memory, in its shape.

    >>> import gpugrad
    >>> x, y = gpugrad.zeros(1), gpugrad.ones(2)
    >>> x.set_(y).data_ptr() == y.data_ptr()
    True
    """
    if layout or not (source is None or isinstance(source, TensorBase)):
        raise NotImplementedError("set_: only with a tensor, or without arguments")
    self.data = (
        creation.empty(0, dtype=self.dtype, device=self.device) if source is None else source
    )
    return self


def to_dense(self: Any, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
    """This tensor: it is dense."""
    return self if dtype is None else self.to(dtype)


def to_sparse(self: Any, *args: Any, **kwargs: Any) -> Any:
    """What is not zero, as a sparse tensor; see :func:`gpugrad.sparse.to_sparse`."""
    from .sparse import to_sparse as made

    return made(self, *args, **kwargs)


def to_sparse_csr(self: Any, dense_dim: int | None = None) -> Any:
    """What is not zero in a matrix, as a sparse matrix by rows."""
    return to_sparse(self).to_sparse_csr()


def sparse_mask(self: Any, mask: Any) -> Any:
    """The elements at the places of a sparse tensor, as one."""
    mask = mask.coalesce()
    return mask._with(self[tuple(mask._at)])
