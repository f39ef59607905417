"""Forward mode: tensors that carry a tangent, PyTorch's ``autograd.forward_ad``.

Inside a :class:`dual_level`, :func:`make_dual` gives a tensor a tangent, and :func:`unpack_dual`
tells that of anything computed from it. Here no tangent travels along: the product of the Jacobian
with the tangents is computed when it is asked for, by two backward passes (the derivative of
``u @ J`` by u is J). So a dual tensor requires gradients, which it does not in PyTorch.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from .backward_pass import grad
from .engine import Node, TensorBase
from .grad_mode import enable_grad


class UnpackedDualTensor(NamedTuple):
    """What :func:`unpack_dual` returns."""

    primal: Any
    tangent: Any


class _Level(threading.local):
    duals: list[tuple[Any, Any]] | None = None
    """The dual tensors of this thread's level with their tangents; None outside of a level."""


_level = _Level()


def enter_dual_level() -> int:
    """Begin a level; :class:`dual_level` is the same as a context. Returns its number, 0.

    Raises:
        RuntimeError: there is one already.
    """
    if _level.duals is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _level.duals = []
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level: its tangents are forgotten."""
    if _level.duals is None or level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is "
            "not supported."
        )
    _level.duals = None


class dual_level:  # noqa: N801  # PyTorch's name
    """A context in which tensors may carry tangents.

    >>> import gpugrad
    >>> from gpugrad.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([1.0, 0.0]))
    ...     forward_ad.unpack_dual(x * x).tangent
    tensor([2., 0.])
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: object) -> None:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor of the same memory that carries a tangent of the same shape.

    Raises:
        RuntimeError: outside of a level, or the shapes differ.
        ValueError: one of them is not of floating-point numbers.

    >>> import gpugrad
    >>> from gpugrad.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(gpugrad.tensor(3.0), gpugrad.tensor(1.0))
    ...     slope = forward_ad.unpack_dual(x * x).tangent
    >>> slope
    tensor(6.)
    """
    if _level.duals is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for what, value in (("primal", tensor), ("tangent", tangent)):
        if not value.is_floating_point():
            raise ValueError(
                f"Expected {what} to be floating point or complex, but got: {value.dtype}"
            )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    with enable_grad():
        is_variable = tensor.requires_grad
        dual = tensor.view_as(tensor) if is_variable else tensor.detach().requires_grad_()
    _level.duals.append((dual, tangent))
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """A tensor without its tangent, and the tangent; None where it depends on no dual tensor.

    >>> import gpugrad
    >>> from gpugrad.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     dual = forward_ad.make_dual(gpugrad.tensor(3.0), gpugrad.tensor(1.0))
    ...     value, tangent = forward_ad.unpack_dual(dual)
    >>> value, tangent
    (tensor(3.), tensor(1.))
    """
    duals = _level.duals or []
    for dual, tangent in duals:
        if dual is tensor:
            return UnpackedDualTensor(_left(tensor, [tensor]), tangent)
    if not duals or not tensor.requires_grad:
        return UnpackedDualTensor(tensor, None)
    own = [dual for dual, _ in duals]
    with enable_grad():
        start = tensor.new_zeros(tensor.shape).requires_grad_()
        rows = grad(tensor, own, start, create_graph=True, allow_unused=True)
        if all(row is None for row in rows):
            return UnpackedDualTensor(tensor, None)
        pairs = [(r, t) for r, (_, t) in zip(rows, duals, strict=True) if r is not None]
        found = None
        if any(r.requires_grad for r, _ in pairs):
            pairs = [(r, t) for r, t in pairs if r.requires_grad]
            (found,) = grad(
                [r for r, _ in pairs],
                start,
                [t for _, t in pairs],
                create_graph=True,
                allow_unused=True,
            )
    if found is None:
        found = tensor.new_zeros(tensor.shape)
    return UnpackedDualTensor(_left(tensor, own), _left(found, [*own, start]))


def _left(tensor: Any, own: Sequence[Any]) -> Any:
    """A result as it leaves: in the graph only if it leads beyond the dual tensors ``own``."""
    stop = {id(t.node or t) for t in own}
    stack = [tensor.node or tensor] if tensor.requires_grad else []
    seen: set[int] = set()
    while stack:
        edge = stack.pop()
        if id(edge) in seen or id(edge) in stop:
            continue
        seen.add(id(edge))
        if isinstance(edge, TensorBase):
            return tensor
        assert isinstance(edge, Node)
        stack.extend(e for e in edge.edges if e is not None)
    for dual in own:
        if dual.node is not None:
            return tensor  # made of a tensor that requires gradients itself
    return tensor.detach()
