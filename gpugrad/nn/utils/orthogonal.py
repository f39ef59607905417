"""Weights that stay orthogonal in training."""

from __future__ import annotations

from typing import Any

from ... import linalg
from ...creation import eye, zeros_like
from ...limits import finfo
from ...ops.householder import geqrf
from ...ops.joining import cat
from ...tensor import Tensor
from ..module import Module
from .parametrize import register_parametrization

_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """An orthogonal matrix for any matrix, as ``orthogonal`` describes it."""

    base: Tensor | None

    def __init__(self, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        wide = x.size(-2) < x.size(-1)
        if wide:
            x = x.mT
        rows, columns = x.shape[-2:]
        if self.orthogonal_map == "householder":
            below = x.tril(-1)
            tau = 2.0 / (1.0 + below.square().sum(-2))
            signs = x.detach().diagonal(dim1=-2, dim2=-1).sign()
            q = linalg.householder_product(below, tau) * signs.unsqueeze(-2)
        else:
            lower = x.tril()
            if rows != columns:
                rest = lower.new_zeros((*lower.shape[:-1], rows - columns))
                lower = cat([lower, rest], -1)
            skew = lower - lower.mT
            if self.orthogonal_map == "matrix_exp":
                q = linalg.matrix_exp(skew)
            else:
                one = eye(rows, dtype=x.dtype, device=x.device)
                q = linalg.solve(one - skew * 0.5, one + skew * 0.5)
            q = q[..., :columns]
        base = self.__dict__.get("base")
        if base is not None:
            q = base @ q
        result: Tensor = q.mT if wide else q
        return result

    def right_inverse(self, matrix: Tensor) -> Tensor:
        wide = matrix.size(-2) < matrix.size(-1)
        q = matrix.mT if wide else matrix
        rows, columns = q.shape[-2:]
        if "base" in self._buffers:
            if rows != columns:
                more = q.new_empty((*q.shape[:-1], rows - columns)).normal_(0, 1)
                q = _near(cat([q, more], -1))
            else:
                q = q.clone() if _is_orthogonal(q) else _near(q)
            self.base = q
            # What every map takes to the identity.
            origin: Tensor = zeros_like(matrix)
            origin.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return origin
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        factors, tau = geqrf(q)
        diagonal = factors.diagonal(dim1=-2, dim2=-1)
        signs = diagonal.sign()
        diagonal.copy_((-signs).where(tau == 0, signs))
        result: Tensor = factors.mT if wide else factors
        return result


def _near(matrix: Tensor) -> Tensor:
    """An orthogonal matrix with the same span, and the same one if it is orthogonal."""
    factors, tau = geqrf(matrix)
    q = linalg.householder_product(factors, tau)
    result: Tensor = q * factors.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return result


def _is_orthogonal(q: Tensor) -> bool:
    rows, columns = q.shape[-2:]
    one = eye(columns, dtype=q.dtype, device=q.device)
    return bool((q.mT @ q).allclose(one, atol=10 * rows * finfo(q.dtype).eps))


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a matrix orthogonal: its columns, or its rows if there are fewer of them.

    The matrix is computed from one without restrictions, by one of three maps: the exponential of a
    skew-symmetric matrix, the Cayley map (I + A/2)(I - A/2)⁻¹ of it, or a product of Householder
    reflections.

    Args:
        orthogonal_map: ``"matrix_exp"``, ``"cayley"`` or ``"householder"``; by default the first
            for square matrices and the last for others.
        use_trivialization: train the distance from a base, which assignments move: Lezcano-Casado,
            "Trivializations for gradient-based optimization on manifolds", 2019.

    Raises:
        ValueError: no such tensor, one of fewer than two dimensions, or an unknown map.
        NotImplementedError: by assignments with the first two maps without a base.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.parametrizations import orthogonal
    >>> layer = orthogonal(gpugrad.nn.Linear(4, 2))
    >>> (layer.weight @ layer.weight.T).allclose(gpugrad.eye(2), atol=1e-5)
    True
    """
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.dim() < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.dim()} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    parametrization = _Orthogonal(orthogonal_map, use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)
