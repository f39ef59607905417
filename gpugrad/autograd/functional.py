"""Whole derivatives of functions: Jacobians, Hessians and their products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import BACKENDS
from .backward_pass import grad
from .engine import TensorBase, wrap
from .grad_mode import enable_grad

Func = Callable[..., Any]


def _as_tuple(value: Any, name: str) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    for number, v in enumerate(values):
        if not isinstance(v, TensorBase):
            raise TypeError(
                f"The {name} given to this function must be either a Tensor or a tuple of Tensors "
                f"but the value at index {number} has type {type(v).__name__}."
            )
    return values


def _leaves(inputs: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    """Inputs to differentiate by: fresh leaves, or results that lead back to the user's own."""
    if create_graph:
        return tuple(
            v.view_as(v) if v.requires_grad else v.detach().requires_grad_() for v in inputs
        )
    return tuple(v.detach().requires_grad_() for v in inputs)


def _finish(value: Any, create_graph: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(_finish(v, create_graph) for v in value)
    return value if create_graph else value.detach()


def _zero(tensor: Any) -> Any:
    return wrap(BACKENDS[type(tensor.array)].zeros_like(tensor.array))


def jacobian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All first derivatives of ``func`` at ``inputs``.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of them.
        create_graph: make the result itself differentiable.
        strict: raise if an output does not depend on an input.
        vectorize, strategy: accepted; all rows of an output come from one backward pass, unless
            ``create_graph`` asks for a graph of each.

    Returns:
        ``J[i][j]`` of shape ``output_i.shape + input_j.shape``; not a tuple where ``func`` or
        ``inputs`` are not.

    >>> import gpugrad
    >>> gpugrad.autograd.functional.jacobian(lambda x: x**2, gpugrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    given = _as_tuple(inputs, "inputs")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        result = func(*leaves)
        outputs = _as_tuple(result, "outputs of the user-provided function")
        rows = tuple(_jacobian_of(o, leaves, create_graph, strict) for o in outputs)
    if not isinstance(inputs, (tuple, list)):
        rows = tuple(r[0] for r in rows)
    whole = rows if isinstance(result, (tuple, list)) else rows[0]
    return _finish(whole, create_graph)


def _jacobian_of(output: Any, leaves: Any, create_graph: bool, strict: bool) -> tuple[Any, ...]:
    """The rows of one output's Jacobian, all from one backward pass unless a graph is asked for."""
    flat = output.reshape(-1)
    found: tuple[Any, ...] = (None,) * len(leaves)
    if flat.requires_grad and flat.numel():
        unit = flat.new_zeros((flat.numel(), flat.numel()))
        unit.diagonal().fill_(1)
        found = grad(
            flat, leaves, unit, True, create_graph, allow_unused=True, is_grads_batched=True
        )
    for number, rows in enumerate(found):
        if rows is None and strict:
            raise RuntimeError(
                f"Output of the user-provided function is independent of input {number}. This "
                "is not allowed in strict mode."
            )
    return tuple(
        leaf.new_zeros((*output.shape, *leaf.shape))
        if rows is None
        else rows.reshape((*output.shape, *leaf.shape))
        for rows, leaf in zip(found, leaves, strict=True)
    )


def hessian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a function with a single-element result.

    >>> import gpugrad
    >>> gpugrad.autograd.functional.hessian(lambda x: (x**3).sum(), gpugrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradients(*args: Any) -> Any:
        value = func(*args)
        if not isinstance(value, TensorBase):
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if value.array.size != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single "
                "element"
            )
        found = grad(value.reshape(()), args, create_graph=True, allow_unused=True)
        results = tuple(_zero(a) if g is None else g for g, a in zip(found, args, strict=True))
        return results if isinstance(inputs, (tuple, list)) else results[0]

    return jacobian(gradients, inputs, create_graph, strict)


def vjp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of a row vector with the Jacobian, ``v @ J``.

    ``v`` has the outputs' shape; it may be left out for a single-element output.
    """
    given = _as_tuple(inputs, "inputs")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        result = func(*leaves)
        outputs = _as_tuple(result, "outputs of the user-provided function")
        vectors = None if v is None else _as_tuple(v, "v")
        if vectors is None and outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single "
                "Tensor with a single element."
            )
        found = grad(outputs, leaves, vectors, create_graph=create_graph, allow_unused=True)
    products = tuple(_zero(x) if g is None else g for g, x in zip(found, leaves, strict=True))
    product = products if isinstance(inputs, (tuple, list)) else products[0]
    return _finish(result, create_graph), _finish(product, create_graph)


def jvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of the Jacobian with a column vector, ``J @ v``.

    Computed as the derivative of ``u @ J`` by u, which is linear in u (the double-backward trick).
    """
    given = _as_tuple(inputs, "inputs")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        result = func(*leaves)
        outputs = _as_tuple(result, "outputs of the user-provided function")
        vectors = tuple(x.new_ones(x.shape) for x in leaves) if v is None else _as_tuple(v, "v")
        dummies = tuple(_zero(o).requires_grad_() for o in outputs)
        rows = grad(outputs, leaves, dummies, create_graph=True, allow_unused=True)
        pairs = [(r, w) for r, w in zip(rows, vectors, strict=True) if r is not None]
        found: tuple[Any, ...] = (None,) * len(outputs)
        if any(r.requires_grad for r, _ in pairs):
            found = grad(
                [r for r, _ in pairs],
                dummies,
                [w for _, w in pairs],
                create_graph=create_graph,
                allow_unused=True,
            )
    products = tuple(_zero(o) if g is None else g for g, o in zip(found, outputs, strict=True))
    product = products if isinstance(result, (tuple, list)) else products[0]
    return _finish(result, create_graph), _finish(product, create_graph)


def vhp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of a row vector with the Hessian, ``v @ H``."""
    given = _as_tuple(inputs, "inputs")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        value = func(*leaves)
        vectors = tuple(x.new_ones(x.shape) for x in leaves) if v is None else _as_tuple(v, "v")
        rows = grad(value.reshape(()), leaves, create_graph=True, allow_unused=True)
        pairs = [(r, w) for r, w in zip(rows, vectors, strict=True) if r is not None]
        found: tuple[Any, ...] = (None,) * len(leaves)
        if any(r.requires_grad for r, _ in pairs):
            found = grad(
                [r for r, _ in pairs],
                leaves,
                [w for _, w in pairs],
                create_graph=create_graph,
                allow_unused=True,
            )
    products = tuple(_zero(x) if g is None else g for g, x in zip(found, leaves, strict=True))
    product = products if isinstance(inputs, (tuple, list)) else products[0]
    return _finish(value, create_graph), _finish(product, create_graph)


def hvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the Hessian times a vector; equal to :func:`vhp` by symmetry."""
    return vhp(func, inputs, v, create_graph, strict)
