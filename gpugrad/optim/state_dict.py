"""Saving and loading what an optimizer remembers, in PyTorch's layout."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..autograd.hooks import RemovableHandle
from ..creation import tensor
from ..dtypes import float32
from ..tensor import Tensor
from .hooks import Hook, HookTables, add_hook

if TYPE_CHECKING:
    from .buckets import Group

StateDict = dict[str, Any]


class StateDicts:
    """The part of :class:`Optimizer` that turns it into a dictionary and back."""

    defaults: dict[str, Any]
    param_groups: list[Group]
    state: defaultdict[Any, dict[str, Any]]

    def _forget_plans(self) -> None:
        """Drop what was derived from the groups and the state."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_plans()
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def state_dict(self) -> StateDict:
        """What is needed to go on from here after :meth:`load_state_dict`.

        Returns:
            A dictionary with two entries. ``"param_groups"``: the groups with their options,
            where ``"params"`` holds numbers instead of tensors. ``"state"``: for each of these
            numbers what is remembered of the parameter; the tensors are not copied, but for
            counts that parameters have in common.

        >>> import gpugrad
        >>> w = gpugrad.ones(2, requires_grad=True)
        >>> optimizer = gpugrad.optim.SGD([w], lr=0.1, momentum=0.9)
        >>> w.sum().backward()
        >>> optimizer.step()
        >>> optimizer.state_dict()["state"]
        {0: {'momentum_buffer': tensor([1., 1.])}}
        """
        for hook in self._save_hooks.before.values():
            hook(self)
        numbers: dict[int, int] = {}
        for p in chain.from_iterable(group["params"] for group in self.param_groups):
            numbers.setdefault(id(p), len(numbers))
        seen: set[int] = set()
        result: StateDict = {
            "state": {
                (numbers[id(key)] if isinstance(key, Tensor) else key): _apart(value, seen)
                for key, value in self.state.items()
            },
            "param_groups": [
                {
                    **{key: value for key, value in group.items() if key != "params"},
                    "params": [numbers[id(p)] for p in group["params"]],
                }
                for group in self.param_groups
            ],
        }
        for hook in self._save_hooks.after.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Go on from where ``state_dict`` was made, with its options and its state.

        Tensors are copied, to the device of their parameter and, except for step counts, in its
        dtype. The groups must have as many parameters as those saved, in the same order; names
        are not compared.

        Raises:
            ValueError: the number of groups, or of parameters in a group, differs.
        """
        state_dict = state_dict.copy()
        for hook in self._load_hooks.before.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        saved = [
            {key: value if key == "params" else copy.deepcopy(value) for key, value in g.items()}
            for g in state_dict["param_groups"]
        ]
        if len(self.param_groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for group, new in zip(self.param_groups, saved, strict=True):
            if len(group["params"]) != len(new["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    "optimizer's group"
                )
        owners: dict[Any, tuple[int, Tensor]] = {}
        for i, (group, new) in enumerate(zip(self.param_groups, saved, strict=True)):
            for number, p in zip(new["params"], group["params"], strict=True):
                owners[number] = (i, p)
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        steps: dict[Any, Tensor] = {}
        for number, value in state_dict["state"].items():
            if number not in owners:
                state[number] = value
                continue
            i, p = owners[number]
            state[p] = _moved(value, p)
            if "step" in state[p]:
                # Equal counts become one again, so that the parameters are updated together.
                key = (i, p.device, p.dtype, float(state[p]["step"]))
                state[p]["step"] = steps.setdefault(key, _count(state[p]["step"], p))
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._load_hooks.after.values():
            hook(self)

    # --- hooks ----------------------------------------------------------------------------------

    @cached_property
    def _save_hooks(self) -> HookTables:
        return HookTables()

    @cached_property
    def _load_hooks(self) -> HookTables:
        return HookTables()

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before :meth:`state_dict`; returns a handle to remove it."""
        return add_hook(self._save_hooks.before, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after :meth:`state_dict`, which returns what the
        hook returns unless that is None; returns a handle to remove it.
        """
        return add_hook(self._save_hooks.after, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before :meth:`load_state_dict`, which loads what
        the hook returns unless that is None; returns a handle to remove it.
        """
        return add_hook(self._load_hooks.before, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after :meth:`load_state_dict`; returns a handle to remove it."""
        return add_hook(self._load_hooks.after, hook, prepend)


def _apart(value: Any, seen: set[int]) -> Any:
    """A parameter's state, without the tensors that another parameter's has too.

    Whoever counts in place, as PyTorch does, would count such a one several times.
    """
    if not isinstance(value, dict):
        return value
    shared = {k for k, v in value.items() if isinstance(v, Tensor) and id(v) in seen}
    seen.update(id(v) for v in value.values() if isinstance(v, Tensor))
    if not shared:
        return value
    return {k: v.clone() if k in shared else v for k, v in value.items()}


def _moved(value: Any, p: Tensor, key: object = None) -> Any:
    """A copy of saved state on the device of ``p`` and in its dtype."""
    if isinstance(value, Tensor):
        if key != "step" and p.is_floating_point():
            return value.detach().to(device=p.device, dtype=p.dtype).clone()
        return value.detach().to(device=p.device).clone()
    if isinstance(value, dict):
        return {k: _moved(v, p, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_moved(v, p) for v in value)  # type: ignore[call-arg]
    return value


def _count(step: Any, p: Tensor) -> Tensor:
    """A step count as a 0-d tensor beside its parameter; old files hold plain numbers."""
    if isinstance(step, Tensor):
        return step
    found: Tensor = tensor(float(step), dtype=float32, device=p.device)
    return found
