"""Layers on the samples that PyTorch tests its own layers with.

Compared are first values, printed forms, results in training and evaluation, gradients of inputs
and parameters, their gradients, and what is in ``state_dict`` afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad
from tests.oracle.both_libraries import (
    copied,
    difference,
    error_difference,
    ours,
    outcome,
    picked,
    tensors,
    tree_difference,
)

torch = pytest.importorskip("torch")
modules = pytest.importorskip("torch.testing._internal.common_modules")

INFOS = {info.name.removeprefix("nn."): info for info in modules.module_db}
TYPES = {"float64": 6, "float32": 3, "float16": 1, "bfloat16": 1}
"""How many samples of each type are compared."""


def samples(info: Any, type_name: str, training: bool) -> list[Any]:
    """The samples of one type, always the same."""
    dtype = getattr(torch, type_name)
    if dtype not in info.dtypes:
        return []
    torch.manual_seed(1)
    return list(
        info.module_inputs_func(
            info, device="cpu", dtype=dtype, requires_grad=True, training=training
        )
    )


def pair(info: Any, sample: Any) -> tuple[Any, Any]:
    """The layer made in both libraries from the same seed."""
    name = info.name.removeprefix("nn.")
    arguments = sample.constructor_input
    torch.manual_seed(3)
    their = info.module_cls(*copied(arguments.args), **copied(arguments.kwargs))
    gpugrad.manual_seed(3)
    made = getattr(gpugrad.nn, name)(*ours(arguments.args), **ours(arguments.kwargs))
    return made, their


def plain(text: str) -> str:
    """A printed form without what names the library or an address."""
    return re.sub(r" at 0x[0-9a-f]+", "", text.replace("gpugrad", "torch"))


def state(module: Any) -> dict[str, Any]:
    kinds = (torch.nn.parameter.UninitializedTensorMixin, gpugrad.nn.UninitializedParameter)
    return {k: v for k, v in module.state_dict().items() if not isinstance(v, kinds)}


def compared(info: Any, sample: Any, type_name: str, training: bool) -> str | None:
    """Where the libraries differ on one sample."""
    our, their = pair(info, sample)
    if (found := tree_difference(state(our), state(their))) is not None:
        return f"first values: {found}"
    if plain(repr(our)) != plain(repr(their)):
        return f"printed {our!r} instead of {their!r}"
    if sample.forward_input is None:
        return None
    given = copied([list(sample.forward_input.args), sample.forward_input.kwargs])
    mine = ours(copied(given))
    their.to(getattr(torch, type_name)).train(training)
    our.to(getattr(gpugrad, type_name)).train(training)
    second = info.supports_gradgrad and "16" not in type_name
    results = []
    for lib, module, (args, kwargs) in ((torch, their, given), (gpugrad, our, mine)):

        def call(module: Any = module, args: Any = args, kwargs: Any = kwargs) -> Any:
            return module(*args, **kwargs)

        with torch.backends.mkldnn.flags(enabled=False):
            leaves = Leaves(module, [args, kwargs])
            results.append(outcome(lib, call, leaves, second=second))
    if (found := difference(results[1], results[0])) is not None:
        return found
    if (found := tree_difference(state(our), state(their))) is not None:
        return f"afterwards: {found}"
    return None


class Leaves:
    """The arguments and the parameters of a layer, some of which arise in the first call."""

    def __init__(self, module: Any, arguments: Any) -> None:
        self.module, self.arguments = module, arguments

    def __iter__(self) -> Iterator[Any]:
        yield from tensors(self.arguments)
        yield from self.module.parameters()


def described(sample: Any) -> str:
    made = sample.constructor_input
    text = ", ".join([*map(repr, made.args), *(f"{k}={v!r}" for k, v in made.kwargs.items())])
    given = sample.forward_input
    shapes = [list(t.shape) for t in tensors([given.args, given.kwargs])] if given else None
    return " ".join(f"({text}) on {shapes}".split())


def failures(name: str, type_name: str) -> Iterator[str]:
    info = INFOS[name]
    for training in (True, False) if info.train_and_eval_differ else (True,):
        for sample in picked(samples(info, type_name, training), TYPES[type_name]):
            if (found := compared(info, sample, type_name, training)) is not None:
                yield f"{name}{described(sample)}, training={training}: {found}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("name", INFOS)
def test_samples(name: str, type_name: str) -> None:
    found = list(failures(name, type_name))
    assert not found, "\n".join(found)


def refusals(name: str) -> Iterator[str]:
    """Where the libraries differ on what PyTorch's layer refuses."""
    info = INFOS[name]
    if info.module_error_inputs_func is None:
        return
    torch.manual_seed(1)
    for refused in info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=False, training=True
    ):
        sample = refused.module_error_input
        construction = refused.error_on is modules.ModuleErrorEnum.CONSTRUCTION_ERROR
        errors = []
        for lib, convert in ((torch, copied), (gpugrad, ours)):
            made = convert([list(sample.constructor_input.args), sample.constructor_input.kwargs])
            forward = sample.forward_input
            given = None if construction else convert([list(forward.args), forward.kwargs])

            def run(lib: Any = lib, made: Any = made, given: Any = given) -> Any:
                module = getattr(lib.nn, name)(*made[0], **made[1])
                return module.double()(*given[0], **given[1]) if given else None

            errors.append(outcome(lib, run, [], gradients=False).error)
        if errors[0] is None:
            continue
        if (found := error_difference(errors[1], errors[0])) is not None:
            yield f"{name}{described(sample)}: {found}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", INFOS)
def test_refusals(name: str) -> None:
    found = list(refusals(name))
    assert not found, "\n".join(found)
