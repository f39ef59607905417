"""``Variable``: PyTorch's old name for a tensor that may require gradients."""

from __future__ import annotations

from typing import Any

from .engine import TensorBase


class _AnyTensor(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_AnyTensor):
    """``Variable(tensor)`` is the tensor's data as a new leaf; every tensor is an instance.

    >>> import gpugrad
    >>> gpugrad.autograd.Variable(gpugrad.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        if not isinstance(data, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        leaf: Any = data.detach()
        return leaf.requires_grad_(requires_grad)
