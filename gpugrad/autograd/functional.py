"""Whole derivatives of functions: Jacobians, Hessians and their products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .backward_pass import grad
from .functional_checks import (
    FUNCTION_RETURNS,
    INPUT_IS,
    OUTPUTS,
    as_tuple,
    filled,
    independent,
    ones_for,
    require_outputs,
    require_slopes,
    single_element,
    vectors_for,
)
from .grad_mode import enable_grad

Func = Callable[..., Any]


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
        vectorize, strategy: accepted, and refused where PyTorch refuses them; all rows of an output
            come from one backward pass anyway, unless ``create_graph`` asks for a graph of each.

    Returns:
        ``J[i][j]`` of shape ``output_i.shape + input_j.shape``; not a tuple where ``func`` or
        ``inputs`` are not.

    >>> import gpugrad
    >>> gpugrad.autograd.functional.jacobian(lambda x: x**2, gpugrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward(create_graph, strict, vectorize)
    given = as_tuple(inputs, "inputs", "jacobian")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        result = func(*leaves)
        outputs = as_tuple(result, OUTPUTS, "jacobian")
        if strict:
            require_outputs(outputs)
            if vectorize:
                raise RuntimeError(
                    "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are "
                    "not supported together. Please either set `strict=False` or "
                    "`vectorize=False`."
                )
        rows = tuple(
            _jacobian_of(number, output, leaves, create_graph, strict)
            for number, output in enumerate(outputs)
        )
    if not isinstance(inputs, tuple):
        rows = tuple(r[0] for r in rows)
    whole = rows if isinstance(result, tuple) else rows[0]
    return _finish(whole, create_graph)


def _check_forward(create_graph: bool, strict: bool, vectorize: bool) -> None:
    """Refuse what PyTorch's forward mode does not offer; the Jacobian is the same in both modes."""
    if create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and "
            '`strategy="forward-mode"` are not supported together (yet). Please either set '
            '`create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are '
            'not supported together (yet). Please either set `strict=False` or `strategy="reverse-'
            'mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )


def _jacobian_of(
    place: int, output: Any, leaves: Any, create_graph: bool, strict: bool
) -> tuple[Any, ...]:
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
        if strict and rows is None:
            raise RuntimeError(
                f"Output {place} of the user-provided function is independent of input {number}. "
                "This is not allowed in strict mode."
            )
        if strict and create_graph and not rows.requires_grad:
            raise independent("jacobian", number, more=" when create_graph=True")
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

    Args:
        func: takes the inputs, returns a tensor of one element.
        inputs: a tensor or a tuple of them.
        create_graph: make the result itself differentiable.
        strict: raise if a first derivative does not depend on an input.
        vectorize, outer_jacobian_strategy: as for :func:`jacobian`.

    >>> import gpugrad
    >>> gpugrad.autograd.functional.hessian(lambda x: (x**3).sum(), gpugrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def gradients(*args: Any) -> Any:
        value = single_element(func(*args), "hessian")
        if strict:
            require_outputs([value])
        found = _derivatives([value], args, None, True)
        if strict:
            require_slopes(found)
        results = filled(found, args, "output", strict, False)
        return results if isinstance(inputs, tuple) else results[0]

    return jacobian(gradients, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _derivatives(outputs: Any, inputs: Any, vectors: Any, create_graph: bool) -> tuple[Any, ...]:
    """Gradients of those outputs that have a graph; None where there is none."""
    given = [None] * len(outputs) if vectors is None else vectors
    pairs = [
        (o, v) for o, v in zip(outputs, given, strict=True) if o is not None and o.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        [o for o, _ in pairs],
        inputs,
        [v for _, v in pairs],
        create_graph=create_graph,
        allow_unused=True,
    )


def vjp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of a row vector with the Jacobian, ``v @ J``.

    ``v`` has the outputs' shape; it may be left out for a single-element output. With ``strict``
    an output that does not depend on an input is an error.

    >>> import gpugrad
    >>> gpugrad.autograd.functional.vjp(gpugrad.exp, gpugrad.zeros(2), gpugrad.ones(2))
    (tensor([1., 1.]), tensor([1., 1.]))
    """
    given = as_tuple(inputs, "inputs", "vjp")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        result = func(*leaves)
        outputs = as_tuple(result, OUTPUTS, "vjp")
        if strict:
            require_outputs(outputs)
        if v is None:
            vectors = ones_for(outputs, FUNCTION_RETURNS)
        else:
            vectors = vectors_for(v, outputs, isinstance(result, tuple), "vjp")
        found = _derivatives(outputs, leaves, vectors, create_graph)
        products = filled(found, leaves, "output", strict, create_graph)
    product = products if isinstance(inputs, tuple) else products[0]
    return _finish(result, create_graph), _finish(product, create_graph)


def jvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of the Jacobian with a column vector, ``J @ v``.

    Computed as the derivative of ``u @ J`` by u, which is linear in u (the double-backward trick).

    >>> import gpugrad
    >>> gpugrad.autograd.functional.jvp(gpugrad.exp, gpugrad.zeros(2), gpugrad.ones(2))
    (tensor([1., 1.]), tensor([1., 1.]))
    """
    given = as_tuple(inputs, "inputs", "jvp")
    with enable_grad():
        leaves = _leaves(given, create_graph)
        vectors = _column(v, leaves, inputs, "jvp")
        result = func(*leaves)
        outputs = as_tuple(result, OUTPUTS, "jvp")
        if strict:
            require_outputs(outputs)
        dummies = tuple(o.new_zeros(o.shape).requires_grad_() for o in outputs)
        rows = _derivatives(outputs, leaves, dummies, True)
        if strict:
            filled(rows, leaves, "output", strict, False)
        found = _derivatives(rows, dummies, vectors, create_graph)
        products = filled(found, outputs, "jacobian", strict, create_graph)
    product = products if isinstance(result, tuple) else products[0]
    return _finish(result, create_graph), _finish(product, create_graph)


def _column(v: Any, leaves: Any, inputs: Any, name: str) -> tuple[Any, ...]:
    if v is None:
        return ones_for(leaves, INPUT_IS)
    return vectors_for(v, leaves, isinstance(inputs, tuple), name)


def vhp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the product of a row vector with the Hessian, ``v @ H``.

    >>> import gpugrad
    >>> x = gpugrad.ones(2)
    >>> gpugrad.autograd.functional.vhp(lambda t: (t**3).sum(), x, x)
    (tensor(2.), tensor([6., 6.]))
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(inputs)`` and the Hessian times a vector; equal to :func:`vhp` by symmetry.

    >>> import gpugrad
    >>> x, v = gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([1.0, 0.0])
    >>> gpugrad.autograd.functional.hvp(lambda x: (x**3).sum(), x, v)[1]
    tensor([6., 0.])
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")


def _hessian_product(
    func: Func, inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> tuple[Any, Any]:
    given = as_tuple(inputs, "inputs", name)
    with enable_grad():
        leaves = _leaves(given, create_graph)
        vectors = _column(v, leaves, inputs, name)
        result = func(*leaves)
        value = single_element(result, name)
        if strict:
            require_outputs([value])
        rows = _derivatives([value], leaves, None, True)
        if strict:
            require_slopes(rows)
        found = _derivatives(rows, leaves, vectors, create_graph)
        products = filled(found, leaves, "jacobian", strict, create_graph)
    product = products if isinstance(inputs, tuple) else products[0]
    return _finish(result, create_graph), _finish(product, create_graph)
