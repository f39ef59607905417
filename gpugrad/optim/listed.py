"""The base of optimizers whose update is one step of the backend over lists of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..creation import tensor, zeros_like
from ..tensor import Tensor
from .buckets import Group, Plan
from .optimizer import NO_SCALING, Optimizer, gradients, mark_changed, step_dtype


class ListedOptimizer(Optimizer):
    """An optimizer that remembers the same things of every parameter.

    A subclass says what these are and which step of the backend works on them.
    """

    _step_supports_amp_scaling = True
    _counts_steps: ClassVar[bool] = True
    _wide_lr: ClassVar[bool] = True

    _backend_step: ClassVar[str]
    """The name of the backend's step; see :func:`gpugrad.backend.step_parts.scalable`."""
    _like_params: ClassVar[tuple[str, ...]]
    """State that is like the parameter, in the order in which the backend's step wants it."""
    _beside_step: ClassVar[tuple[str, ...]] = ()
    """State of one element, which parameters share that share their step count."""

    def _options(self, group: Group) -> dict[str, Any]:
        """The named arguments of the backend's step."""
        raise NotImplementedError

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        for name in self._like_params:
            state[name] = zeros_like(p, requires_grad=False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        scaled = self.grad_scale is not None or self.found_inf is not None
        for group, bucket, params, arrays in self._work():
            scaling = self._scaling(arrays[0]) if scaled else NO_SCALING
            states = [self.state[p] for p in params]
            step = getattr(bucket.backend, self._backend_step)
            step(
                arrays,
                gradients(params),
                [[s[name].array for s in states] for name in self._like_params],
                bucket.lr.array,
                [states[0][name].array for name in ("step", *self._beside_step)],
                bucket.scratch,
                **self._options(group),
                **scaling,
            )
            mark_changed(params, scaling)
        return loss

    def _plan(self, index: int, params: list[Tensor]) -> Plan:
        plan = super()._plan(index, params)
        for bucket in plan.buckets:
            positions = range(len(params)) if bucket.positions is None else bucket.positions
            states = [self.state[params[i]] for i in positions]
            for name in self._beside_step:
                own = states[0][name].clone()  # others may go on sharing what there was
                own.array = bucket.backend.asarray(own.array)
                for state in states:
                    state[name] = own
        return plan

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._beside_step:
            self._part_counts()

    def _part_counts(self) -> None:
        """Let parameters share a step count only if they agree in what goes with it."""
        shared: dict[Any, tuple[Tensor, Tensor]] = {}
        for p, state in self.state.items():
            if not (isinstance(p, Tensor) and "step" in state):
                continue
            for name in self._beside_step:
                if not isinstance(state[name], Tensor):  # old files hold plain numbers
                    state[name] = tensor(float(state[name]), dtype=step_dtype(), device=p.device)
            step = state["step"]
            key = (id(step), *(float(state[name]) for name in self._beside_step))
            _, state["step"] = shared.setdefault(key, (step, step.clone()))
