"""Groups of parameters, each with options of its own."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensor import Tensor
from .buckets import Group


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
"""As a default in an optimizer of your own: every group must give this option itself."""


def type_name(value: object) -> str:
    """How error messages name the type of something that should have been a tensor."""
    if isinstance(value, Tensor):
        return str(value.type())
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


class ParamGroups:
    """The part of an optimizer that takes parameters in and checks them."""

    defaults: dict[str, Any]
    param_groups: list[Group]

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with options of its own, for example a thawed layer.

        Args:
            param_group: ``"params"``, a tensor or an iterable of tensors or of pairs
                (name, tensor), and those options that differ from the defaults.

        Raises:
            TypeError, ValueError: as for the optimizer itself.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        given = [given] if isinstance(given, Tensor) else list(given)
        names = [item[0] for item in given if isinstance(item, tuple)]
        params = [item[1] if isinstance(item, tuple) else item for item in given]
        param_group["params"] = params
        if names:
            if len(names) != len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            param_group["param_names"] = names
        for p in params:
            self._check_param(p)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    + name
                )
            param_group.setdefault(name, default)
        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error",
                stacklevel=3,
            )
        self._check_group(param_group)
        self.param_groups.append(param_group)

    def _check_param(self, p: object) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(
                "optimizer can only optimize Tensors, but one of the params is " + type_name(p)
            )
        if not (p.is_leaf or p.retains_grad or self.defaults.get("differentiable")):
            raise ValueError("can't optimize a non-leaf Tensor")

    def _check_group(self, new: Group) -> None:
        """Refuse a group that does not go with the groups that there are."""
        for group in self.param_groups:
            if ("param_names" in new) != ("param_names" in group):
                text = "with names" if "param_names" in new else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {text} to the optimizer"
                )
        present = {id(p) for group in self.param_groups for p in group["params"]}
        if not present.isdisjoint(id(p) for p in new["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
