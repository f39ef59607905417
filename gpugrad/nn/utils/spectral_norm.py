"""Spectral normalization by a hook, as older programs have it."""

from __future__ import annotations

from typing import Any

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from ..functional.normalization import normalize
from ..module import Module
from ..parameter import Parameter
from .computing_hooks import key_of
from .parametrizations import as_matrix, output_dim


class SpectralNorm:
    """The hook that computes ``name`` from ``name_orig`` before each call.

    ``name_u`` and ``name_v``, buffers of the module, are the singular vectors found so far.
    """

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        weight = getattr(module, self.name + "_orig")
        u, v = (getattr(module, self.name + end) for end in ("_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
        # Copies, since the next call in training changes both before this gradient is computed.
        result: Tensor = weight / u.clone().dot(matrix.mv(v.clone()))
        return result

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value before each call of the module.

    The parameter becomes ``weight_orig``; see :func:`gpugrad.nn.utils.parametrizations.
    spectral_norm` for the arguments.

    Raises:
        RuntimeError: the weight has been normalized already.

    >>> import gpugrad
    >>> layer = gpugrad.nn.utils.spectral_norm(gpugrad.nn.Linear(20, 40))
    >>> layer.weight_u.shape
    torch.Size([40])
    """
    if key_of(module, SpectralNorm, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, output_dim(module) if dim is None else dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    matrix = as_matrix(weight.detach(), hook.dim)
    u, v = (normalize(matrix.new_empty(n).normal_(0, 1), dim=0, eps=eps) for n in matrix.shape)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    # Until the first call: not the parameter itself, which would be registered under this name.
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight an ordinary parameter again, of its present values.

    Raises:
        ValueError: it is not normalized by :func:`spectral_norm`.
    """
    key = key_of(module, SpectralNorm, name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook: Any = module._ensure_hooks().forward_pre.pop(key).function
    weight = hook.compute_weight(module, do_power_iteration=False).detach()
    for end in ("", "_u", "_v", "_orig"):
        delattr(module, name + end)
    module.register_parameter(name, Parameter(weight))
    return module
