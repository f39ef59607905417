"""The elementary functions of ``native_math.h`` against float64, or more digits, and libm."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpugrad.native import toolchain

pytestmark = pytest.mark.skipif(
    toolchain.compiler() is None, reason="needs a C compiler; none was found"
)

LARGEST_ERROR = {
    "exp": 0.9,
    "expm1": 1.6,
    "log": 0.9,
    "log1p": 1.5,
    "tanh": 1.5,
    "sigmoid": 2.5,
    "erf": 1.1,
}
"""In units of the last place of the exact result."""

SPECIAL = (
    *(0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-3, -1e-3),
    *(1e-30, -1e-30, 1e-42, -1e-42, 88.7, 88.8, -87.4, -103.9, -104.5, 1e4, -1e4, 3e38, -3e38),
    *(0.55, -0.55, 9.1, 17.5, -17.5, math.nextafter(-1, 0), math.nextafter(1, 2), 1e300, -1e300),
    *(5e-324, -5e-324, 2e-308, 709.7, 709.8, -708.4, -745.2, -746.0),
)

Array = Any


def source() -> str:
    loops = "\n".join(
        f"void {name}_{kind}(const {kind} *x, {kind} *y, long n)"
        f"{{ for (long i = 0; i < n; i++) y[i] = nm_{name}_{kind}(x[i]); }}"
        for name in LARGEST_ERROR
        for kind in ("float", "double")
    )
    return f'#include "native_math.h"\n{loops}\n'


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    toolchain.available.cache_clear()
    found = toolchain.load(source())
    if found is None:
        pytest.skip("C code is switched off")
    return found


def applied(library: ctypes.CDLL, name: str, x: Array) -> Array:
    kind = {"float32": "float", "float64": "double"}[x.dtype.name]
    result = np.empty_like(x)
    address = ctypes.c_void_p
    getattr(library, f"{name}_{kind}")(
        address(x.ctypes.data), address(result.ctypes.data), ctypes.c_long(x.size)
    )
    return result


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def exact(name: str) -> Callable[[Array], Array]:
    """Over long doubles, which have 11 bits more than doubles where the processor has them."""
    if name == "sigmoid":
        return sigmoid
    if name == "erf":
        return np.vectorize(lambda x: np.longdouble(math.erf(x)))
    found: Callable[[Array], Array] = getattr(np, name)
    return found


def distances(found: Array, wanted: Array) -> Array:
    """In units of the last place of ``found``'s type, of finite results."""
    info = np.finfo(found.dtype)
    finite = np.isfinite(found) & (np.abs(wanted) <= info.max)
    found, wanted = found[finite].astype(np.longdouble), wanted[finite]
    _, exponent = np.frexp(np.abs(wanted))
    unit = np.ldexp(np.longdouble(1), np.maximum(exponent, info.minexp + 1) - 1 - info.nmant)
    return np.abs(found - wanted) / unit


def agree_elsewhere(found: Array, wanted: Array) -> None:
    """Infinities and nan where they belong, and zeros with their sign."""
    with np.errstate(all="ignore"):
        rounded = wanted.astype(found.dtype)
    assert np.array_equal(np.isnan(found), np.isnan(rounded))
    assert np.array_equal(found[np.isinf(rounded)], rounded[np.isinf(rounded)])
    zero = rounded == 0
    assert np.array_equal(np.signbit(found[zero]), np.signbit(rounded[zero]))


@pytest.mark.parametrize("name", LARGEST_ERROR)
def test_floats_of_all_sizes(library: ctypes.CDLL, name: str) -> None:
    x = np.arange(0, 2**32, 4096 - 1, dtype=np.uint32).view(np.float32)
    if name == "sigmoid":
        x = x[~(x < -87)]  # there exp(-x) is too large, and 0 or nearly so is found
    found = applied(library, name, x)
    with np.errstate(all="ignore"):
        wanted = exact(name)(x.astype(np.float64))
    assert distances(found, wanted).max() <= LARGEST_ERROR[name]
    agree_elsewhere(found, wanted)


@pytest.mark.parametrize("name", LARGEST_ERROR)
def test_doubles(library: ctypes.CDLL, name: str) -> None:
    draw = np.random.default_rng(0)
    every = draw.integers(0, 2**64, 20_000, np.uint64).view(np.float64)
    x = np.concatenate([every, draw.uniform(-5, 5, 20_000), draw.uniform(-750, 750, 20_000)])
    if name == "sigmoid":
        x = x[~(x < -708)]
    found = applied(library, name, x)
    with np.errstate(all="ignore"):
        wanted = exact(name)(x.astype(np.longdouble))
    assert distances(found, wanted).max() <= LARGEST_ERROR[name] + 1.0
    agree_elsewhere(found, wanted)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", LARGEST_ERROR)
def test_special_values(library: ctypes.CDLL, name: str, kind: Any) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL, np.float64).astype(kind)
        if name == "sigmoid":
            x = x[~(x < -87)]
        wanted = exact(name)(x.astype(np.float64 if kind == np.float32 else np.longdouble))
    # One after the other: alone, and in every place of a vector.
    for repeat in (1, 37):
        found = applied(library, name, np.repeat(x, repeat))[::repeat].copy()
        agree_elsewhere(found, wanted)
        assert distances(found, wanted).max() <= LARGEST_ERROR[name] + 1.0


def test_sigmoid_far_below() -> None:
    toolchain.available.cache_clear()
    library = toolchain.load(source())
    if library is None:
        pytest.skip("C code is switched off")
    x = np.array([-90, -104, -1e4, -np.inf], np.float32)
    assert (applied(library, "sigmoid", x) < 1e-38).all()
    assert applied(library, "sigmoid", x)[-1] == 0
