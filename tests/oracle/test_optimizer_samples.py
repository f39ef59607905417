"""Optimizers with the arguments that PyTorch tests its own optimizers with.

Compared are the parameters after each of ten steps, ``state_dict`` and the printed form, and the
errors of what PyTorch refuses; with every implementation that PyTorch lets one choose.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad
from tests.oracle.both_libraries import error_difference, ours, tensors, tree_difference

torch = pytest.importorskip("torch")
optimizers = pytest.importorskip("torch.testing._internal.common_optimizers")

INFOS = {info.optim_cls.__name__: info for info in optimizers.optim_db}
TOLERANCES = {"float64": 1e-6, "float32": 2e-4}
"""Muon rounds to bfloat16, and some powers are taken in float32."""
STEPS = 10
SHAPES = ((3, 4), (4, 2))
FLAGS: tuple[dict[str, bool], ...] = (
    {},
    {"foreach": True},
    {"foreach": False},
    {"fused": True},
    {"differentiable": True},
)


def first_values(type_name: str, flat: bool) -> list[Any]:
    """Parameters: matrices, and a vector and a number where an optimizer takes them."""
    shapes = (*SHAPES, (5,), ()) if flat else SHAPES
    generator = torch.Generator().manual_seed(5)
    dtype = getattr(torch, type_name)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def loss(params: list[Any], phase: int) -> Any:
    """A convex function with other gradients in every step."""
    total = 0.0
    for i, p in enumerate(params):
        square = (p - 0.3 * i).square()
        total = total + (square * (1.0 + 0.1 * phase) + 0.05 * square * square).sum()
    return total


def run(lib: Any, name: str, kwargs: dict[str, Any], type_name: str) -> Iterator[Any]:
    """The parameters after each step; at the end what the optimizer keeps and prints."""
    info = INFOS[name]
    values = first_values(type_name, name != "Muon")
    leaves = [v.clone().requires_grad_() for v in (values if lib is torch else ours(values))]
    params = [p.clone() for p in leaves] if kwargs.get("differentiable") else leaves
    for p in params:
        if not p.is_leaf:
            p.retain_grad()
    optimizer = getattr(lib.optim, name)(params, **kwargs)
    for phase in range(STEPS):

        def closure(phase: int = phase) -> Any:
            optimizer.zero_grad()
            value = loss(params, phase)
            if kwargs.get("differentiable"):
                grads = lib.autograd.grad(value, params)
                for p, g in zip(params, grads, strict=True):
                    p.grad = g
            else:
                value.backward()
            return value

        if info.step_requires_closure:
            yield optimizer.step(closure).detach()
        else:
            closure()
            optimizer.step()
        yield [p.detach().clone() for p in params]
    yield optimizer.state_dict()
    yield repr(optimizer)


def compared(name: str, kwargs: dict[str, Any], type_name: str) -> str | None:
    """Where the libraries differ with one choice of arguments."""
    found: list[list[Any]] = []
    errors: list[Exception | None] = []
    for lib in (torch, gpugrad):
        found.append([])
        errors.append(None)
        arguments = dict(kwargs) if lib is torch else ours(kwargs)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found[-1].extend(run(lib, name, arguments, type_name))
        except Exception as error:
            errors[-1] = error
    if any(errors):
        return error_difference(errors[1], errors[0])
    tolerance = 1e-5 if name == "Muon" and type_name == "float64" else TOLERANCES[type_name]
    for i, (their, our) in enumerate(zip(*found, strict=True)):
        if (difference := tree_difference(our, their, True, tolerance)) is not None:
            return f"after {i + 1} of {len(found[0])}: {difference}"
    return None


def choices(name: str) -> Iterator[dict[str, Any]]:
    """The arguments of the samples, with every choice of an implementation."""
    info = INFOS[name]
    for sample in info.optim_inputs_func(device="cpu"):
        for flags in FLAGS:
            if flags.keys() <= {*info.supported_impls}:
                yield {**sample.kwargs, **flags}


@pytest.mark.parametrize("type_name", TOLERANCES)
@pytest.mark.parametrize("name", INFOS)
def test_samples(name: str, type_name: str) -> None:
    found = [
        f"{name}({kwargs}): {difference}"
        for kwargs in choices(name)
        if (difference := compared(name, kwargs, type_name)) is not None
    ]
    assert not found, "\n".join(found)


def refusals(name: str) -> Iterator[str]:
    """Where the libraries differ on what PyTorch's optimizer refuses."""
    info = INFOS[name]
    for refused in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        sample = refused.optimizer_error_input
        in_step = refused.error_on is optimizers.OptimizerErrorEnum.STEP_ERROR
        if in_step or any(t.is_sparse or t.is_complex() for t in tensors(sample.params)):
            continue  # complex or sparse numbers
        errors: list[Exception | None] = []
        for lib in (torch, gpugrad):
            params = sample.params if lib is torch else ours(sample.params)
            kwargs = sample.kwargs if lib is torch else ours(sample.kwargs)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    getattr(lib.optim, name)(params, **kwargs)
                errors.append(None)
            except Exception as error:
                errors.append(error)
        if errors[0] is None:
            continue
        if (found := error_difference(errors[1], errors[0])) is not None:
            yield f"{name}({sample.kwargs}): {found}"


@pytest.mark.parametrize("name", INFOS)
def test_refusals(name: str) -> None:
    found = list(refusals(name))
    assert not found, "\n".join(found)
