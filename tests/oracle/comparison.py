"""Evaluating one expression with both libraries and comparing all that it gives.

Compared are values and gradients, types, printed forms, errors with their texts, and warnings.
"""

from __future__ import annotations

import re
import warnings
from types import ModuleType
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")

LOGITS = [[0.3, -1.2, 2.0], [0.1, 0.2, -0.4]]
CLASS_WEIGHT = [1.0, 2.0, 0.5]


def names(lib: ModuleType) -> dict[str, Any]:
    """What the expressions may use, made anew for every case."""
    nn = lib.nn
    logits = lib.tensor(LOGITS, requires_grad=True)
    return {
        "torch": lib,
        "nn": nn,
        "F": nn.functional,
        "init": nn.init,
        "T": lib.tensor,
        "zeros": lib.zeros,
        "ones": lib.ones,
        "long": lib.int64,
        "a": logits,
        "i": lib.tensor([2, 0]),
        "w": lib.tensor(CLASS_WEIGHT),
        "z": lib.zeros(2, 3),
        "s": lib.sigmoid(logits),
        "p": lib.softmax(lib.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), 1),
        "x": lib.linspace(-3.0, 3.0, 12).reshape(2, 2, 3).requires_grad_(),
        "seq": nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
    }


def plain(text: str) -> str:
    """A text without what may differ: where classes are defined, and addresses."""
    text = re.sub(r"(torch|gpugrad)\.nn\.[a-z_.]*(?=[A-Z])", "", text)
    text = text.replace("gpugrad", "torch")
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def is_tensor(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, gpugrad.Tensor))


def outcome(lib: ModuleType, source: str) -> Any:
    """The value of an expression with its gradient, or its error; and the warnings it gave."""
    lib.manual_seed(7)
    space = names(lib)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # NumPy's remarks on infinities and nans, which the package turns off where it is imported.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gpugrad\.")
        try:
            value = eval(source, space)
        except Exception as error:
            return type(error).__name__, plain(str(error)), messages(caught)
        if not is_tensor(value):
            return plain(repr(value)), messages(caught)
        grads = []
        if value.requires_grad and value.dim() < 3 and not value.is_leaf:
            (value * value.detach().exp()).sum().backward()
            grads = [g for name in ("a", "x") if (g := space[name].grad) is not None]
    return value, grads, messages(caught)


def messages(caught: list[warnings.WarningMessage]) -> list[str]:
    # The texts name documentation pages that only PyTorch has.
    return [f"{w.category.__name__}: {re.sub(r' See https.*', '', str(w.message))}" for w in caught]


def check(source: str) -> None:
    theirs, ours = outcome(torch, source), outcome(gpugrad, source)
    assert len(ours) == len(theirs), (ours, theirs)
    for our, their in zip(ours, theirs, strict=True):
        if is_tensor(their):
            same_tensor(our, their)
        elif isinstance(their, list) and any(is_tensor(t) for t in [*their, *our]):
            assert len(our) == len(their)
            for one, other in zip(our, their, strict=True):
                same_tensor(one, other)
        else:
            assert our == their


def same_tensor(ours: Any, theirs: Any) -> None:
    assert isinstance(ours, gpugrad.Tensor)
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.requires_grad == theirs.requires_grad
    tolerance = 2e-3 if str(theirs.dtype).endswith("16") else 2e-6
    assert flat(ours) == pytest.approx(flat(theirs), rel=tolerance, abs=tolerance, nan_ok=True)


def flat(tensor: Any) -> list[Any]:
    values: list[Any] = tensor.detach().reshape(-1).tolist()
    return values
