"""The recorded graph from outside: nodes, version counters, and hooks on what nodes save.

What the hooks do to nodes is in ``packing.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from . import packing
from .engine import TensorBase
from .inspected import Node as Node
from .multi_grad_hook import GradientEdge as GradientEdge
from .multi_grad_hook import get_gradient_edge as get_gradient_edge
from .multi_grad_hook import register_multi_grad_hook as register_multi_grad_hook
from .packing import HookPair, Pack, Unpack

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class saved_tensors_hooks:  # noqa: N801  # PyTorch's name
    """Store what backward needs in a form of your own: packed when saved, unpacked when used.

    Inside the context, ``pack_hook(tensor)`` is called with every tensor that an operation saves
    for its backward pass, and may return anything: the tensor itself, a compressed form, the name
    of a file. When backward needs the tensor, ``unpack_hook`` gets that object and returns a tensor
    of the same values, shape, type and device. Of nested contexts, the innermost counts.

    In-place changes to a tensor after it was packed are not noticed.

    Raises:
        RuntimeError: on entering, if hooks are disabled; when saving, if ``pack_hook`` changes its
            argument in place.
        TypeError: in backward, if ``unpack_hook`` returns no tensor.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> with gpugrad.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook: Pack, unpack_hook: Unpack) -> None:
        self.pair = HookPair(pack_hook, unpack_hook)

    def __enter__(self) -> None:
        packing.enter(self.pair)

    def __exit__(self, *_: object) -> None:
        packing.leave()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801  # PyTorch's name
    """Keep in host memory what operations on a device save for backward.

    Trades the device's memory for the time of two copies.

    Args:
        pin_memory, device_type: accepted; the copies are ordered by the stream.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> with gpugrad.autograd.graph.save_on_cpu():
    ...     y = x.exp().sum()
    >>> y.backward()
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_to_host, _from_host)


def _to_host(tensor: Any) -> tuple[Any, Any]:
    return tensor.device, tensor.cpu()


def _from_host(packed: tuple[Any, Any]) -> Any:
    device, tensor = packed
    return tensor.to(device)


class _MutationAllowed:
    """The context of :func:`allow_mutation_on_saved_tensors`: what was saved in it."""

    def __init__(self) -> None:
        self.ended = False

    def pack(self, tensor: Any) -> Any:
        return tensor.clone()

    def unpack(self, saved: Any) -> Any:
        if self.ended:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
                "in which the graph was originally recorded."
            )
        return saved


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[Any]:
    """Let tensors that backward needs be changed in place inside the context.

    Every saved tensor is copied when it is saved (in PyTorch when it is first changed), so that
    gradients are those of the values it had. The backward pass must run inside the context.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> with gpugrad.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x * 3
    ...     z = (y * y).sum()
    ...     y.zero_()
    ...     z.backward()
    tensor([0., 0.], grad_fn=<ZeroBackward0>)
    >>> x.grad
    tensor([18., 18.])
    """
    context = _MutationAllowed()
    with saved_tensors_hooks(context.pack, context.unpack):
        try:
            yield context
        finally:
            context.ended = True


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Make the use of hooks on saved tensors an error with this message, inside the context.

    Raises:
        RuntimeError: if hooks are in force already.

    >>> import gpugrad
    >>> with gpugrad.autograd.graph.disable_saved_tensors_hooks("no hooks here"):
    ...     y = gpugrad.ones(2, requires_grad=True).exp()
    """
    with packing.disabled(error_message):
        yield


def increment_version(tensor: Any) -> None:
    """Note that the memory of a tensor, or of several, was changed behind the library's back.

    A backward pass that needs the former values then raises instead of giving wrong gradients.

    >>> import gpugrad
    >>> x = gpugrad.ones(2)
    >>> x.numpy()[0] = 5.0
    >>> gpugrad.autograd.graph.increment_version(x)
    """
    tensors: Iterable[Any] = (tensor,) if isinstance(tensor, TensorBase) else tensor
    for changed in tensors:
        changed.version[0] += 1
