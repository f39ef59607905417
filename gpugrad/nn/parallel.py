"""``DataParallel``, for programs that use it wherever they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .module import Module


class DataParallel(Module):
    """A module that passes every call on to another one.

    PyTorch spreads a batch over several GPUs with it, and does just this where there is none. Here
    one device computes the whole batch. Names in ``state_dict`` begin with ``module.``.

    Args:
        module: the module that is called.
        device_ids, output_device, dim: accepted for PyTorch's sake.

    >>> import gpugrad
    >>> model = gpugrad.nn.DataParallel(gpugrad.nn.Linear(2, 3))
    >>> list(model.state_dict())
    ['module.weight', 'module.bias']
    >>> model(gpugrad.zeros(5, 2)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
