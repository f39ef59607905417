"""Moving modules to devices and converting them to types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, cast

from .. import dtypes
from ..autograd.grad_mode import no_grad
from ..creation import empty_like
from ..device import device
from ..tensor import Tensor
from .traversal import ModuleTraversal


class ModuleConversion(ModuleTraversal):
    """The part of ``Module`` that replaces its tensors by others."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace every tensor by ``fn`` of it; parameters and their gradients keep identity."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    parameter.data = fn(parameter)
                    if parameter.grad is not None:
                        parameter.grad.data = fn(parameter.grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move and convert parameters and buffers, in place; only floating-point ones change type.

        Takes what ``Tensor.to`` takes: ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or
        ``to(tensor)``; ``memory_format`` may be given and changes nothing.

        Raises:
            TypeError: the type is not floating point.
        """
        device, dtype = _read_to(*args, **kwargs)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )

        def convert(tensor: Tensor) -> Tensor:
            target = dtype if tensor.is_floating_point() else None
            return cast("Tensor", tensor.to(device=device, dtype=target))

        return self._apply(convert)

    def cpu(self) -> Self:
        """Move parameters and buffers to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: int | str | device | None = None) -> Self:
        """Move parameters and buffers to a GPU, the current one by default."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def to_empty(self, *, device: int | str | device | None, recurse: bool = True) -> Self:
        """Move parameters and buffers to a device without their values."""
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse)

    def type(self, dst_type: dtypes.dtype | str) -> Self:
        """Convert every parameter and buffer to ``dst_type``, whatever it was."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def _convert_floating(self, dtype: dtypes.dtype) -> Self:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._convert_floating(dtypes.float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._convert_floating(dtypes.float64)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._convert_floating(dtypes.float16)

    def bfloat16(self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._convert_floating(dtypes.bfloat16)


def _read_to(
    *args: Any,
    device: Any = None,
    dtype: Any = None,
    non_blocking: bool = False,
    memory_format: Any = None,
) -> tuple[Any, dtypes.dtype | None]:
    """The device and the type that the arguments of ``Module.to`` name."""
    for value in args:
        if isinstance(value, Tensor):
            device, dtype = value.device, value.dtype
        elif isinstance(value, dtypes.dtype):
            dtype = value
        elif value is not None and not isinstance(value, bool):  # a bool is non_blocking
            device = value
    return device, dtype
