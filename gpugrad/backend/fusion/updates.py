"""Parameters updated by hand, ``p -= rate * grad``: all of them by one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..noted_steps import Ref, Step
from .clusters import Clusters
from .flow import Flow, alike, plain

NUMBERS = (int, float, np.floating)
NO_EXTRAS = {
    "momentum": 0.0,
    "dampening": 0.0,
    "weight_decay": 0.0,
    "nesterov": False,
    "maximize": False,
}


class Update(NamedTuple):
    """``param -= rate * grad``, and the numbers of the two steps that do it."""

    param: Ref
    grad: Ref
    rate: float
    product: int
    difference: int


def updates(flow: Flow, backend: Any) -> list[Step]:
    """One optimizer step for several updates of parameters of one type by one rate."""
    found = [u for n, step in enumerate(flow.steps) if (u := _update(flow, n, step)) is not None]
    if len(found) < 2:
        return flow.steps
    clusters = Clusters(flow)
    groups: dict[Any, list[list[Update]]] = {}
    for update in found:
        if not clusters.merge(clusters.of[update.difference], clusters.of[update.product]):
            continue
        kind = update.param.dtype, update.rate, backend.device(update.param.array)
        for group in groups.setdefault(kind, []):
            own, other = (clusters.of[u.difference] for u in (update, group[0]))
            if _apart(flow, update, group) and clusters.merge(other, own):
                group.append(update)
                break
        else:
            groups[kind].append([update])
    instead = {
        clusters.of[group[0].difference]: [_step(flow, backend, group)]
        for several in groups.values()
        for group in several
        if len(group) > 1
    }
    return clusters.ordered(instead) if instead else flow.steps


def _update(flow: Flow, number: int, step: Step) -> Update | None:
    if step.name != "sub" or not plain(step) or not alike(*step.args, *step.results):
        return None
    (param, change), (result,) = step.args, step.results
    dtype = param.dtype
    if not result.root.external or flow.place(param) != flow.place(result):
        return None
    if dtype.kind not in "fV" or (product := flow.made_by(change, "mul")) is None:
        return None
    if flow.read_by(change) != [number] or not plain(flow.steps[product]):
        return None
    for grad, rate in (flow.steps[product].args, flow.steps[product].args[::-1]):
        if isinstance(grad, Ref) and isinstance(rate, NUMBERS) and type(rate) is not bool:
            # As a kernel takes a number: in the type of the array.
            rate = float(dtype.type(rate))
            if alike(param, grad) and flow.region(param.root) != flow.region(grad.root):
                return Update(param, grad, rate, product, number)
    return None


def _apart(flow: Flow, update: Update, group: Sequence[Update]) -> bool:
    """Whether an update neither writes nor reads what others write."""
    params = {flow.region(u.param.root) for u in group}
    grads = {flow.region(u.grad.root) for u in group}
    mine, given = (flow.region(r.root) for r in (update.param, update.grad))
    return mine not in params and mine not in grads and given not in params


def _step(flow: Flow, backend: Any, group: Sequence[Update]) -> Step:
    params = [u.param.array for u in group]
    with backend.on(backend.device(params[0])):
        scratch = backend.step_scratch(params)
        scratch.pointers([params])  # now: a graph must not copy them to the device
        rate = backend.full((), group[0].rate, scratch.dtype)
    return Step(
        name="sgd_step",
        function=backend.sgd_step,
        args=[[u.param for u in group], [u.grad for u in group], [], rate, scratch],
        kwargs=dict(NO_EXTRAS),
        results=[],
        several=False,
        effect=False,
        place=flow.steps[group[-1].difference].place,
        also_written=[u.param for u in group],
    )
