"""Weight normalization by a hook, as older programs have it."""

from __future__ import annotations

import warnings
from typing import Any

from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter
from .computing_hooks import key_of
from .parametrizations import norm_except_dim


class WeightNorm:
    """The hook that computes ``name`` from ``name_g`` and ``name_v`` before each call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        v = getattr(module, self.name + "_v")
        weight: Tensor = v * (getattr(module, self.name + "_g") / norm_except_dim(v, self.dim))
        return weight

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train length and direction of a weight apart: w = g · v / ‖v‖.

    The parameter becomes two: ``weight_g`` and ``weight_v``. Warns: the function of the same name
    in :mod:`gpugrad.nn.utils.parametrizations` is to be used.

    Raises:
        RuntimeError: the weight has been normalized already.

    >>> import gpugrad, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     layer = gpugrad.nn.utils.weight_norm(gpugrad.nn.Linear(20, 40))
    >>> layer.weight_g.shape
    torch.Size([40, 1])
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    if key_of(module, WeightNorm, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name).detach()
    delattr(module, name)
    module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight))
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight an ordinary parameter again, of its present values.

    Raises:
        ValueError: it is not normalized by :func:`weight_norm`.
    """
    key = key_of(module, WeightNorm, name)
    if key is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook: Any = module._ensure_hooks().forward_pre.pop(key).function
    weight = hook.compute_weight(module).detach()
    for part in ("", "_g", "_v"):
        delattr(module, name + part)
    module.register_parameter(name, Parameter(weight))
    return module
