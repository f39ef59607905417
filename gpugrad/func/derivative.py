"""Derivatives of functions: ``grad``, products with the Jacobian from either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.engine import TensorBase
from ..autograd.grad_mode import enable_grad, is_grad_enabled
from .transform import (
    Argnums,
    close,
    depends_beyond,
    pick,
    products,
    split_aux,
    tensors_of,
    variables,
)
from .tree import described, flatten, rebuild


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of ``func`` together with its value.

    Args:
        func: returns a scalar tensor, or with ``has_aux`` a pair of that and anything else.
        argnums: the position of the argument to differentiate by, or a tuple of positions.
        has_aux: whether ``func`` returns something else besides.

    Returns:
        A function of the same arguments, returning ``(gradient, value)``, or
        ``(gradient, (value, aux))``. The gradient has the form of the argument.

    Raises:
        RuntimeError: if ``func`` does not return a scalar tensor, or for a wrong position.
        ValueError: if the argument is, or holds, something that is no tensor.

    >>> import gpugrad
    >>> from gpugrad.func import grad_and_value
    >>> grad_and_value(lambda x: (x**2).sum())(gpugrad.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """
    name = "grad_and_value(f)(*args)"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with enable_grad():
            chosen, given = pick(args, argnums)
            output, aux = split_aux(func(*given, **kwargs), has_aux, name)
            if not isinstance(output, TensorBase):
                raise RuntimeError(
                    f"{name}: Expected f(*args) to return a Tensor, got {type(output)}"
                )
            if output.dim():
                raise RuntimeError(
                    f"{name}: Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            own = flatten(chosen)
            beyond = recording and depends_beyond([output], own)
            found = products([output], own, None, create_graph=beyond)
            filled = [
                v.new_zeros(v.shape) if g is None else g for g, v in zip(found, own, strict=True)
            ]
            gradient = close(rebuild(chosen, filled), own, recording)
        value = close(output, own, recording)
        return gradient, ((value, close(aux, own, recording)) if has_aux else value)

    return wrapper


def grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of ``func``; arguments as for :func:`grad_and_value`.

    With ``has_aux`` it returns ``(gradient, aux)``.

    >>> import gpugrad
    >>> from gpugrad.func import grad
    >>> cube = lambda x: x**3
    >>> grad(cube)(gpugrad.tensor(2.0)), grad(grad(cube))(gpugrad.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)``, and the function that multiplies row vectors with its Jacobian.

    Args:
        func: returns a tensor or a tree of tensors, with ``has_aux`` a pair of that and anything.
        primals: its arguments, trees of tensors.

    Returns:
        ``(output, vjp_fn)`` or ``(output, vjp_fn, aux)``. ``vjp_fn(cotangents)`` takes what has
        the form of the output and returns a tuple with one tree for each of ``primals``; it may be
        called several times.

    >>> import gpugrad
    >>> from gpugrad.func import vjp
    >>> output, back = vjp(lambda x, y: x * y, gpugrad.tensor([1.0, 2.0]), gpugrad.tensor(3.0))
    >>> back(gpugrad.tensor([1.0, 1.0]))
    (tensor([3., 3.]), tensor(3.))
    """
    recording = is_grad_enabled()
    with enable_grad():
        chosen = variables(primals)
        output, aux = split_aux(func(*chosen), has_aux, "vjp(f, *primals)")
        outputs = tensors_of(output, "vjp(f, *primals)")
    own = flatten(chosen)
    beyond = depends_beyond(outputs, own)

    def vjp_fn(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> tuple[Any, ...]:
        if described(cotangents) != described(output):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {described(cotangents)}, primal output: "
                f"{described(output)}"
            )
        weights = flatten(cotangents)
        records = is_grad_enabled() if create_graph is None else create_graph
        create = records and (beyond or any(w.requires_grad for w in weights))
        with enable_grad():
            found = products(outputs, own, weights, create, retain_graph)
            filled = [
                v.new_zeros(v.shape) if g is None else g for g, v in zip(found, own, strict=True)
            ]
            return tuple(close(rebuild(chosen, filled), own, records))

    closed = close(output, own, recording)
    return (closed, vjp_fn, close(aux, own, recording)) if has_aux else (closed, vjp_fn)


class Pushforward:
    """``func`` at a point, ready to be multiplied with column vectors.

    ``u @ J`` is computed once as a function of ``u``. It is linear in u, and its derivative by u in
    the direction of a tangent is ``J @ tangent``.
    """

    def __init__(self, func: Callable[..., Any], chosen: Any, given: Any, aux: bool, name: str):
        with enable_grad():
            self.output, self.aux = split_aux(func(*given), aux, name)
            self.outputs = tensors_of(self.output, name)
            self.own = flatten(chosen)
            self.beyond = depends_beyond(self.outputs, self.own)
            self.dummies = [o.new_zeros(o.shape).requires_grad_() for o in self.outputs]
            self.rows = products(self.outputs, self.own, self.dummies, create_graph=True)

    def columns(self, tangents: Sequence[Any], retain: bool, batched: bool = False) -> list[Any]:
        """``J @ tangent`` for each output, None where it does not depend on the arguments.

        With ``batched``, the tangents have a leading dimension of which each row is one.
        """
        pairs = [
            (row, tangent)
            for row, tangent in zip(self.rows, tangents, strict=True)
            if row is not None and row.requires_grad and tangent is not None
        ]
        create = is_grad_enabled() and (self.beyond or any(t.requires_grad for _, t in pairs))
        with enable_grad():
            return products(
                [row for row, _ in pairs],
                self.dummies,
                [tangent for _, tangent in pairs],
                create,
                retain,
                batched,
            )

    def product(self, tangents: Sequence[Any], retain: bool) -> Any:
        """``J @ tangent`` in the form of the output."""
        for own, tangent in zip(self.own, tangents, strict=True):
            if own.shape != tangent.shape:
                raise RuntimeError(
                    "Trying to set a forward gradient that has a different size than that of the "
                    f"original Tensor, this is not supported. Tensor is of size {list(own.shape)} "
                    f"while the given forward gradient is of size {list(tangent.shape)}."
                )
        recording = is_grad_enabled()
        found = self.columns(tangents, retain)
        filled = [
            o.new_zeros(o.shape) if c is None else c
            for c, o in zip(found, self.outputs, strict=True)
        ]
        return close(rebuild(self.output, filled), [*self.own, *self.dummies], recording)


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """``func(*primals)``, and its Jacobian times a column vector.

    Args:
        func: returns a tensor or a tree of tensors, with ``has_aux`` a pair of that and anything.
        primals: its arguments.
        tangents: one direction for each, of the same form and shapes.
        strict: accepted; an output that does not depend on the arguments has the derivative 0.

    Returns:
        ``(output, J @ tangents)`` or ``(output, J @ tangents, aux)``.

    It costs two backward passes: see :class:`Pushforward`.

    >>> import gpugrad
    >>> from gpugrad.func import jvp
    >>> jvp(lambda x: x**2, (gpugrad.tensor([1.0, 2.0]),), (gpugrad.tensor([1.0, 0.0]),))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    name = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if described(primals) != described(tangents):
        raise RuntimeError(
            f"{name}: Expected primals and tangents to have the same python structure. For "
            "example, if primals is a tuple of 3 tensors, tangents also must be. Got primals with "
            f"structure {described(primals)} and tangents with structure {described(tangents)}"
        )
    recording = is_grad_enabled()
    with enable_grad():
        chosen = variables(primals)
    push = Pushforward(func, chosen, chosen, has_aux, name)
    product = push.product(flatten(tangents), retain=False)
    output = close(push.output, push.own, recording)
    return (output, product, close(push.aux, push.own, recording)) if has_aux else (output, product)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)``, and the function that multiplies its Jacobian with column vectors.

    >>> import gpugrad
    >>> from gpugrad.func import linearize
    >>> output, push = linearize(gpugrad.sin, gpugrad.tensor([0.0, 1.0]))
    >>> push(gpugrad.tensor([1.0, 1.0]))
    tensor([1.0000, 0.5403])
    """
    recording = is_grad_enabled()
    with enable_grad():
        chosen = variables(primals)
    push = Pushforward(func, chosen, chosen, False, "linearize")

    def jvp_fn(*tangents: Any) -> Any:
        if described(tangents) != described(primals):
            raise RuntimeError(
                f"Expected the tangents to have the structure of the primals, {described(primals)},"
                f" got {described(tangents)}"
            )
        return push.product(flatten(tangents), retain=True)

    return close(push.output, push.own, recording), jvp_fn
