"""The waist's promise: every primitive that makes an array can write it into a given one."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.primitives import Primitives
from gpugrad.backend.ufuncs import UFUNCS
from gpugrad.backend.windows import Geometry

X = np.array([[0.25, 0.5, 0.75], [0.125, 0.375, 0.625]])
Y = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
MASK = X > 0.3
INTEGERS = np.array([[1, 2, 3], [4, 5, 6]])
INDEX = np.array([[0], [2]])
TARGET = np.array([2, 0])

IMAGE = np.arange(9.0).reshape(1, 1, 3, 3)
KERNEL = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
WINDOW = Geometry((2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))

HEADS = Y.reshape(2, 1, 3)
SEEN, WEIGHTS = cpu.attention(HEADS, HEADS, HEADS, True, 0.5)
STATE = np.array([[0.5]])
GATES = np.array([[0.5, -0.25, 0.75, 0.125]])
CELL = cpu.lstm_cell(GATES, STATE)
LAYER = (X.reshape(2, 1, 3), np.array([Y[0] / 5] * 4), np.ones((4, 1)))
LAST, _, *TRAIL = cpu.recurrence(*LAYER, STATE, STATE, None, None, "LSTM", False)

CALLS: dict[str, tuple[Any, ...]] = {
    "zeros": ((2, 3), np.float64),
    "full": ((2, 3), 7.0, np.float64),
    "arange": (1, 4, 1, np.float64),
    "copy": (X,),
    "cast": (X, np.float32),
    "zeros_like": (X,),
    "ones_like": (X,),
    "concatenate": ([X, Y], 0),
    "stack": ([X, Y],),
    "scatter_nd": (X[:, 0], (np.array([0, 0]), np.array([1, 1])), (2, 3)),
    "take_along_axis": (X, INDEX, 1),
    "scatter_along_axis": (X[:, :1], INDEX, 1, (2, 3)),
    "clamp": (X, 0.2, 0.6),
    "where": (MASK, X, Y),
    "sum": (X, 0),
    "mean": (X, 1),
    "prod": (X, 0),
    "amax": (X, 1),
    "amin": (X, 1),
    "any": (MASK, 0),
    "all": (MASK, 0),
    "argmax": (X, 1),
    "argmin": (X, 1),
    "cumsum": (X, 1),
    "cumprod": (X, 1),
    "argsort": (X, 1),
    "matmul": (X, Y.T),
    "linear": (X, Y, np.array([1.0, 2.0])),
    "erf": (X,),
    "erfc": (X,),
    "erfinv": (X,),
    "logit": (X, 0.2),
    "frac": (Y / 3,),
    "sgn": (X - 0.4,),
    "integer_pow": (INTEGERS, INTEGERS - 3),
    "sinc": (X,),
    "nan_to_num": (np.array([np.nan, np.inf, -np.inf, 1.0]), 0.5, 2.0, -2.0),
    "heaviside": (X - 0.5, np.array(0.5)),
    "xlogy": (X, Y),
    "lgamma": (X,),
    "digamma": (X,),
    "gamma_slope": (Y, X),
    "dirichlet_slope": (X, Y, Y + 1.0),
    "polygamma": (X, 2),
    "zeta": (X + 1.5, Y),
    "igamma": (X, Y),
    "igammac": (X, Y),
    "i0": (X,),
    "i0e": (X,),
    "i1": (X,),
    "i1e": (X,),
    "k0": (X,),
    "k1": (X, True),
    "bessel_j0": (X,),
    "bessel_j1": (X,),
    "bessel_y0": (X,),
    "bessel_y1": (X,),
    "spherical_bessel_j0": (X,),
    "airy_ai": (X,),
    "ndtr": (X,),
    "ndtri": (X / 2,),
    "log_ndtr": (X,),
    "erfcx": (X,),
    "entr": (X,),
    "xlog1py": (X, Y),
    "orthogonal_polynomial": (X, INTEGERS, "hermite_polynomial_h", False),
    "matrix_exp": (X[:, :2],),
    "frexp_exponent": (X,),
    "lu_factors": (X, True),
    "rsqrt": (X,),
    "sigmoid": (X,),
    "sigmoid_grad": (X, Y),
    "tanh_grad": (X, Y),
    "relu": (X - 0.4,),
    "relu_grad": (np.maximum(X - 0.4, 0), Y),
    "leaky_relu": (X - 0.4, 0.1),
    "hardtanh_grad": (X, Y, 0.2, 0.6),
    "leaky_relu_grad": (X - 0.4, Y, 0.1),
    "elu": (X - 0.4, 1.5),
    "softplus": (X, 2.0, 1.0),
    "softplus_grad": (X, Y, 2.0, 1.0),
    "silu": (X,),
    "silu_grad": (X, Y),
    "gelu": (X, "tanh"),
    "gelu_grad": (X, Y, "none"),
    "cube": (X,),
    "trunc_divide": (Y, X),
    "addcmul": (X, Y, X, 0.5),
    "addcdiv": (X, Y, X, 0.5),
    "add_scaled": (X, Y, 0.5),
    "lerp": (X, Y, 0.7),
    "div_grad": (X, Y, X),
    "sum_of_squares": (X, 1),
    "triangle": (X, 1, True),
    "cumsum_backward": (X, 1),
    "clamp_grad": (X, Y, 0.2, None),
    "elu_grad": (X - 0.4, Y, 1.5),
    "hardsigmoid": (X,),
    "hardsigmoid_grad": (X, Y),
    "hardswish": (X,),
    "hardswish_grad": (X, Y),
    "log_sigmoid": (X,),
    "log_sigmoid_grad": (X, Y),
    "mish": (X,),
    "mish_grad": (X, Y),
    "bce_with_logits": (X, Y),
    "bce_with_logits_grad": (X, Y, X),
    "huber": (X, Y, 0.3, 2.0),
    "huber_grad": (X, Y, X, 0.3, 2.0),
    "softmax": (X, 1),
    "softmax_grad": (X, Y, 1),
    "log_softmax": (X, 1),
    "log_softmax_grad": (X, Y, 1),
    "mse": (X, Y, "mean"),
    "column_sum": (X,),
    "bias_activation": (X, np.array([0.5, -0.5, 0.25]), "gelu"),
    "bias_activation_grad": (X, np.array([0.5, -0.5, 0.25]), Y, "gelu", (True, True)),
    "sigmoid_mse": (X, Y, "mean", True),
    "sigmoid_mse_grad": (X, Y, np.float64(2.0), 0.5, (True, True)),
    "mse_grad": (X, Y, np.float64(2.0), 0.5),
    "total_norm": ([X, Y], 2.0),
    "pad": (X, ((0, 1), (2, 0)), 3.0),
    "unfold": (IMAGE, WINDOW),
    "fold": (cpu.unfold(IMAGE, WINDOW), WINDOW, (3, 3)),
    "conv": (IMAGE, KERNEL, np.array([1.0]), WINDOW, 1),
    "conv_transpose": (IMAGE, KERNEL, WINDOW, 1, (4, 4)),
    "conv_weight": (IMAGE, cpu.conv(IMAGE, KERNEL, None, WINDOW, 1), WINDOW, 1),
    "window_max": (IMAGE, WINDOW),
    "window_sum": (IMAGE, WINDOW),
    "window_argmax": (IMAGE, WINDOW),
    "window_spread": (cpu.window_sum(IMAGE, WINDOW), WINDOW, (3, 3)),
    "window_max_grad": (X, np.array([[3, 0, 0], [1, 1, 2]]), (2, 2, 2)),
    "channel_sum": (IMAGE,),
    "cross_entropy": (X, TARGET, None),
    "cross_entropy_mean": (X[:, 0], TARGET, 0),
    "dropout": (X, np.array([1, 2]), 0.25),
    "embedding": (X, np.array([[1, 0], [1, 1]])),
    "embedding_grad": (np.ones((2, 2, 3)), np.array([[1, 0], [1, 1]]), 4, 0, True),
    "cross_entropy_grad": (X, TARGET, np.array([1.0, 2.0]), np.array(2.0), 0),
    "attention": (HEADS, HEADS, HEADS, True, 0.5),
    "attention_grad": (WEIGHTS, HEADS, HEADS, HEADS, SEEN, HEADS, 0.5, (True, True, True)),
    "recurrence": (*LAYER, STATE, STATE, None, None, "LSTM", False),
    "recurrence_grad": (*TRAIL, *LAYER, LAST, STATE, "LSTM", False, (True,) * 7),
    "layer_norm": (X, X[0], X[1], 1e-5),
    "lstm_cell": (GATES[:, :4], STATE),
    "lstm_cell_grad": (*CELL[2:], STATE, STATE, None),
    "gru_cell": (GATES[:, :3], GATES[:, 1:4], STATE),
    "gru_cell_grad": (GATES[:, :2], STATE, GATES[:, :3], STATE, STATE),
    "batch_norm": (X, X[0], X[1], 1e-5),
    "batch_norm_grad": (X, Y, X[0], X[1], Y[0], 1e-5, (True, True, True)),
    "group_norm": (X[:, None, :, None], X[0, :1], X[1, :1], 1, 1e-5),
    "group_norm_grad": (IMAGE, IMAGE, X[0, :1], X[:1, :1], Y[:1, :1], 1, (True, True, True)),
    "layer_norm_grad": (X, Y, X[0], X[:, :1], Y[:, :1], (True, True, True)),
}
"""A call of every primitive that makes an array."""

NO_NEW_ARRAY = {
    # questions, and moves between devices
    *("device", "on", "address", "to_host", "from_host", "move", "writable", "asarray"),
    # how a replay is made
    *("memory", "view_of", "strided", "lowered", "executor", "rewritten", "in_blocks"),
    # memory without a value, views, and writes into the first operand
    *("empty", "reshape", "permute", "broadcast_to", "expand", "getitem", "flip", "into"),
    *("fill", "setitem", "index_add"),
    # its own test is with the expressions that it takes
    "generated",
    # of a size that the values decide
    "nonzero",
    # takes another draw at each call
    "draw_dropout",
    # noted in its parts, so no plan calls it
    "linear_grad",
    # optimizer steps update their operands
    *("sgd_step", "adam_step", "rmsprop_step", "adam_scalars", "step_scratch", "constant"),
    *("adamax_step", "nadam_step", "radam_step", "adagrad_step", "adadelta_step", "rprop_step"),
    "asgd_step",
    # and so does what is done to gradients before
    *("clip_by_norm", "unscale", "update_scale", "scaled_step"),
}


def primitives() -> list[str]:
    return [
        name
        for name, _ in inspect.getmembers(Primitives, inspect.isfunction)
        if not name.startswith("_")
    ]


def test_the_lists_name_every_primitive() -> None:
    unnamed = [n for n in primitives() if n not in CALLS and n not in NO_NEW_ARRAY]
    assert unnamed == []


@pytest.mark.parametrize("name", CALLS)
def test_out_is_written_and_returned(name: str) -> None:
    function = getattr(cpu, name)
    plain = function(*CALLS[name])
    if isinstance(plain, tuple):
        outs = tuple(np.full_like(p, 9) for p in plain)
        given = function(*CALLS[name], out=outs)
        for expected, out, found in zip(plain, outs, given, strict=True):
            assert found is out
            np.testing.assert_array_equal(out, expected)
        return
    out = np.full(np.shape(plain), 9, np.asarray(plain).dtype)
    assert function(*CALLS[name], out=out) is out
    np.testing.assert_allclose(out, plain, rtol=1e-15)


@pytest.mark.parametrize("name", UFUNCS)
def test_elementwise_out(name: str) -> None:
    function = getattr(cpu, name)
    whole = name.startswith(("bitwise", "left", "right"))
    operands: tuple[Any, ...] = (
        (INTEGERS, INTEGERS) if whole else (X, Y) if name != "acosh" else (Y, Y)
    )
    operands = operands[: getattr(np, UFUNCS[name]).nin]
    plain = function(*operands)
    out = np.zeros_like(plain)
    assert function(*operands, out=out) is out
    np.testing.assert_array_equal(out, plain)
