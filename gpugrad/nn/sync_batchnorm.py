"""``SyncBatchNorm``: batch normalization over the batches of all processes, here of one."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .batchnorm import _BatchNorm
from .module import Module


class SyncBatchNorm(_BatchNorm):
    """Batch normalization of input (N, C, *), over the batches of all processes.

    There is one process here, so this is ``BatchNorm1d``, ``2d`` or ``3d`` under one name.

    Args:
        process_group: accepted for PyTorch's sake.

    Raises:
        ValueError: fewer than two dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.SyncBatchNorm(1, affine=False)(gpugrad.tensor([[1.0], [3.0]]))
    tensor([[-1.0000],
            [ 1.0000]])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with every ``BatchNorm`` layer replaced by one of this class.

        The layers keep their parameters and statistics; a module that is one itself is replaced in
        what is returned, other modules are changed in place.

        >>> import gpugrad
        >>> from gpugrad import nn
        >>> model = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(3)))
        >>> type(model[0]).__name__
        'SyncBatchNorm'
        """
        result = module
        if isinstance(module, _BatchNorm):
            replacement = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
            )
            replacement.weight, replacement.bias = module.weight, module.bias
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                setattr(replacement, name, getattr(module, name))
            replacement.training = module.training
            result = replacement
        for name, child in module.named_children():
            result.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return result
