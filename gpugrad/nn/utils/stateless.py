"""``functional_call`` under the name that it had before :mod:`gpugrad.func`."""

from __future__ import annotations

import warnings
from typing import Any

from ..module import Module


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """:func:`gpugrad.func.functional_call`. Warns: that function is to be used.

    >>> import gpugrad, warnings
    >>> from gpugrad.nn.utils.stateless import functional_call
    >>> layer = gpugrad.nn.Linear(2, 1)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     functional_call(layer, {"bias": gpugrad.ones(1)}, gpugrad.zeros(2)).item()
    1.0
    """
    from ...func import functional_call as call  # which is made of this package

    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    tensors = parameters_and_buffers
    return call(module, tensors, args, kwargs, tie_weights=tie_weights, strict=strict)
