"""A sum with a bias and the activation function after it: one kernel each way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ..noted_steps import Ref, Step
from ..pairs import KEEP_OUTPUT
from .flow import Flow, alike, contiguous, plain

Edits = dict[int, list[Step]]


class Sum(NamedTuple):
    """A sum with a bias, of which only the other operand is still computed.

    Attributes:
        number: of the step.
        x: the other operand.
        bias: one number for each column.
        steps: what takes the place of the step.
    """

    number: int
    x: Ref
    bias: Ref
    steps: list[Step]


def activations(flow: Flow, backend: Any) -> list[Step]:
    """``activation(x + bias)`` by one kernel, where nobody else wants the sum.

    The gradient of gelu does, and gets ``x`` and ``bias`` instead.
    """
    edits: Edits = {}
    for number, step in enumerate(flow.steps):
        activation = _activation(step)
        if activation is None:
            continue
        found = _sum(flow, step.args[0])
        if found is None or found.number in edits:
            continue
        others = _gradients(flow, found, number, activation)
        if others is None:
            continue
        last = max([number, *others])
        if not all(flow.unchanged(ref, found.number, last) for ref in (found.x, found.bias)):
            continue
        edits[found.number] = found.steps
        edits[number] = [
            replace(
                step,
                name="bias_activation",
                function=backend.bias_activation,
                args=[found.x, found.bias, activation],
            )
        ]
        for other in others:
            args = [found.x, found.bias, flow.steps[other].args[1], activation, (True, False)]
            edits[other] = [_gradient(flow.steps[other], backend, args)]
    return flow.edited(edits)


def _activation(step: Step) -> str | None:
    """The name by which the fused primitives know the function that a step computes."""
    if not plain(step) or not step.args or not alike(step.args[0], *step.results):
        return None
    if step.name in KEEP_OUTPUT and len(step.args) == 1:
        return step.name
    if step.name == "gelu" and len(step.args) == 2:
        return "gelu_tanh" if step.args[1] == "tanh" else "gelu"
    return None


def _sum(flow: Flow, total: Ref) -> Sum | None:
    """How a sum with a bias was computed, if it was one."""
    number = flow.maker(total)
    if number is None or not plain(step := flow.steps[number]):
        return None
    if step.name == "linear" and _is_bias(step.args[2], total):
        return Sum(number, total, step.args[2], [replace(step, args=[*step.args[:2], None])])
    if step.name == "add" and len(total.shape) > 1 and len(step.args) == 2:
        for x, bias in (step.args, step.args[::-1]):
            if isinstance(x, Ref) and alike(total, x) and _is_bias(bias, total):
                return Sum(number, x, bias, [])
    return None


def _is_bias(bias: Any, total: Ref) -> bool:
    return (
        isinstance(bias, Ref)
        and bias.shape == total.shape[-1:]
        and bias.dtype == total.dtype
        and contiguous(bias)
    )


def _gradients(flow: Flow, found: Sum, number: int, activation: str) -> list[int] | None:
    """The steps besides an activation that read its operand; None if they cannot do without."""
    total = flow.steps[number].args[0]
    readers = flow.read_by(total)
    if readers is None:
        return None
    others = [n for n in readers if n != number]
    if others and activation in KEEP_OUTPUT:
        return None
    for n in others:
        step = flow.steps[n]
        fits = step.name == "gelu_grad" and plain(step) and alike(total, *step.args[:2])
        if not fits or step.args[2] != flow.steps[number].args[1]:
            return None
        if flow.place(step.args[1]) == flow.place(total):
            return None
    return others


def bias_gradients(flow: Flow, backend: Any) -> list[Step]:
    """The gradient of an activation and its sums over columns, the bias's gradient, by one kernel.

    16-bit numbers are added up before they are rounded.
    """
    edits: Edits = {}
    for number, step in enumerate(flow.steps):
        if not _is_column_sum(step) or not flow.starts_with(step.results[0], number):
            continue
        grad = step.args[0]
        maker = flow.maker(grad)
        if maker is None or maker in edits:
            continue
        args = _arguments(flow.steps[maker])
        (in_x,) = flow.steps[maker].results[:1]
        if args is None or in_x.shape[-1:] != grad.shape[-1:] or len(in_x.shape) < 2:
            continue
        results = [in_x, *step.results]
        edits[maker] = [_gradient(flow.steps[maker], backend, args, results)]
        edits[number] = []
    return flow.edited(edits)


def _is_column_sum(step: Step) -> bool:
    if not plain(step) or not contiguous(step.results[0]) or not isinstance(step.args[0], Ref):
        return False
    x, *rest = step.args
    if x.dtype != step.results[0].dtype or not contiguous(x):
        return False
    if step.name == "column_sum":
        return True
    rows = tuple(range(len(x.shape) - 1))
    return (
        step.name == "sum"
        and len(step.results[0].shape) == 1
        and bool(rest)
        and rest[0] in ((rows, 0) if len(rows) == 1 else (rows,))
    )


def _arguments(step: Step) -> list[Any] | None:
    """Those of the fused gradient, for a step that computes it in ``x`` alone."""
    if step.name == "bias_activation_grad":
        return [*step.args[:4], (True, True)] if step.args[4] == (True, False) else None
    activation = step.name.removesuffix("_grad")
    if activation == step.name or activation not in KEEP_OUTPUT or not plain(step):
        return None
    y, grad = step.args
    return [y, None, grad, activation, (True, True)] if alike(y, grad, *step.results) else None


def _gradient(step: Step, backend: Any, args: list[Any], results: list[Ref] | None = None) -> Step:
    found = step.results if results is None else results
    return replace(
        step,
        name="bias_activation_grad",
        function=backend.bias_activation_grad,
        args=args,
        kwargs={},
        results=found,
        several=True,
        missing=[1] if len(found) == 1 else [],
    )
