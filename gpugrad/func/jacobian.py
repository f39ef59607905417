"""Whole Jacobians and Hessians of functions of trees of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.grad_mode import enable_grad, is_grad_enabled
from .derivative import Pushforward
from .transform import Argnums, close, depends_beyond, pick, products, split_aux, tensors_of
from .tree import flatten, rebuild


def _basis(tensor: Any) -> Any:
    """All unit vectors of the shape of ``tensor``, stacked."""
    n = tensor.numel()
    rows = tensor.new_zeros((n, n))
    rows.diagonal().fill_(1)
    return rows.reshape(n, *tensor.shape)


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function that gives the Jacobian of ``func``, by one backward pass for each output value.

    Args:
        func: returns a tensor or a tree of tensors, with ``has_aux`` a pair of that and anything.
        argnums: the position of the argument to differentiate by, or a tuple of positions.
        has_aux: whether ``func`` returns something else besides; the result is then a pair too.
        chunk_size: accepted; rows are computed one after the other.

    Returns:
        A function of the same arguments. Its result has the form of the output; in the place of
        each tensor there is a tree of the form of the argument, of tensors of the shape
        ``output.shape + input.shape``.

    >>> import gpugrad
    >>> from gpugrad.func import jacrev
    >>> jacrev(lambda x: x**2)(gpugrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    name = "jacrev(f)(*args)"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with enable_grad():
            chosen, given = pick(args, argnums)
            output, aux = split_aux(func(*given, **kwargs), has_aux, name)
            outputs = tensors_of(output, name)
            own = flatten(chosen)
            create = recording and depends_beyond(outputs, own)
            jacobians = [
                close(rebuild(chosen, _rows(value, own, create)), own, recording)
                for value in outputs
            ]
        result = rebuild(output, jacobians)
        return (result, close(aux, own, recording)) if has_aux else result

    return wrapper


def _rows(output: Any, own: Sequence[Any], create: bool) -> list[Any]:
    """The Jacobian of one output by each of the variables ``own``."""
    shapes = [(*output.shape, *v.shape) for v in own]
    found: list[Any] = [None] * len(own)
    if output.numel():
        found = products([output], own, [_basis(output)], create, retain_graph=True, batched=True)
    return [
        v.new_zeros(shape) if rows is None else rows.reshape(shape)
        for rows, v, shape in zip(found, own, shapes, strict=True)
    ]


def jacfwd(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """As :func:`jacrev`, by one pass for each input value: better for few inputs, many outputs.

    ``randomness`` is accepted; ``func`` runs only once.

    >>> import gpugrad
    >>> from gpugrad.func import jacfwd
    >>> jacfwd(lambda x: x**2)(gpugrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    name = "jacfwd(f)(*args)"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with enable_grad():
            chosen, given = pick(args, argnums)
        push = Pushforward(lambda *a: func(*a, **kwargs), chosen, given, has_aux, name)
        by_input = [_columns(push, number) for number in range(len(push.own))]
        own = [*push.own, *push.dummies]
        jacobians = [
            close(rebuild(chosen, [columns[i] for columns in by_input]), own, recording)
            for i in range(len(push.outputs))
        ]
        result = rebuild(push.output, jacobians)
        return (result, close(push.aux, own, recording)) if has_aux else result

    return wrapper


def _columns(push: Pushforward, number: int) -> list[Any]:
    """The Jacobian of each output by one of the variables."""
    variable = push.own[number]
    found: list[Any] = [None] * len(push.outputs)
    if variable.numel():
        tangents: list[Any] = [None] * len(push.own)
        tangents[number] = _basis(variable)
        found = push.columns(tangents, retain=True, batched=True)
    results = []
    for columns, output in zip(found, push.outputs, strict=True):
        shape = (*output.shape, *variable.shape)
        if columns is None:
            results.append(output.new_zeros(shape))
        else:
            results.append(columns.movedim(0, -1).reshape(shape))
    return results


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the second derivatives of ``func``: ``jacrev`` twice.

    >>> import gpugrad
    >>> from gpugrad.func import hessian
    >>> hessian(lambda x: (x**3).sum())(gpugrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)
