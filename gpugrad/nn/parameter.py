"""``Parameter`` and ``Buffer``: tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any, Self

from ..autograd.engine import wrap
from ..creation import empty
from ..tensor import Tensor


class Parameter(Tensor, printed_as="torch.nn.parameter.Parameter"):
    """A tensor that is trained: as an attribute of a module it is among its ``parameters()``.

    Shares memory with ``data`` and requires a gradient unless told otherwise.

    Raises:
        RuntimeError: ``data`` is not floating point and ``requires_grad`` is left on.

    >>> import gpugrad
    >>> gpugrad.nn.Parameter(gpugrad.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()
    dispatches = False

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        data = empty((0,)) if data is None else data.detach()
        if requires_grad and not data.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        self: Self = wrap(data.array)
        self.__class__ = cls
        self.version, self.rebased = data.version, data.version[1]
        self.requires_grad = requires_grad
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        found: Self = memo[id(self)]
        return found

    # mypy forgets the names of special methods' arguments
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()


class _BufferMeta(type):
    """Makes ``isinstance(tensor, Buffer)`` true for tensors that ``Buffer`` returned."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and "persistent" in instance.__dict__


class Buffer(metaclass=_BufferMeta):
    """A tensor that is part of a module's state but not trained.

    What ``Buffer(data)`` returns is a plain tensor over the same memory, with a mark that makes
    a module register it when it is assigned.

    Args:
        persistent: whether it is part of the module's ``state_dict``.

    >>> import gpugrad
    >>> gpugrad.nn.Buffer(gpugrad.zeros(2), persistent=False)
    tensor([0., 0.])
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        result = empty((0,)) if data is None else data.detach()
        result.persistent = persistent
        return result
