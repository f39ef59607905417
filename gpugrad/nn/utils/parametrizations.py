"""Ready-made parametrizations: weight and spectral normalization, orthogonal weights."""

from __future__ import annotations

from typing import Any

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from ..conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..functional.normalization import normalize
from ..module import Module
from .orthogonal import orthogonal as orthogonal
from .parametrize import register_parametrization


def norm_except_dim(tensor: Tensor, dim: int) -> Tensor:
    """The norms over all dimensions but ``dim``, which all stay; the norm of all for -1."""
    if dim == -1:
        whole: Tensor = tensor.norm()
        return whole
    dims = tuple(d for d in range(tensor.dim()) if d != dim)
    norms: Tensor = tensor.norm(2, dims, True) if dims else tensor.abs()
    return norms


class _WeightNorm(Module):
    """g · v / ‖v‖ for originals g and v."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        weight: Tensor = weight_v * (weight_g / norm_except_dim(weight_v, self.dim))
        return weight

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train length and direction of a weight apart: w = g · v / ‖v‖.

    Salimans and Kingma, "Weight Normalization", 2016. g is ``parametrizations.weight.original0``
    and v is ``original1``.

    Args:
        dim: each slice along this dimension has a length of its own; None for one of all.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.parametrizations import weight_norm
    >>> layer = weight_norm(gpugrad.nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape
    torch.Size([40, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(module: Module, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take the names of the older weight_norm, too."""
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state for key in old):
            for number, key in enumerate(old):
                state[f"{prefix}parametrizations.{name}.original{number}"] = state.pop(key)

    module.register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    """W divided by an estimate of its largest singular value, by power iteration."""

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        count = weight.dim()
        if not -count <= dim < count:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{count}, {count - 1}] but "
                f"got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % count
        self.eps = eps
        if count > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            for key, size in zip(("_u", "_v"), matrix.shape, strict=True):
                start = matrix.new_empty(size).normal_(0, 1)
                self.register_buffer(key, normalize(start, dim=0, eps=eps).detach())
            self._improve(matrix, 15)

    def _improve(self, matrix: Tensor, steps: int) -> None:
        with no_grad():
            for _ in range(steps):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._improve(matrix, self.n_power_iterations)
        # Copies, since the next time in training changes both before this gradient is computed.
        u, v = self._u.clone(), self._v.clone()
        result: Tensor = weight / u.dot(matrix.mv(v))
        return result

    def right_inverse(self, value: Tensor) -> Tensor:
        # Divided by its largest singular value, which may be 1 already.
        return value


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """``weight`` with ``dim`` as its rows and all other dimensions as its columns."""
    if dim:
        weight = weight.permute(dim, *(d for d in range(weight.dim()) if d != dim))
    matrix: Tensor = weight.flatten(1)
    return matrix


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, estimated anew in each training step.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    Args:
        n_power_iterations: steps of power iteration each time the weight is read in training.
        eps: least length of the vectors.
        dim: the dimension of the outputs: 1 for transposed convolutions and else 0 by default.

    Raises:
        ValueError: no such tensor, or ``n_power_iterations`` is not positive.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.parametrizations import spectral_norm
    >>> layer = spectral_norm(gpugrad.nn.Linear(3, 2))
    >>> bool((gpugrad.linalg.matrix_norm(layer.weight, 2) - 1).abs() < 0.1)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = output_dim(module)
    parametrization = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, parametrization)


def output_dim(module: Module) -> int:
    """Which dimension of a layer's weight counts the outputs."""
    return int(isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)))
