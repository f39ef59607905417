"""The base class of optimizers: construction, gradients, and what there is to update in a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, ClassVar

from ..autograd.grad_mode import enable_grad
from ..backend import backend_of, recording
from ..backend.primitives import Array
from ..creation import zeros
from ..dtypes import float32, float64, get_default_dtype
from ..tensor import Tensor
from .buckets import Bucket, Group, LearningRate, Plan, make_plan
from .hooks import StepHooks, with_hooks
from .hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from .hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from .hyperparameters import Option, Variation, take_for_granted, with_options_for_granted
from .param_groups import ParamGroups, type_name
from .param_groups import required as required
from .state_dict import StateDicts

Params = Iterable[Any]
"""Tensors, pairs of name and tensor, or dictionaries with ``"params"`` and options."""


class Optimizer(ParamGroups, StateDicts, StepHooks):
    """Base class of all optimizers.

    An optimizer of your own calls ``super().__init__(params, defaults)`` and defines
    :meth:`step`, which reads ``param_groups`` and keeps what it remembers in ``state[p]``.

    Args:
        params: an iterable of tensors, of pairs (name, tensor), or of dictionaries, each with
            its tensors under ``"params"`` and options that differ from the defaults.
        defaults: the options and their default values.

    Attributes:
        param_groups: list of dictionaries: ``"params"`` and a value for each option. Options may
            be changed at any time: ``optimizer.param_groups[0]["lr"] = 0.01``.
        state: for each parameter, a dictionary of what the optimizer remembers.

    Raises:
        TypeError: ``params`` is a tensor, a set, or holds something that is no tensor.
        ValueError: no parameters, a non-leaf tensor, a parameter in two groups, names for some
            parameters only.

    >>> import gpugrad
    >>> w = gpugrad.ones(2, requires_grad=True)
    >>> optimizer = gpugrad.optim.SGD([w], lr=0.1)
    >>> (3 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.7000, 0.7000], requires_grad=True)
    """

    _counts_steps: ClassVar[bool] = False
    """Whether ``state[p]["step"]`` counts a parameter's updates."""
    _wide_lr: ClassVar[bool] = False
    """Whether the update wants the learning rate in float64 for parameters of any type."""

    _numbers: ClassVar[tuple[Option, ...]] = ()
    """The options that recorded steps can read from memory, in the order in which the backend's
    step takes them."""

    _recorded_step: ClassVar[Any]
    """The update of a parameter with ``differentiable=True``, one of ``tensor_steps``."""

    _step_supports_amp_scaling: bool = False
    """Whether :meth:`step` itself heeds ``grad_scale`` and ``found_inf``, without waiting for them;
    see :class:`gpugrad.amp.GradScaler`."""

    grad_scale: Tensor | None = None
    """If given, gradients are divided by it, in place, before the update."""
    found_inf: Tensor | None = None
    """If given and not 0, :meth:`step` changes nothing."""

    _opt_called: bool = False

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                "dicts, but got " + type_name(params)
            )
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._forget_plans()
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None:
            own = cls.__module__.startswith(__package__ + ".")
            cls.step = with_hooks(step if own else with_options_for_granted(step))  # type: ignore[method-assign]

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            text += f"\nParameter Group {i}\n" + "".join(options)
        return text + ")"

    def _forget_plans(self) -> None:
        self._plans: dict[int, Plan] = {}
        self._rates: dict[int, dict[Any, LearningRate]] = {}
        self._variations: dict[int, Variation] = {}

    # --- stepping -------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or with ``set_to_none=False`` fill them with zeros.

        A parameter whose gradient is None is left alone by :meth:`step`; one whose gradient is
        zero is updated by momentum and weight decay.
        """
        for p in chain.from_iterable(group["params"] for group in self.param_groups):
            if p.gradient is None:
                continue
            if set_to_none:
                p.gradient = None
                continue
            if p.grad.grad_fn is not None:
                p.grad.detach_()
            else:
                p.grad.requires_grad_(False)
            p.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: evaluates the model anew, calls ``backward`` and returns the loss.

        Returns:
            What ``closure`` returned, or None.
        """
        raise NotImplementedError

    @staticmethod
    def _evaluate(closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def _work(self) -> Iterator[tuple[Group, Bucket, list[Tensor], list[Array]]]:
        """What there is to update: (group, bucket, parameters with gradients, their arrays)."""
        for index, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p.gradient is not None]
            if not params:
                if recording.listener is not None:
                    self._note_parameters(group)
                continue
            if group.get("differentiable"):
                self._step_recorded(group, params)
                continue
            arrays = [p.array for p in params]
            state = self.state
            steps = [state[p].get("step") for p in params] if self._counts_steps else []
            plan = self._plans.get(index)
            if plan is None or not plan.fits(arrays, steps):
                plan = self._plans[index] = self._plan(index, params)
                arrays = plan.arrays
            recorder = recording.current()
            recorded = None
            if recorder is not None and recorder.for_replays:
                recorded = self._recorded_groups(recorder, index, plan)
            for bucket in plan.buckets:
                if bucket.lr.seen is not group["lr"]:
                    with recording.unnoted():
                        bucket.lr.follow(group["lr"])
                given = group if recorded is None else next(recorded)
                if bucket.positions is None:
                    yield given, bucket, params, arrays
                else:
                    some = [params[i] for i in bucket.positions]
                    yield given, bucket, some, [arrays[i] for i in bucket.positions]

    def _step_recorded(self, group: Group, params: list[Tensor]) -> None:
        """Update by tensor operations, which autograd records; see ``tensor_steps``."""
        recorder = recording.current()
        if recorder is not None and recorder.for_replays:
            take_for_granted(recorder, group)
        with enable_grad():
            for p in params:
                state = self.state.get(p, {})
                if not state and self._counts_steps:
                    state["step"] = zeros((), dtype=step_dtype(), device=p.device)
                    self._init_state(group, p, state)
                self._recorded_step(group, p, p.grad, state)
                if state:
                    self.state[p] = state

    def _scaling(self, array: Array) -> dict[str, Array]:
        """The arguments of a backend's step that stand for ``grad_scale`` and ``found_inf``."""
        given = {"grad_scale": self.grad_scale, "found_inf": self.found_inf}
        device = backend_of(array).device(array)
        return {
            name: tensor.detach().to(device=device, dtype=float32).array.reshape(())
            for name, tensor in given.items()
            if tensor is not None
        }

    def _recorded_groups(
        self, recorder: recording.Recorder, index: int, plan: Plan
    ) -> Iterator[Group]:
        """Tell a recorder what its recording of a step depends on, and what changes.

        Returns:
            For each of the plan's buckets, the group with the options that its step is given.
        """
        group = self.param_groups[index]
        recorder.require("{}.state is {}", self, self.state)
        self._note_parameters(group)
        return iter(self._variations[index].record(recorder, group, plan))

    def _note_parameters(self, group: Group) -> None:
        """Tell a recorder which parameters a step is for, with their gradients or without."""
        recorder = recording.current()
        if recorder is not None and recorder.for_replays:
            recorder.require("len({}.param_groups) == {}", self, len(self.param_groups))
            recorder.require("len({}) == {}", group["params"], len(group["params"]))
            recorder.updated += [(p, p.grad) for p in group["params"]]

    def _plan(self, index: int, params: list[Tensor]) -> Plan:
        group = self.param_groups[index]
        if index not in self._variations:
            self._variations[index] = Variation(self._numbers, group)
        states = None
        if self._counts_steps:
            fresh: dict[Any, Tensor] = {}
            for p in params:
                state = self.state[p]
                if not state:
                    key = (p.device, p.dtype)
                    if key not in fresh:
                        fresh[key] = zeros((), dtype=step_dtype(), device=p.device)
                    state["step"] = fresh[key]
                    self._init_state(group, p, state)
            states = [self.state[p] for p in params]
        return make_plan(
            params,
            states,
            iter(self.state.values()),
            self._rates.setdefault(index, {}),
            self._wide_lr,
        )

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        """Add what the optimizer remembers of ``p``, besides the step count, to ``state``."""
        raise NotImplementedError


def step_dtype() -> Any:
    """The dtype of step counts: float32, or float64 where that is the default dtype."""
    return float64 if get_default_dtype() is float64 else float32


NO_SCALING: dict[str, Array] = {}


def gradients(params: list[Tensor]) -> list[Array]:
    """The arrays of the gradients, none of which is None."""
    return [p.gradient.array for p in params]


def mark_changed(params: list[Tensor], scaling: dict[str, Array]) -> None:
    """Count an in-place change of every tensor, so that a later backward notices it."""
    for p in params:
        p.version[0] += 1
    if "grad_scale" in scaling:
        for p in params:
            p.grad.version[0] += 1
