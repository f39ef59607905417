"""What carries kernels' tests to a GPU, tried on the stand-in for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests import host_cupy
from tests.kernels import test_elementwise, test_embedding, test_mse, test_rows, test_steps
from tests.kernels.arrays import Placed
from tests.kernels.on_device import Machine


@pytest.fixture
def stand_in() -> Iterator[Machine]:
    with host_cupy.installed():
        yield Machine(host_cupy.module)


CHECKS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "elementwise": (
        test_elementwise,
        lambda: test_elementwise.test_values("tanh_backward", "float16"),
    ),
    "in place": (test_elementwise, lambda: test_elementwise.test_in_place("bfloat16")),
    "rows": (test_rows, lambda: test_rows.test_cross_entropy("float32", (9, 32))),
    "a sum over everything": (test_mse, lambda: test_mse.test_reduce("float64", 9000)),
    "addresses by value and in tables": (test_steps, lambda: test_steps.test_adam("float32")),
    "blocks of another size": (test_embedding, test_embedding.test_fewer_threads),
}


@pytest.mark.parametrize("name", CHECKS)
def test_checks_hold(stand_in: Machine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, check = CHECKS[name]
    monkeypatch.setattr(module, "launch", stand_in.launch)
    check()
    assert host_cupy.launches


def test_a_fault_on_the_device_is_seen(stand_in: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_too_many(name: str, suffix: str, blocks: int, args: Any, *rest: Any) -> None:
        stand_in.launch(name, suffix, blocks, (*args[:-1], args[-1] + 1), *rest)

    monkeypatch.setattr(test_elementwise, "launch", one_too_many)
    with pytest.raises(AssertionError, match="written outside of the output"):
        test_elementwise.test_values("relu_forward", "float32")


def test_alignment_is_kept(stand_in: Machine) -> None:
    for offset in range(5):
        x = Placed(np.arange(3), np.float32, offset)
        seen: list[int] = []

        def note(grid: Any, block: Any, args: Any, seen: list[int] = seen) -> None:
            seen.append(args[0].data.ptr % 16)

        kernel = stand_in.kernels.get("relu_forward", "float32")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel, "_function", note)
            stand_in.launch("relu_forward", "float32", 1, (x.array, x.array, 3))
        assert seen == [4 * offset % 16]
