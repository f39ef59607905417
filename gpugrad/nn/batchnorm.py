"""Batch normalization: ``BatchNorm1d``, ``BatchNorm2d`` and ``BatchNorm3d``."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..backend import recording
from ..creation import ones, tensor, zeros
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class _BatchNorm(Module):
    """y = (x - mean) / sqrt(variance + eps) · weight + bias, each channel over the batch.

    In training the statistics are those of the batch, and the running ones move towards them;
    in evaluation the running ones are used, or the batch's if none are tracked.

    Args:
        num_features: the number of channels, which is the size of dimension 1.
        momentum: how far the running statistics move; ``None`` for the plain average over all
            batches.
        affine: whether there are a weight, at first ones, and a bias, at first zeros.
        track_running_stats: whether there are running statistics.
    """

    _version = 2
    dims: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(ones(num_features, **like)) if affine else None)
        biased = affine and bias
        self.register_parameter("bias", Parameter(zeros(num_features, **like)) if biased else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **like) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **like) if tracked else None)
        self.register_buffer(
            "num_batches_tracked",
            tensor(0, dtype=dtypes.int64, device=device) if tracked else None,
        )

    def reset_running_stats(self) -> None:
        """Forget the batches seen so far."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the running statistics, set weight to 1 and bias to 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self.dims:
            expected = " or ".join(f"{n}D" for n in self.dims)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum: Any = 0.0 if self.momentum is None else self.momentum
        tracked = self.track_running_stats
        if self.training and tracked and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / _count(self.num_batches_tracked)
        use_batch = self.training or self.running_mean is None
        return F.batch_norm(
            input,
            self.running_mean if not self.training or tracked else None,
            self.running_var if not self.training or tracked else None,
            self.weight,
            self.bias,
            use_batch,
            momentum,
            self.eps,
        )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        *lists: Any,
    ) -> None:
        # Before version 2 the number of batches was not saved; a plain dict has no version.
        key = prefix + "num_batches_tracked"
        if local_metadata.get("version", 1) < 2 and self.track_running_stats:
            state_dict.setdefault(key, self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *lists)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalization of input (N, C) or (N, C, L).

    >>> import gpugrad
    >>> gpugrad.nn.BatchNorm1d(1, affine=False)(gpugrad.tensor([[1.0], [3.0]]))
    tensor([[-1.0000],
            [ 1.0000]])
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization of input (N, C, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.BatchNorm2d(3)(gpugrad.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalization of input (N, C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.BatchNorm3d(3)(gpugrad.zeros(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    dims = (5,)


def _count(batches: Tensor) -> Any:
    """A number of batches: where a replay or a GPU is not to wait for it, as it lies in memory."""
    if batches.device.type == "cpu" and recording.current() is None:
        return float(batches)
    return batches.double()
