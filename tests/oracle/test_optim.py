"""Optimizers against PyTorch's, for every combination of options."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from tests.oracle.optimizer_runs import (
    BOTH,
    combinations,
    compare_continued,
    compare_in_turns,
    compare_runs,
)
from tests.oracle.refusals import refused_alike

torch = pytest.importorskip("torch")

NAMES = ["SGD", "Adam", "AdamW", "RMSprop"]

CASES = [
    ("SGD", options)
    for options in combinations(
        lr=[0.1],
        momentum=[0, 0.9],
        dampening=[0, 0.3],
        weight_decay=[0, 0.01],
        nesterov=BOTH,
        maximize=BOTH,
    )
    if not options["nesterov"] or (options["momentum"] and not options["dampening"])
]
CASES += [
    ("Adam", options)
    for options in combinations(
        lr=[0.01],
        betas=[(0.9, 0.999), (0.4, 0.9), (0.0, 0.99)],
        weight_decay=[0, 0.01],
        amsgrad=BOTH,
        maximize=BOTH,
    )
]
CASES += [
    ("AdamW", options)
    for options in combinations(
        lr=[0.01], eps=[1e-3], weight_decay=[0.0, 0.1], amsgrad=BOTH, maximize=BOTH
    )
]
CASES += [
    ("RMSprop", options)
    for options in combinations(
        lr=[0.01],
        alpha=[0.99, 0.3],
        weight_decay=[0, 0.01],
        momentum=[0, 0.9],
        centered=BOTH,
        maximize=BOTH,
    )
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{'-'.join(map(str, o.values()))}" for n, o in CASES]
)
def test_parameters(name: str, options: dict[str, Any], dtype: str) -> None:
    if dtype == "float16" and name == "Adam":
        options = {**options, "eps": 1e-3}  # float16 has no 1e-8: PyTorch divides by zero
    compare_runs(name, options, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_that_come_and_go(name: str) -> None:
    options = {"lr": 0.05, **({"momentum": 0.9, "dampening": 0.5} if name == "SGD" else {})}
    compare_in_turns(name, options)


@pytest.mark.parametrize("name", NAMES)
def test_states_go_both_ways(name: str) -> None:
    options = {"lr": 0.05, **({"momentum": 0.9} if name in ("SGD", "RMSprop") else {})}
    compare_continued(name, options)


@pytest.mark.parametrize("name", NAMES)
def test_printed_form(name: str) -> None:
    def printed(library: Any) -> str:
        groups = [{"params": library.zeros(2)}, {"params": [library.zeros(2)], "lr": 0.25}]
        return repr(getattr(library.optim, name)(groups, weight_decay=0.5))

    assert printed(gpugrad) == printed(torch)


def wrong_calls(library: Any) -> list[Any]:
    optim, zeros = library.optim, library.zeros
    leaf = zeros(2, requires_grad=True)
    named = [("a", zeros(1)), ("b", zeros(1))]
    return [
        lambda: optim.SGD([]),
        lambda: optim.SGD(leaf),
        lambda: optim.SGD([1]),
        lambda: optim.SGD(["a"]),
        lambda: optim.SGD([{"params": {leaf}}]),
        lambda: optim.SGD([leaf * 2]),
        lambda: optim.SGD([{"params": [leaf]}, {"params": leaf}]),
        lambda: optim.SGD([leaf]).add_param_group([leaf]),
        lambda: optim.SGD([leaf]).add_param_group({"params": [leaf]}),
        lambda: optim.SGD([*named, zeros(1)]),
        lambda: optim.SGD(named).add_param_group({"params": [leaf]}),
        lambda: optim.SGD([leaf]).add_param_group({"params": named}),
        lambda: optim.SGD([leaf], lr=-1),
        lambda: optim.SGD([leaf], lr=zeros(2)),
        lambda: optim.SGD([leaf], momentum=-0.5),
        lambda: optim.SGD([leaf], weight_decay=-0.5),
        lambda: optim.SGD([leaf], nesterov=True),
        lambda: optim.SGD([leaf], momentum=0.1, dampening=0.1, nesterov=True),
        lambda: optim.Adam([leaf], lr=-1.0),
        lambda: optim.Adam([leaf], eps=-1.0),
        lambda: optim.Adam([leaf], betas=(1.0, 0.5)),
        lambda: optim.Adam([leaf], betas=(0.5, -1.0)),
        lambda: optim.Adam([leaf], betas=(0, 0.5)),
        lambda: optim.Adam([leaf], weight_decay=-1),
        lambda: optim.Adam([leaf], foreach=True, fused=True),
        lambda: optim.AdamW([leaf], weight_decay=-1),
        lambda: optim.RMSprop([leaf], lr=-1.0),
        lambda: optim.RMSprop([leaf], eps=-1.0),
        lambda: optim.RMSprop([leaf], momentum=-1.0),
        lambda: optim.RMSprop([leaf], alpha=-1.0),
        lambda: optim.RMSprop([leaf], weight_decay=-1.0),
        lambda: optim.SGD([leaf]).load_state_dict({"state": {}, "param_groups": []}),
        lambda: optim.SGD([leaf]).load_state_dict(
            {"state": {}, "param_groups": [{"params": [0, 1]}]}
        ),
    ]


test_errors = refused_alike(wrong_calls)
