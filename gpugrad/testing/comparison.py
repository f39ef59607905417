"""Assertions that two results are close, with messages that say where they are not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import TensorBase
from ..creation import as_tensor, from_numpy

Message = str | Callable[[str], str] | None

# rtol and atol by type, as PyTorch chooses them; other types are compared exactly.
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
}
_EXACT = (0.0, 0.0)

_TRUTHS = (bool, np.bool_)
_NUMBERS = (int, float, np.integer, np.floating)


@dataclass(frozen=True)
class _Wanted:
    """What :func:`assert_close` was asked for."""

    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool
    allow_subclasses: bool

    def tolerances(self, *kinds: dtypes.dtype) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(kind, _EXACT) for kind in kinds]
        return max(r for r, _ in found), max(a for _, a in found)


class _UnequalError(Exception):
    """What differs, and the path to it inside containers."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.path: list[Any] = []

    def message(self) -> str:
        if not self.path:
            return str(self)
        items = "".join(f"[{key!r}]" for key in reversed(self.path))
        return f"{self}\n\nThe failure occurred for item {items}"


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Message = None,
) -> None:
    """Assert that ``actual`` and ``expected`` are close.

    Numbers are close where they are equal, or where both are finite and
    ``abs(actual - expected) <= atol + rtol * abs(expected)``. Sequences and mappings are compared
    item by item.

    Args:
        actual, expected: tensors, NumPy arrays, numbers of Python or NumPy, None, or containers of
            these.
        allow_subclasses: whether a tensor and a parameter, say, may be compared.
        rtol, atol: both or neither; the defaults depend on the type, the wider one counts:
            float16 1e-3 and 1e-5, bfloat16 1.6e-2 and 1e-5, float32 1.3e-6 and 1e-5, float64 1e-7
            and 1e-7, others 0 and 0.
        equal_nan: whether two nan are equal.
        check_device, check_dtype, check_layout, check_stride: whether these must be the same too.
        msg: the error's text, or a function of the text that it would have.

    Raises:
        AssertionError: they are not close.
        ValueError: only one of ``rtol`` and ``atol`` is given.
        TypeError: for other types than those above.

    >>> import gpugrad
    >>> gpugrad.testing.assert_close([1.0, 2.0], [1.0, 2.0 + 1e-9])
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'rtol' if rtol is None else 'atol'}."
        )
    wanted = _Wanted(
        rtol,
        atol,
        equal_nan,
        check_device,
        check_dtype,
        check_layout,
        check_stride,
        allow_subclasses,
    )
    try:
        _compare(actual, expected, wanted)
    except _UnequalError as found:
        text = found.message()
        raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg) from None


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """:func:`assert_close` under its older name, of tensors or numbers of any types and devices."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a "
        "future release. Please use `torch.testing.assert_close()` instead.",
        FutureWarning,
        stacklevel=2,
    )
    actual, expected = as_tensor(actual), as_tensor(expected, dtype=as_tensor(actual).dtype)
    if rtol is None and atol is None:
        rtol, atol = _TOLERANCES.get(actual.dtype, _EXACT)
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=True,
        check_dtype=False,
        msg=msg or None,
    )


# --- items ----------------------------------------------------------------------------------------


def _compare(actual: Any, expected: Any, wanted: _Wanted) -> None:
    if isinstance(actual, np.ndarray) and isinstance(expected, np.ndarray):
        _compare_tensors(from_numpy(actual), from_numpy(expected), wanted)
    elif isinstance(actual, TensorBase) and isinstance(expected, TensorBase):
        kinds = type(actual), type(expected)
        if kinds[0] is not kinds[1] and not wanted.allow_subclasses:
            raise _unsupported(actual, expected)
        _compare_tensors(actual, expected, wanted)
    elif actual is None or expected is None:
        if actual is not expected:
            raise _UnequalError(f"None mismatch: {actual} is not {expected}")
    elif isinstance(actual, _TRUTHS) and isinstance(expected, _TRUTHS):
        if bool(actual) is not bool(expected):
            raise _UnequalError(f"Booleans mismatch: {actual} is not {expected}")
    elif isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
        _compare_numbers(actual, expected, wanted)
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        _compare_mappings(actual, expected, wanted)
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise _UnequalError(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            )
        for index, pair in enumerate(zip(actual, expected, strict=True)):
            _compare_at(index, *pair, wanted)
    else:
        raise _unsupported(actual, expected)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _unsupported(actual: Any, expected: Any) -> TypeError:
    return TypeError(
        f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
    )


def _compare_at(key: Any, actual: Any, expected: Any, wanted: _Wanted) -> None:
    try:
        _compare(actual, expected, wanted)
    except _UnequalError as found:
        found.path.append(key)
        raise


def _compare_mappings(
    actual: Mapping[Any, Any], expected: Mapping[Any, Any], wanted: _Wanted
) -> None:
    missing = [key for key in expected if key not in actual]
    more = [key for key in actual if key not in expected]
    if missing or more:
        raise _UnequalError(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(missing)}\n"
            f"Additional keys in the actual mapping: {sorted(more)}"
        )
    for key in sorted(actual, key=str):
        _compare_at(key, actual[key], expected[key], wanted)


def _compare_numbers(actual: Any, expected: Any, wanted: _Wanted) -> None:
    if wanted.check_dtype and type(actual) is not type(expected):
        raise _UnequalError(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
    actual, expected = (x.item() if isinstance(x, np.generic) else x for x in (actual, expected))
    kinds = (dtypes.float64 if isinstance(x, float) else dtypes.int64 for x in (actual, expected))
    rtol, atol = wanted.tolerances(*kinds)
    if _close(np.asarray(actual), np.asarray(expected), rtol, atol, wanted.equal_nan):
        return
    difference = abs(actual - expected)
    relative = float("inf") if expected == 0 else abs(difference / expected)
    raise _UnequalError(_about_numbers(actual, expected, difference, relative, rtol, atol))


def _allowed(tolerance: float, exact: bool) -> str:
    return "" if exact else f" (up to {tolerance} allowed)"


def _about_numbers(
    actual: Any, expected: Any, difference: Any, relative: Any, rtol: float, atol: float
) -> str:
    exact = rtol == atol == 0
    return (
        f"Scalars are not {'equal' if exact else 'close'}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{_allowed(atol, exact)}\n"
        f"Relative difference: {relative}{_allowed(rtol, exact)}"
    )


# --- tensors --------------------------------------------------------------------------------------


def _compare_tensors(actual: Any, expected: Any, wanted: _Wanted) -> None:
    for name, checked in (
        ("shape", True),
        ("layout", wanted.check_layout),
        ("device", wanted.check_device),
        ("dtype", wanted.check_dtype),
    ):
        pair = getattr(actual, name), getattr(expected, name)
        if checked and pair[0] != pair[1]:
            raise _UnequalError(
                f"The values for attribute '{name}' do not match: {pair[0]} != {pair[1]}."
            )
    if wanted.check_stride and actual.stride() != expected.stride():
        raise _UnequalError(
            "The values for attribute 'stride()' do not match: "
            f"{actual.stride()} != {expected.stride()}."
        )
    rtol, atol = wanted.tolerances(actual.dtype, expected.dtype)
    kind = dtypes.promote_types(actual.dtype, expected.dtype)
    x, y = (t.to(kind).detach().cpu().array for t in (actual, expected))
    close = _close(x, y, rtol, atol, wanted.equal_nan)
    if not close.all():
        raise _UnequalError(_about_tensors(x, y, close, rtol, atol))


def _close(x: Any, y: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    """Where the elements are close."""
    with np.errstate(all="ignore"):
        close = x == y
        if rtol or atol:
            difference = np.abs(x.astype(np.float64) - y)
            close |= np.isfinite(difference) & (difference <= atol + rtol * np.abs(y))
        if equal_nan and x.dtype.kind not in "biu":
            close |= np.isnan(x) & np.isnan(y)
    return close


def _about_tensors(x: Any, y: Any, close: Any, rtol: float, atol: float) -> str:
    if x.dtype.kind in "bu":  # whose differences wrap around
        x, y = x.astype(np.int64), y.astype(np.int64)
    with np.errstate(all="ignore"):
        difference = np.asarray(np.abs(x - y))
        # Where elements are close, however that came about, nothing is to be reported.
        difference[close] = 0
        relative = np.asarray(difference / np.abs(y))
        if x.dtype.kind == "i":
            relative = relative.astype(np.float32)  # PyTorch's quotient of ints
        relative[close] = 0
    if x.ndim == 0:
        return _about_numbers(x.item(), y.item(), difference.item(), relative.item(), rtol, atol)
    exact = rtol == atol == 0
    wrong = int(close.size - close.sum())

    def greatest(name: str, values: Any, tolerance: float) -> str:
        index = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))
        return (
            f"Greatest {name} difference: {values[index].item()} at index {index}"
            f"{_allowed(tolerance, exact)}"
        )

    return (
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n\n"
        f"Mismatched elements: {wrong} / {close.size} ({wrong / close.size:.1%})\n"
        f"{greatest('absolute', difference, atol)}\n"
        f"{greatest('relative', relative, rtol)}"
    )
