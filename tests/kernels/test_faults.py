"""Mistakes put into the sources are caught by the tests, so their silence means something.

What only a sanitizer sees is in ``test_sanitized.py``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.kernels import (
    emulation,
    test_bias_activation,
    test_clip_grad_norm,
    test_dropout,
    test_elementwise,
    test_embedding,
    test_mse,
    test_rows,
    test_sigmoid_mse,
    test_steps,
    test_unscale,
)
from tests.kernels.emulation import host_source


@dataclass(frozen=True)
class Fault:
    """A mistake.

    Attributes:
        stem: in the source that is compiled.
        right: the text, in it or in its headers.
        wrong: what stands there instead.
        check: a test that must fail.
        failure: how: by a wrong number, or by threads that wait forever.
    """

    stem: str
    right: str
    wrong: str
    check: Callable[[], Any]
    failure: type[Exception] = AssertionError


FAULTS = {
    "a line too few in the sum of columns": Fault(
        "bias",
        "const int half = (n + 1) / 2;",
        "const int half = n / 2;",
        lambda: test_bias_activation.test_column_sum("float32"),
    ),
    "no barrier between the steps of a sum of columns": Fault(
        "bias",
        "        __syncthreads();\n        if (mine.line + half < n) {",
        "        if (mine.line + half < n) {",
        lambda: test_bias_activation.test_column_sum("float32"),
    ),
    "the wrong row on its way": Fault(
        "bias_activation",
        "load(in[a] + (i + AHEAD * apart), coming[j][a]);",
        "load(in[a] + (i + apart), coming[j][a]);",
        lambda: test_bias_activation.test_backward("float32", "relu"),
    ),
    "the bias of the column beside": Fault(
        "bias_activation",
        "load(b + mine.first + k * mine.apart, body.bias);",
        "load(b + mine.first + k, body.bias);",
        lambda: test_bias_activation.test_forward("float32", "relu"),
    ),
    "the other sign for the target": Fault(
        "sigmoid_mse",
        "dy = -grad;",
        "dy = grad;",
        lambda: test_sigmoid_mse.test_backward("float32", 1, False),
    ),
    "wrong derivative": Fault(
        "tanh",
        "dy * (C(1) - y * y)",
        "dy * (C(1) - y)",
        lambda: test_elementwise.test_values("tanh_backward", "float32"),
    ),
    "tail forgotten": Fault(
        "relu",
        "i < n - packed;",
        "i < n - packed - 1;",
        lambda: test_elementwise.test_values("relu_forward", "float32"),
    ),
    "one element too many": Fault(
        "relu",
        "i < n - packed;",
        "i < n - packed + 1;",
        lambda: test_elementwise.test_values("relu_forward", "float32"),
    ),
    "one of two packs in the wrong place": Fault(
        "relu",
        "store_pack(out + next, b);",
        "store_pack(out + at, b);",
        lambda: test_elementwise.test_values("relu_forward", "float32"),
    ),
    "no barrier after the sums of the warps": Fault(
        "mse",
        "= v;\n    __syncthreads();\n    v = lane",
        "= v;\n    v = lane",
        lambda: test_mse.test_reduce("float32", 9000),
    ),
    "a barrier for half of the threads": Fault(
        "mse",
        "= v;\n    __syncthreads();\n    v = lane",
        "= v;\n    if (threadIdx.x < 128) __syncthreads();\n    v = lane",
        lambda: test_mse.test_reduce("float32", 9000),
        RuntimeError,
    ),
    "counter not put back": Fault(
        "mse",
        "if (last) *counter = 0;",
        "",
        lambda: test_mse.test_reduce("float32", 9000),
    ),
    "the last block but one finishes": Fault(
        "mse",
        "== blocks - 1;",
        "== blocks - 2;",
        lambda: test_mse.test_reduce("float32", 9000),
    ),
    "infinity minus infinity": Fault(
        "softmax",
        "(x == total.largest ? C(1) : ratio)",
        "ratio",
        lambda: test_rows.test_softmax("float32", (9, 32)),
    ),
    "class's own element in the wrong place": Fault(
        "cross_entropy",
        "narrow(own, dx[r * cols + target[r]]);",
        "narrow(own, dx[r * cols]);",
        lambda: test_rows.test_cross_entropy("float32", (9, 32)),
    ),
    "no barrier before the class's own element": Fault(
        "cross_entropy",
        "map(team.walk(), cols, f, dx + r * cols, row);\n        team.sync();",
        "map(team.walk(), cols, f, dx + r * cols, row);",
        lambda: test_rows.test_cross_entropy("float32", (9, 32)),
    ),
    "ignored rows counted": Fault(
        "cross_entropy",
        "target[r] == ignored ? C(0) : C(1)",
        "target[r] < ignored ? C(0) : C(1)",
        lambda: test_rows.test_cross_entropy_mean("float32", 33),
    ),
    "gradient not divided by the count": Fault(
        "cross_entropy",
        "return count ? grad / *count : grad;",
        "return grad;",
        lambda: test_rows.test_cross_entropy("float32", (9, 32)),
    ),
    "last line of threads forgotten": Fault(
        "layer_norm",
        "for (int k = 1; k < lines; ++k) v",
        "for (int k = 1; k < lines - 1; ++k) v",
        lambda: test_rows.test_layer_norm_affine_gradient("float32", 3),
    ),
    "no barrier between two sums over lines": Fault(
        "layer_norm",
        "of_thread[threadIdx.x] = v;\n    __syncthreads();",
        "of_thread[threadIdx.x] = v;",
        lambda: test_rows.test_layer_norm_affine_gradient("float32", 3),
    ),
    "step counted by every block": Fault(
        "adam",
        "if (last_block(counter, gridDim.x) && threadIdx.x == 0)",
        "if (counter && threadIdx.x == 0)",
        lambda: test_steps.test_adam("float32"),
    ),
    "a skipped step is counted": Fault(
        "adam",
        "if (skipped(found_inf)) return;",
        "if (skipped(found_inf)) return count_step(step, counter);",
        lambda: test_steps.test_a_step_with_infinite_gradients_changes_nothing("adam_step"),
    ),
    "another hyperparameter in memory": Fault(
        "adam",
        "varying >> k & 1 ? numbers[k] : number",
        "varying >> k & 1 ? numbers[0] : number",
        lambda: test_steps.test_hyperparameters_in_memory("adam_step", "float32"),
    ),
    "unscaled gradients not written back": Fault(
        "sgd",
        "if (write_first) store_pack(at[0] + j,",
        "if (!write_first) store_pack(at[0] + j,",
        lambda: test_steps.test_gradients_are_divided_by_the_scale("sgd_step", "float32"),
    ),
    "second pack of two taken twice": Fault(
        "sgd",
        "i += 2 * blockDim.x",
        "i += blockDim.x",
        lambda: test_steps.test_sgd("float32"),
    ),
    "gradient of the next parameter": Fault(
        "sgd",
        "table.given.at[array]",
        "table.given.at[array ^ 1]",
        lambda: test_steps.test_as_many_arrays_as_fit_and_one_more(448),
    ),
    "nan lost among the largest": Fault(
        "clip_grad_norm",
        "a > b || a != a ? a : b",
        "a > b ? a : b",
        lambda: test_clip_grad_norm.test_norm_of_what_is_not_finite(float("nan"), float("inf")),
    ),
    "gradients enlarged": Fault(
        "clip_grad_norm",
        "if (factor >= C(1)) return;",
        "",
        lambda: test_clip_grad_norm.test_clip(0.125, "float32"),
    ),
    "nan not found": Fault(
        "unscale",
        "bad |= value[0] - value[0] != C(0);",
        "bad |= fabs(value[0]) > C(3e38);",
        lambda: test_unscale.test_an_infinite_gradient_is_found_wherever_it_is(
            float("nan"), "float32"
        ),
    ),
    "decay of the wrong kind": Fault(
        "adam",
        "if (decoupled) {",
        "if (!decoupled) {",
        lambda: test_steps.test_adam("float32"),
    ),
    "one half of the key is the same in every round": Fault(
        "dropout",
        "key1 += 0xbb67ae85u;",
        "",
        lambda: test_dropout.test_both_ways("float32", 257),
    ),
    "every block takes a draw": Fault(
        "dropout",
        "if (!last_block(counter, gridDim.x) || threadIdx.x != 0) return;",
        "if (counter == nullptr || threadIdx.x != 0) return;",
        lambda: test_dropout.test_both_ways("float32", 257),
    ),
    "an index one too large is a row": Fault(
        "embedding",
        "if (r >= 0 && r < rows) {",
        "if (r >= 0 && r <= rows) {",
        lambda: test_embedding.test_forward("float32", (40, 7, 33)),
    ),
    "no barrier before the sums of other warps": Fault(
        "embedding",
        "counts[warp] = count;\n        __syncthreads();",
        "counts[warp] = count;",
        lambda: test_embedding.check_backward("float32", (300, 4, 264), (-1, 0, 1), False),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    text = emulation.inlined(fault.stem)
    assert fault.right in text
    wrong = host_source(fault.stem, text.replace(fault.right, fault.wrong), ("float32", "float16"))
    library = ctypes.CDLL(str(emulation.finish_build(emulation.start_build(wrong))))
    monkeypatch.setattr(emulation, "emulated", lambda stem: library)
    with pytest.raises(fault.failure), np.errstate(all="ignore"):
        for _ in range(3):  # orders of threads differ from call to call
            fault.check()
