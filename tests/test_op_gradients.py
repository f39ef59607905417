"""First and second derivatives of every op, against differences, by random projection."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from tests.op_table import OPS
from tests.op_table.model import Array, Op, Sample, about, flat, host, tensor, weights

STEP = 1e-5
"""The step of a central difference; its error is about ``STEP**2`` and ``2**-52 / STEP``."""

EVERY_OP = pytest.mark.parametrize(
    "op", [op for op in OPS if op.differentiable and "float64" in op.dtypes], ids=repr
)


def probes(op: Op) -> Iterator[Probe]:
    """The op's samples at which it has a derivative by something."""
    for sample in op.samples:
        probe = Probe(op, sample)
        if sample.smooth and probe.start and (sample.only is None or "float64" in sample.only):
            yield probe


class Probe:
    """An op in float64 as a function of all its floating-point arguments laid end to end."""

    def __init__(self, op: Op, sample: Sample) -> None:
        self.op, self.sample = op, sample
        self.data, self.arrays = sample.data(), sample.arrays("float64")
        self.wanted = [d.has_grad("float64") and d.dtype is None for d in self.data]
        self.start = [a for a, w in zip(self.arrays, self.wanted, strict=True) if w]

    def leaves(self, moved: list[Array], grad: bool) -> list[Tensor]:
        left = iter(moved)
        return [
            tensor(
                gpugrad,
                next(left) if wanted else array,
                data.dtype or "float64",
                grad=grad and wanted,
            )
            for data, array, wanted in zip(self.data, self.arrays, self.wanted, strict=True)
        ]

    def outputs(self, leaves: list[Tensor]) -> list[Tensor]:
        args, kwargs = self.sample.filled(leaves, gpugrad)
        results = flat(self.op.function(gpugrad)(*args, **kwargs))
        return [r for r in results if isinstance(r, Tensor) and r.dtype.is_floating_point]

    def value(self, moved: list[Array]) -> float:
        """The results times fixed weights, summed."""
        outputs = self.outputs(self.leaves(moved, False))
        return sum(float((host(r) * host(weights(gpugrad, r))).sum()) for r in outputs)

    def gradient(self, moved: list[Array]) -> list[Array]:
        leaves = self.leaves(moved, True)
        outputs = [r for r in self.outputs(leaves) if r.requires_grad]
        wanted = [x for x in leaves if x.requires_grad]
        if not outputs:
            return [np.zeros(x.shape) for x in wanted]
        grads = gpugrad.autograd.grad(
            outputs, wanted, [weights(gpugrad, r) for r in outputs], materialize_grads=True
        )
        return [host(g) for g in grads]


def direction(arrays: list[Array]) -> list[Array]:
    rng = np.random.default_rng(7)
    return [np.asarray(rng.uniform(-1.0, 1.0, a.shape)) for a in arrays]


def along(arrays: list[Array], way: list[Array], step: float) -> list[Array]:
    return [a + step * w for a, w in zip(arrays, way, strict=True)]


def project(arrays: list[Array], way: list[Array]) -> float:
    return sum(float((a * w).sum()) for a, w in zip(arrays, way, strict=True))


def size(arrays: list[Array]) -> float:
    """A scale for the error of a projection: what its terms sum to in absolute value."""
    return 1.0 + sum(float(np.abs(a).sum()) for a in arrays)


@EVERY_OP
def test_gradient(op: Op) -> None:
    """The derivative in a random direction, against a central difference."""
    for probe in probes(op):
        way = direction(probe.start)
        ahead = probe.value(along(probe.start, way, STEP))
        behind = probe.value(along(probe.start, way, -STEP))
        grads = probe.gradient(probe.start)
        difference = (ahead - behind) / (2 * STEP)
        with about(probe.sample):
            assert project(grads, way) == pytest.approx(difference, abs=1e-8 * size(grads))


@EVERY_OP
def test_second_gradient(op: Op) -> None:
    """The derivative of a projected gradient, by inputs and by incoming gradient."""
    for probe in probes(op):
        with about(probe.sample):
            check_second_gradient(probe)


def check_second_gradient(probe: Probe) -> None:
    leaves = probe.leaves(probe.start, True)
    outputs = [r for r in probe.outputs(leaves) if r.requires_grad]
    wanted = [x for x in leaves if x.requires_grad]
    if not outputs:
        return
    incoming = [weights(gpugrad, r).requires_grad_() for r in outputs]
    grads = gpugrad.autograd.grad(
        outputs, wanted, incoming, create_graph=True, materialize_grads=True
    )
    way, other = direction(probe.start), [host(g) for g in incoming]
    total = sum((g * tensor(gpugrad, w, "float64")).sum() for g, w in zip(grads, way, strict=True))
    second = [np.zeros_like(a) for a in (*probe.start, *other)]
    if total.requires_grad:
        found = gpugrad.autograd.grad(total, [*wanted, *incoming], materialize_grads=True)
        second = [host(g) for g in found]
    count = len(wanted)
    ahead = probe.gradient(along(probe.start, way, STEP))
    behind = probe.gradient(along(probe.start, way, -STEP))
    difference = (project(ahead, way) - project(behind, way)) / (2 * STEP)
    scale = size(second) + size(ahead)
    assert project(second[:count], way) == pytest.approx(difference, abs=1e-8 * scale)
    # The gradient is linear in what comes in: its derivative there is the gradient itself.
    by_incoming = project(second[count:], other)
    here = project(probe.gradient(probe.start), way)
    assert by_incoming == pytest.approx(here, abs=1e-10 * scale)
