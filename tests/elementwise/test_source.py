"""The generated CUDA C: it is readable, compiles without warnings, and computes what NumPy does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import kernel_source, nvrtc
from gpugrad.backend.expressions.functions import NAMED
from gpugrad.backend.kernels import OPTIONS
from gpugrad.elementwise import Elementwise, elementwise
from tests import host_cupy
from tests.tolerances import assert_close

SWISH = elementwise("x, beta", "x / (1 + exp(-beta * x))", name="swish")

FORWARD = """\
// out from x, beta, element by element.
#include "common.cuh"

template <typename C>
struct SwishForward {
    __device__ __forceinline__ C operator()(C x, C beta) const {
        return x / (C(1) + exp(-(beta * x)));
    }
};

#define SWISH_FORWARD(T, SUFFIX)                                                    \\
    KERNEL swish_forward_##SUFFIX(const T* x, const T* beta, T* out, long long n) { \\
        const SwishForward<Compute<T>> f = {};                                      \\
        map(grid_walk(), n, f, out, x, beta);                                       \\
    }

FOR_EACH_TYPE(SWISH_FORWARD)
"""
BACKWARD = """
        const C t0 = exp(-(beta * x));
        const C t1 = C(1) + t0;
        const C t2 = x / t1;
        return {{grad * ((C(1) + t2 * (t0 * beta)) / t1), grad * (t2 * (t0 * x) / t1)}};
"""


def test_it_can_be_read() -> None:
    forward, backward = SWISH.source.split("\n\n// grad_x", 1)
    assert forward.strip() == FORWARD.strip()
    assert BACKWARD in backward
    (entry,) = kernel_source.declared("swish", backward)
    assert str(entry) == "swish_backward(grad, x, beta, grad_x, grad_beta, n)"


def test_numbers_and_single_elements_are_given_by_value() -> None:
    form = SWISH._form((True, False))
    text = form.forward.source()
    assert "KERNEL swish_forward_##SUFFIX(const T* x, double beta, T* out, long long n)" in text
    assert "f = {Compute<T>(beta)};" in text
    single = SWISH._form((True, True)).forward.source((1,))
    assert "(const T* x, const T* beta, T* out, long long n)" in single
    assert "f = {widen(*beta)};" in single and "map(grid_walk(), n, f, out, x);" in single


def test_a_kernel_takes_only_what_it_reads() -> None:
    product = elementwise("x, y, z", "x * y + z", name="product")
    backward = product._form((True, True, True)).gradient((True, False, True)).source()
    assert "(const T* grad, const T* y, T* grad_x, T* grad_z, long long n)" in backward


def every_function() -> Elementwise:
    calls = [
        f"{name}({'x' if spec.arity == 1 else 'x, y'})"
        for name, spec in NAMED.items()
        if not spec.gives_condition and name != "acosh"
    ]
    more = [
        "acosh(x + 1)",
        "(x > 0.5 && y <= 1 || isnan(x) ? x : 2)",
        "(isinf(x) || !isfinite(y) ? NAN : -y)",
        "(x > 9 ? INFINITY : 1e300 > x ? x : -INFINITY)",
        "round(4 * x)",
        "(x == y) + (x != y) + (x < y) + (x >= y)",
        "2.5",
    ]
    return elementwise("x, y", " + ".join([*calls, *more]), name="every")


def test_every_function_on_the_device(host: host_cupy.Copies) -> None:
    """All at once: compiling takes longer than computing."""
    values = np.random.default_rng(0).uniform(0.05, 0.95, (2, 40))
    function = every_function()
    results: dict[str, list[Any]] = {}
    for device in ("cpu", "cuda"):
        x, y = (gpugrad.tensor(v, device=device, requires_grad=True) for v in values)
        out = function(x, y)
        out.sum().backward()
        results[device] = [t.detach().cpu().numpy() for t in (out, x.grad, y.grad)]
    for found, expected in zip(results["cuda"], results["cpu"], strict=True):
        assert np.isfinite(expected).all()
        assert_close(found, expected, 1e-13)


NAMES = "n, f, C, T, SUFFIX, out, map, int_, class, grad_n, grad, t0, x1"


@pytest.fixture
def awkward() -> Elementwise:
    names = NAMES.split(", ")
    terms = " + ".join(f"{i + 1} * {n} / (1 + {n} * {n})" for i, n in enumerate(names))
    return elementwise(NAMES, terms, name="awkward")


def test_any_name_will_do(awkward: Elementwise, host: host_cupy.Copies) -> None:
    draw = np.random.default_rng(0).normal(size=(len(awkward.inputs), 3))
    gradients = []
    for device in ("cpu", "cuda"):
        inputs = [gpugrad.tensor(v, device=device, requires_grad=True) for v in draw]
        awkward(*inputs[:-2], 0.5, inputs[-1]).sum().backward()
        gradients.append([i.grad.cpu().numpy() for i in (*inputs[:-2], inputs[-1])])
    for found, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("offset", [0, 1, 3])
@pytest.mark.parametrize("n", [1, 5, 1030])
def test_results_at_any_alignment(host: host_cupy.Copies, offset: int, n: int) -> None:
    whole = gpugrad.tensor(np.random.default_rng(n).normal(size=(2, n + 3)), device="cuda").float()
    x, beta = (row[offset : offset + n].detach().requires_grad_() for row in whole)
    out = SWISH(x, beta)
    out.backward(whole[1, :n] * 0 + 2)
    wide, slopes = x.detach().cpu().double().requires_grad_(), beta.detach().cpu().double()
    expected = SWISH(wide, slopes)
    expected.backward(gpugrad.full((n,), 2.0, dtype=gpugrad.float64))
    assert x.grad is not None and wide.grad is not None
    assert_close(out.detach().cpu(), expected.detach(), 1e-6)
    assert_close(x.grad.cpu(), wide.grad, 1e-6)


@pytest.mark.parametrize("architecture", ["75", "90"])
def test_compiles_without_warnings(architecture: str, awkward: Elementwise) -> None:
    mixed = SWISH._form((True, False))
    constant = elementwise("x", "x * 0 + 1e300", name="constant")
    huge = elementwise("x, y", "(x > 1 && y > 1 || isnan(x)) ? INFINITY : fmax(x, y) + NAN")
    texts = [
        SWISH.source,
        awkward.source,
        constant.source,
        huge.source,
        mixed.forward.source((0,)),
        mixed.gradient((True,)).source((1,)),
    ]
    for text in texts:
        code = kernel_source.inline_text("generated.cu", text)
        options = (*OPTIONS, f"-arch=sm_{architecture}")
        try:
            _, log = nvrtc.compile_to_cubin(code, "generated", options)
        except nvrtc.NvrtcMissingError as missing:
            pytest.skip(str(missing))
        assert log == ""
