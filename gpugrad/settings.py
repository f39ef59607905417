"""Settings of the process that PyTorch programs read and write: threads, precision, determinism.

Where this library has nothing to choose (its kernels are deterministic and multiply float32
matrices in float32), the setting is kept and given back, so that programs run on.
"""

from __future__ import annotations

import warnings
from typing import Any

from . import dtypes
from .native import blas
from .native.threads import THREADS
from .ops.broadcasting import broadcast_shapes

_precision = "highest"
_strict = {"shapes": False}
_deterministic = {"on": False, "warn only": False}
_kept = {"interop threads": 1, "warn always": False}


def get_num_threads() -> int:
    """The number of threads that large arrays and matrix products on the CPU may use.

    >>> import gpugrad
    >>> gpugrad.get_num_threads() >= 1
    True
    """
    return THREADS.number


def set_num_threads(number: int, /) -> None:
    """Set the number of threads for large arrays and matrix products on the CPU.

    For NumPy's matrix products it takes effect where NumPy comes from PyPI, or the package
    ``threadpoolctl`` is installed; for other functions where there is a C compiler. Results do not
    depend on it, up to the rounding of matrix products.

    Raises:
        TypeError: the number is no int.
        RuntimeError: it is not positive.
    """
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"set_num_threads expects an int, but got {type(number).__name__}")
    if number <= 0:
        raise RuntimeError("set_num_threads expects a positive integer")
    THREADS.number = number
    if blas.set_threads(number):
        return
    try:
        import threadpoolctl
    except ImportError:
        return
    threadpoolctl.threadpool_limits(number, user_api="blas")


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was given, at first ``"highest"``."""
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exact float32 matrix products must be; they always have full precision here."""
    global _precision
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "setFloat32MatmulPrecision call has no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _precision = precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for results that are the same in every run."""
    _deterministic.update({"on": bool(mode), "warn only": bool(warn_only)})


def are_deterministic_algorithms_enabled() -> bool:
    """Whether :func:`use_deterministic_algorithms` was switched on."""
    return _deterministic["on"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was switched on with ``warn_only``."""
    return _deterministic["warn only"]


def get_deterministic_debug_mode() -> int:
    """:func:`use_deterministic_algorithms` as a number: 0 off, 1 warning, 2 on."""
    return (1 if _deterministic["warn only"] else 2) if _deterministic["on"] else 0


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """:func:`use_deterministic_algorithms` by a number or ``"default"``, ``"warn"``, ``"error"``.

    Raises:
        TypeError: it is neither an int nor a string.
        RuntimeError: it is none of these.
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    names = ("default", "warn", "error")
    mode = names.index(debug_mode) if debug_mode in names else debug_mode
    if mode not in (0, 1, 2):
        allowed = f"`{'`, `'.join(names)}`" if isinstance(mode, str) else "0, 1, or 2"
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of {allowed}, but got {debug_mode}"
        )
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_num_interop_threads() -> int:
    """What :func:`set_num_interop_threads` was given, at first 1."""
    return int(_kept["interop threads"])


def set_num_interop_threads(number: int, /) -> None:
    """Keep a number of threads for independent operations, which run one after another here."""
    if number <= 0:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _kept["interop threads"] = number


def is_warn_always_enabled() -> bool:
    """What :func:`set_warn_always` was given, at first False."""
    return bool(_kept["warn always"])


def set_warn_always(on: bool, /) -> None:
    """Keep whether warnings shall come every time; Python's filters decide it."""
    _kept["warn always"] = on


def set_flush_denormal(mode: bool, /) -> bool:
    """Ask for numbers below the smallest normal one to become zero. Returns False: they stay."""
    return False


def set_default_tensor_type(t: Any, /) -> None:
    """Set the default floating-point type by a tensor type: ``DoubleTensor`` or its name."""
    name = t if isinstance(t, str) else t.__name__
    short = name.removeprefix("torch.").removeprefix("cuda.")
    kind = next((d for d in dtypes.ALL if d.tensor_type == short), None)
    if kind is None:
        raise TypeError(f"invalid type name: {name}")
    dtypes.set_default_dtype(kind)


def set_strict_shapes(mode: bool) -> None:
    """Make losses refuse an input and a target of different shapes, which they would broadcast.

    The usual mistake is an input of shape (n, 1) and a target of shape (n,), which broadcast to
    (n, n). By default ``mse_loss`` and its like warn, as in PyTorch, and ``kl_div``,
    ``poisson_nll_loss`` and ``gaussian_nll_loss`` say nothing.

    >>> import gpugrad
    >>> gpugrad.set_strict_shapes(True)
    >>> try:
    ...     gpugrad.nn.functional.mse_loss(gpugrad.ones(3, 1), gpugrad.ones(3))
    ... except ValueError as error:
    ...     print(str(error).partition(".")[0])
    input and target have different shapes, [3, 1] and [3]: they would broadcast to [3, 3]
    >>> gpugrad.set_strict_shapes(False)
    """
    _strict["shapes"] = bool(mode)


def is_strict_shapes_enabled() -> bool:
    """Whether losses refuse shapes that they would have to broadcast."""
    return _strict["shapes"]


def refuse_if_strict(input: Any, target: Any) -> None:
    """Raise ValueError for different shapes if :func:`set_strict_shapes` asks for it."""
    if not _strict["shapes"] or input.shape == target.shape:
        return
    try:
        meaning = f"they would broadcast to {list(broadcast_shapes(input.shape, target.shape))}"
    except RuntimeError:
        meaning = "they do not even broadcast"
    raise ValueError(
        f"input and target have different shapes, {list(input.shape)} and {list(target.shape)}: "
        f"{meaning}. Give them one shape, or allow this with set_strict_shapes(False)"
    )
