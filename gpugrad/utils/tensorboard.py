"""``SummaryWriter`` for TensorBoard, which the package tensorboardX writes the files of.

>>> from gpugrad.utils.tensorboard import SummaryWriter  # doctest: +SKIP
>>> writer = SummaryWriter("runs/first")  # doctest: +SKIP
>>> writer.add_scalar("loss", 0.25, 1)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

from ..dtypes import bfloat16
from ..tensor import Tensor

try:
    import tensorboardX
except ImportError as error:
    raise ImportError(
        f"SummaryWriter needs the package tensorboardX ({error}): pip install tensorboardX"
    ) from error

__all__ = ["SummaryWriter"]


class SummaryWriter(tensorboardX.SummaryWriter):  # type: ignore[misc]
    """tensorboardX's ``SummaryWriter``, whose ``add_...`` methods take tensors of any device.

    A tensor is handed on as a NumPy array, one of bfloat16 as float32. ``add_graph`` is not
    supported, since it reads PyTorch's own graphs.
    """

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return _with_arrays(found) if name.startswith("add_") else found

    def add_graph(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: this library has no graph of the kind that is drawn here."""
        raise NotImplementedError(
            "SummaryWriter.add_graph is not in gpugrad; gpugrad.viz draws graphs"
        )


def _with_arrays(method: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return method(*map(_array, args), **{key: _array(value) for key, value in kwargs.items()})

    return call


def _array(value: Any) -> Any:
    if isinstance(value, Tensor):
        host = value.detach().cpu()
        return (host.float() if host.dtype is bfloat16 else host).numpy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_array, value))
    if isinstance(value, dict):
        return {key: _array(item) for key, item in value.items()}
    return value
