"""Initial values of parameters, written into a tensor in place.

On the CPU every function draws the numbers that PyTorch draws for the same ``manual_seed``. All
of them return the tensor; they write to its memory through ``detach()``, so nothing is recorded
for differentiation.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..random import randperm
from ..tensor import Tensor
from .init_aliases import deprecated
from .truncated_normal import trunc_normal_ as trunc_normal_

_UNIT_GAIN = frozenset(
    ["linear", "sigmoid"]
    + [f"conv{transposed}{n}d" for transposed in ("", "_transpose") for n in (1, 2, 3)]
)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity wants the standard deviation of weights scaled.

    1 for linear, convolution and sigmoid, 5/3 for tanh, sqrt(2) for relu,
    sqrt(2 / (1 + slope²)) for leaky_relu with slope ``param`` (0.01), 3/4 for selu.

    Raises:
        ValueError: the nonlinearity is unknown, or the slope is no number.

    >>> import gpugrad
    >>> gpugrad.nn.init.calculate_gain("leaky_relu", 1)
    1.0
    """
    if nonlinearity in _UNIT_GAIN:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the uniform distribution over [a, b).

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.nn.init.uniform_(gpugrad.empty(3))
    tensor([0.4963, 0.7682, 0.0885])
    """
    tensor.detach().uniform_(a, b, generator=generator)
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution N(mean, std²).

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.nn.init.normal_(gpugrad.empty(3))
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    tensor.detach().normal_(mean, std, generator=generator)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``.

    >>> import gpugrad
    >>> gpugrad.nn.init.constant_(gpugrad.empty(2), 0.3)
    tensor([0.3000, 0.3000])
    """
    tensor.detach().fill_(val)
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    >>> import gpugrad
    >>> gpugrad.nn.init.ones_(gpugrad.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    >>> import gpugrad
    >>> gpugrad.nn.init.zeros_(gpugrad.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Make the matrix an identity: ones on the diagonal, zeros elsewhere.

    Raises:
        ValueError: the tensor has not two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.init.eye_(gpugrad.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    values = tensor.detach().zero_()
    for i in range(min(tensor.shape)):
        values[i, i] = 1
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make the convolution weight (out, in, *kernel) pass its input through, in each group.

    Raises:
        ValueError: the tensor has not 3, 4 or 5 dimensions, or ``groups`` does not divide out.

    >>> import gpugrad
    >>> gpugrad.nn.init.dirac_(gpugrad.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels = tensor.size(0), tensor.size(1)
    if out_channels % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    centre = tuple(size // 2 for size in tensor.shape[2:])
    group_size = out_channels // groups
    values = tensor.detach().zero_()
    for group in range(groups):
        for channel in range(min(group_size, in_channels)):
            values[(group * group_size + channel, channel, *centre)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output of the weight (out, in, *kernel), and the reverse."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    receptive_field = math.prod(tensor.shape[2:])
    return tensor.size(1) * receptive_field, tensor.size(0) * receptive_field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill uniformly over ±gain · sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    >>> import gpugrad
    >>> bool((gpugrad.nn.init.xavier_uniform_(gpugrad.empty(2, 4)).abs() <= 1).all())
    True
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill from N(0, std²), std = gain · sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.init.xavier_normal_(gpugrad.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """The standard deviation gain / sqrt(fan), or ``None`` if there is nothing to fill."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill uniformly over ±gain · sqrt(3 / fan) (He et al., 2015).

    Args:
        a: the slope of ``leaky_relu``.
        mode: ``"fan_in"`` keeps the variance of activations, ``"fan_out"`` that of gradients.
        nonlinearity: what follows the layer; see ``calculate_gain``.

    Raises:
        ValueError: unknown mode or nonlinearity, or fewer than two dimensions.

    >>> import gpugrad
    >>> weight = gpugrad.nn.init.kaiming_uniform_(gpugrad.empty(4, 6), nonlinearity="relu")
    >>> bool((weight.abs() <= 1).all())
    True
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill from N(0, gain² / fan) (He et al., 2015); arguments as in ``kaiming_uniform_``.

    >>> import gpugrad
    >>> gpugrad.nn.init.kaiming_normal_(gpugrad.empty(4, 6), mode="fan_out").shape
    torch.Size([4, 6])
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Make the rows or the columns, whichever are fewer, orthonormal, times ``gain``.

    A normal matrix is orthonormalised by Gram-Schmidt with every projection done twice, which
    is enough (Giraud et al., 2005) to reach rounding error. The result is the Q of the QR
    decomposition whose R has a positive diagonal, which is distributed uniformly (Mezzadri,
    2007). Dimensions after the first count as one.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    >>> import gpugrad
    >>> q = gpugrad.nn.init.orthogonal_(gpugrad.empty(3, 3))
    >>> bool((q @ q.T - gpugrad.eye(3)).abs().max() < 1e-5)
    True
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    cols = tensor.numel() // rows
    draw = tensor.new_empty((rows, cols)).normal_(0, 1, generator=generator)
    # One vector a row: either the rows themselves, or the columns.
    vectors = (draw if rows < cols else draw.t()).double()
    basis = vectors.new_zeros(vectors.shape)
    for k in range(vectors.size(0)):
        vector = vectors[k]
        done = basis[:k]
        for _ in range(2):
            vector = vector - done.t() @ (done @ vector)
        basis[k] = vector / vector.pow(2).sum().sqrt()
    result = basis if rows < cols else basis.t()
    tensor.detach().copy_((result * gain).reshape(tensor.shape))
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill from N(0, std²), then zero a share ``sparsity`` of every column (Martens, 2010).

    Raises:
        ValueError: the tensor has not two dimensions.

    >>> import gpugrad
    >>> (gpugrad.nn.init.sparse_(gpugrad.empty(4, 2), 0.5) == 0).sum(0)
    tensor([2, 2])
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, cols = tensor.shape
    zeros = math.ceil(sparsity * rows)
    values = tensor.detach().normal_(0, std, generator=generator)
    for col in range(cols):
        values[randperm(rows)[:zeros], col] = 0
    return tensor


constant = deprecated(constant_)
dirac = deprecated(dirac_)
eye = deprecated(eye_)
kaiming_normal = deprecated(kaiming_normal_)
kaiming_uniform = deprecated(kaiming_uniform_)
normal = deprecated(normal_)
orthogonal = deprecated(orthogonal_)
sparse = deprecated(sparse_)
uniform = deprecated(uniform_)
xavier_normal = deprecated(xavier_normal_)
xavier_uniform = deprecated(xavier_uniform_)
