"""``autocast``: regions in which ops choose the type that they compute in."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, TypeVar

import numpy as np

from .. import dtypes
from ..autograd import autocast_mode as modes
from ..backend.probe import probe
from ..dtypes import dtype as Dtype
from ..tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])


class autocast:  # noqa: N801  # PyTorch's name
    """A context, or a decorator, in which matrix products and convolutions run in 16 bits.

    Each op of the lists in :mod:`gpugrad.casting.lists` casts its operands: products, convolutions
    and attention to ``dtype``, losses and what overflows easily to float32. All other ops run in
    the type of what they get. Parameters stay float32, and so do their gradients. In-place ops and
    operands of float64 are left alone.

    A parameter is cast once in a region, unless it is changed meanwhile. The settings belong to
    the thread. Backward passes belong after the region; with float16 use a
    :class:`~gpugrad.amp.GradScaler`.

    Args:
        device_type: ``"cpu"`` or ``"cuda"``: the devices whose ops are meant.
        dtype: ``float16`` or ``bfloat16``; by default bfloat16 on the CPU and float16 on CUDA.
        enabled: False makes it a region without casting, also inside another one.
        cache_enabled: whether parameters are cast once only; by default as around the region.

    Raises:
        ValueError: ``device_type`` is no string.
        RuntimeError: there are no lists for this type of device.

    The method is that of Micikevicius et al., "Mixed Precision Training" (2018).

    >>> import gpugrad
    >>> model = gpugrad.nn.Linear(2, 1)
    >>> with gpugrad.autocast("cpu"):
    ...     model(gpugrad.ones(1, 2)).dtype
    torch.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: Dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not modes.is_autocast_available(device_type):
            raise RuntimeError(
                f"User specified an unsupported autocast device_type '{device_type}'"
            )
        self.device = device_type
        self.fast_dtype = modes.get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = modes.state.cache_enabled if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda" and probe().module is None:
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2
            )
            enabled = False
        elif enabled and self.fast_dtype not in (dtypes.bfloat16, dtypes.float16):
            name = device_type.upper()
            warnings.warn(
                f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{name} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> Self:
        state, device = modes.state, self.device
        self._before = state.enabled[device], state.dtypes[device], state.cache_enabled
        state.enabled[device], state.dtypes[device] = self._enabled, self.fast_dtype
        state.cache_enabled = self._cache_enabled
        modes.autocast_increment_nesting()
        modes.note_thread()
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        state, device = modes.state, self.device
        if modes.autocast_decrement_nesting() == 0:
            modes.clear_autocast_cache()
        state.enabled[device], state.dtypes[device], state.cache_enabled = self._before
        modes.note_thread()
        return False

    def __call__(self, func: F) -> F:
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you "
                "mean to use autocast as a context manager? For example:\n"
                "    with torch.autocast(device_type=...):\n"
                "        output = model(input)"
            )

        @functools.wraps(func)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return inside  # type: ignore[return-value]  # wraps keeps the signature


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: Dtype | None = None,
) -> Any:
    """A decorator for ``forward`` of an ``autograd.Function`` that is used inside ``autocast``.

    Args:
        device_type: the devices that the function works on.
        cast_inputs: inside a region, floating-point tensors on such devices are cast to this type,
            float64 apart, and ``forward`` runs without casting. By default it runs as it is called.

    Raises:
        ValueError: ``device_type`` is no string.

    >>> import gpugrad
    >>> class Square(gpugrad.autograd.Function):
    ...     @staticmethod
    ...     @gpugrad.amp.custom_fwd(device_type="cpu", cast_inputs=gpugrad.float32)
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     @gpugrad.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, grad):
    ...         return 2 * ctx.saved_tensors[0] * grad
    >>> with gpugrad.autocast("cpu"):
    ...     Square.apply(gpugrad.ones(2, dtype=gpugrad.bfloat16)).dtype
    torch.float32
    """
    _require_name(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = modes.get_autocast_dtype(device_type)
        enabled = modes.is_autocast_enabled(device_type)
        if cast_inputs is None or not enabled:
            ctx._fwd_used_autocast = enabled
            return fwd(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            given = _cast(args, device_type, cast_inputs)
            return fwd(ctx, *given, **_cast(kwargs, device_type, cast_inputs))

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """A decorator for ``backward``, which then runs with the casting that ``forward`` ran with.

    Raises:
        ValueError: ``device_type`` is no string.
    """
    _require_name(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return backward


def _require_name(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def _cast(value: Any, device_type: str, dtype: Dtype) -> Any:
    if isinstance(value, Tensor):
        eligible = value.is_floating_point() and value.dtype is not dtypes.float64
        return value.to(dtype) if eligible and value.device.type == device_type else value
    if isinstance(value, (str, bytes, np.ndarray)):
        return value
    if isinstance(value, Mapping):
        return {
            _cast(k, device_type, dtype): _cast(v, device_type, dtype) for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(v, device_type, dtype) for v in value)
    return value
