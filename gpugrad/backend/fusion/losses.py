"""The sigmoid and the squared error after it, and their gradient: one kernel each way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..noted_steps import Ref, Step
from .flow import Flow, alike, plain


def sigmoid_losses(flow: Flow, backend: Any) -> list[Step]:
    """``mse(sigmoid(x), y)`` by one kernel, and ``sigmoid_grad(p, mse_grad(p, y, ...))``.

    Where nobody else wants ``p = sigmoid(x)`` it is not stored, and computed again for the
    gradient.
    """
    edits: dict[int, list[Step]] = {}
    for number, step in enumerate(flow.steps):
        if step.name != "mse" or not plain(step) or step.args[2:] not in (["mean"], ["sum"]):
            continue
        p, y, reduction = step.args
        maker = flow.made_by(p, "sigmoid")
        if maker is None or not plain(flow.steps[maker]):
            continue
        (x,) = flow.steps[maker].args
        if not alike(p, x, y) or not flow.unchanged(x, maker, number):
            continue
        readers = flow.readers[flow.region(p.root)]
        if readers[0] != number or flow.place(y) == flow.place(p):
            continue
        gradients = _gradients(flow, p)
        of_gradients = {n for pair in gradients for n in pair}
        last = max((number, *of_gradients))
        keep = (
            flow.outlives(flow.region(p.root))
            or not set(readers) <= {number, *of_gradients}
            or not flow.unchanged(x, maker, last)
        )
        edits[maker] = []
        edits[number] = [
            replace(
                step,
                name="sigmoid_mse",
                function=backend.sigmoid_mse,
                args=[x, y, reduction, keep],
                results=[*step.results, p] if keep else step.results,
                several=True,
                missing=[] if keep else [1],
            )
        ]
        for of_error, of_sigmoid in gradients:
            _, y, grad, scale = flow.steps[of_error].args
            edits[of_error] = []
            edits[of_sigmoid] = [
                replace(
                    flow.steps[of_sigmoid],
                    name="sigmoid_mse_grad",
                    function=backend.sigmoid_mse_grad,
                    args=[p if keep else x, y, grad, scale, (True, False), keep],
                    several=True,
                    missing=[1],
                )
            ]
    return flow.edited(edits)


def _gradients(flow: Flow, p: Ref) -> list[tuple[int, int]]:
    """The steps of the error's gradient and of the sigmoid's after it, where they can be one."""
    found = []
    for number in flow.readers[flow.region(p.root)]:
        step = flow.steps[number]
        if step.name != "sigmoid_grad" or not plain(step):
            continue
        output, grad = step.args
        maker = flow.made_by(grad, "mse_grad")
        if maker is None or not plain(flow.steps[maker]) or flow.read_by(grad) != [number]:
            continue
        x, y, given, _ = flow.steps[maker].args
        if not alike(p, output, x, y, grad) or {flow.place(output), flow.place(x)} != {
            flow.place(p)
        }:
            continue
        shape = isinstance(given, Ref) and given.dtype == p.dtype and given.shape in ((), p.shape)
        if shape and flow.unchanged(y, maker, number) and flow.unchanged(given, maker, number):
            found.append((maker, number))
    return found
