"""Data types: names, promotion tables as PyTorch's, and what numbers do to a tensor's type."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import gpugrad

NAMES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]

PROMOTION = """
      b1 u8 i8 i16 i32 i64 f16 bf16 f32 f64
b1    b1 u8 i8 i16 i32 i64 f16 bf16 f32 f64
u8    u8 u8 i16 i16 i32 i64 f16 bf16 f32 f64
i8    i8 i16 i8 i16 i32 i64 f16 bf16 f32 f64
i16   i16 i16 i16 i16 i32 i64 f16 bf16 f32 f64
i32   i32 i32 i32 i32 i32 i64 f16 bf16 f32 f64
i64   i64 i64 i64 i64 i64 i64 f16 bf16 f32 f64
f16   f16 f16 f16 f16 f16 f16 f16 f32 f32 f64
bf16  bf16 bf16 bf16 bf16 bf16 bf16 f32 bf16 f32 f64
f32   f32 f32 f32 f32 f32 f32 f32 f32 f32 f64
f64   f64 f64 f64 f64 f64 f64 f64 f64 f64 f64
"""
"""The type of a sum of two tensors, by the types of the operands."""

SHORT = dict(
    zip(["b1", "u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"], NAMES, strict=True)
)


def kind(name: str) -> Any:
    return getattr(gpugrad, name)


def pairs() -> list[tuple[str, str, str]]:
    rows = [line.split() for line in PROMOTION.strip().splitlines()]
    return [
        (SHORT[row[0]], SHORT[column], SHORT[result])
        for row in rows[1:]
        for column, result in zip(rows[0], row[1:], strict=True)
    ]


@pytest.mark.parametrize("left, right, expected", pairs())
def test_promotion_of_tensors(left: str, right: str, expected: str) -> None:
    a, b = gpugrad.ones(2, dtype=kind(left)), gpugrad.ones(2, dtype=kind(right))
    assert gpugrad.promote_types(kind(left), kind(right)) is kind(expected)
    assert gpugrad.result_type(a, b) is kind(expected)
    assert (a + b).dtype is kind(expected)
    assert (a == b).all()


@pytest.mark.parametrize("left, right, expected", pairs())
def test_a_scalar_tensor_changes_kinds_only(left: str, right: str, expected: str) -> None:
    """A 0-d tensor beside one with dimensions: its kind counts, its width does not."""
    wide, scalar = gpugrad.ones(2, dtype=kind(left)), gpugrad.ones((), dtype=kind(right))
    if (
        right == "bool"
        or (not kind(right).is_floating_point and left != "bool")
        or kind(left).is_floating_point
    ):
        assert (wide + scalar).dtype is kind(left)
    else:
        assert (wide + scalar).dtype is kind(right)
    assert (scalar + wide).dtype is (wide + scalar).dtype


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_weak(name: str) -> None:
    x = gpugrad.ones(2, dtype=kind(name))
    floating = kind(name).is_floating_point
    assert (x + 1).dtype is (gpugrad.int64 if name == "bool" else kind(name))
    assert (x * 2.5).dtype is (kind(name) if floating else gpugrad.float32)
    assert (x + True).dtype is kind(name)
    assert (2 * x).dtype is (x * 2).dtype
    assert (x / 2).dtype is (kind(name) if floating else gpugrad.float32)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_type_knows(name: str) -> None:
    d = kind(name)
    assert repr(d) == f"torch.{name}"
    assert d.itemsize == gpugrad.zeros(1, dtype=d).element_size()
    assert d.is_signed == (name not in ("bool", "uint8"))
    assert not d.is_complex
    assert copy.copy(d) is copy.deepcopy(d) is d
    assert pickle.loads(pickle.dumps(d)) is d
    assert gpugrad.zeros(1).to(d).dtype is d


def test_second_names() -> None:
    assert gpugrad.float is gpugrad.float32
    assert gpugrad.double is gpugrad.float64
    assert gpugrad.half is gpugrad.float16
    assert gpugrad.long is gpugrad.int64
    assert gpugrad.int is gpugrad.int32
    assert gpugrad.short is gpugrad.int16


@pytest.mark.parametrize(
    "method, name",
    [
        ("float", "float32"),
        ("double", "float64"),
        ("half", "float16"),
        ("bfloat16", "bfloat16"),
        ("int", "int32"),
        ("long", "int64"),
        ("short", "int16"),
        ("char", "int8"),
        ("byte", "uint8"),
        ("bool", "bool"),
    ],
)
def test_conversion_methods(method: str, name: str) -> None:
    x = gpugrad.tensor([0.0, 1.75, 3.0])
    y = getattr(x, method)()
    assert y.dtype is kind(name)
    assert y.tolist() == x.to(kind(name)).tolist() == x.type(kind(name)).tolist()


def test_python_s_types_name_types() -> None:
    assert gpugrad.ones(1, dtype=float).dtype is gpugrad.float64
    assert gpugrad.ones(1, dtype=int).dtype is gpugrad.int64
    assert gpugrad.ones(1, dtype=bool).dtype is gpugrad.bool
    with pytest.raises(TypeError, match="must be"):
        gpugrad.ones(1, dtype="float32")


def test_conversion_that_changes_nothing_is_the_tensor_itself() -> None:
    x = gpugrad.ones(2)
    assert x.float() is x
    assert x.to(gpugrad.float32) is x
    assert x.to("cpu") is x
    assert x.to(gpugrad.float32, copy=True) is not x
    assert x.to(x) is x
    assert x.type_as(gpugrad.ones(1, dtype=gpugrad.float64)).dtype is gpugrad.float64


def test_gradients_pass_through_conversions() -> None:
    x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    y = (x.double() * 3).half()
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert x.grad.dtype is gpugrad.float32
    assert not x.long().requires_grad


def test_floats_become_integers_towards_zero() -> None:
    assert gpugrad.tensor([1.9, -1.9, 0.5]).long().tolist() == [1, -1, 0]
    assert gpugrad.tensor([0.0, 0.1, -2.0]).bool().tolist() == [False, True, True]
    assert gpugrad.tensor([300, -1]).byte().tolist() == [44, 255]
    assert gpugrad.tensor([200]).char().tolist() == [-56]


def test_integers_wrap_round() -> None:
    assert (gpugrad.tensor([250], dtype=gpugrad.uint8) + 10).tolist() == [4]
    assert (gpugrad.tensor([100], dtype=gpugrad.int8) * 2).tolist() == [-56]
    assert (gpugrad.tensor([1], dtype=gpugrad.uint8) - 2).tolist() == [255]
    assert (gpugrad.tensor([1], dtype=gpugrad.uint8) + 300).tolist() == [45]


def test_types_by_name() -> None:
    x = gpugrad.ones(2)
    assert x.type() == "torch.FloatTensor"
    assert x.type("torch.DoubleTensor").dtype is gpugrad.float64
    assert x.long().type() == "torch.LongTensor"
    with pytest.raises(ValueError, match="invalid type: '(torch.)?NoTensor'"):
        x.type("torch.NoTensor")


def test_default_dtype() -> None:
    assert gpugrad.get_default_dtype() is gpugrad.float32
    gpugrad.set_default_dtype(gpugrad.float64)
    try:
        assert gpugrad.tensor(1.5).dtype is gpugrad.float64
        assert gpugrad.zeros(1).dtype is gpugrad.float64
        assert gpugrad.arange(0.0, 2.0).dtype is gpugrad.float64
        assert (gpugrad.ones(1, dtype=gpugrad.int64) / 2).dtype is gpugrad.float64
        assert gpugrad.tensor(1).dtype is gpugrad.int64
    finally:
        gpugrad.set_default_dtype(gpugrad.float32)
    with pytest.raises(TypeError, match="only floating-point types are supported"):
        gpugrad.set_default_dtype(gpugrad.int64)


def test_numpy_types_that_tensors_lack() -> None:
    for name in ("U3", "datetime64[s]", "O"):
        with pytest.raises(TypeError, match="can't convert np.ndarray of type numpy"):
            gpugrad.from_numpy(np.zeros(1, name))
    with pytest.raises(ValueError, match="byte order"):
        gpugrad.from_numpy(np.zeros(1, ">f4"))


def test_is_floating_point() -> None:
    assert gpugrad.is_floating_point(gpugrad.ones(1))
    assert gpugrad.ones(1, dtype=gpugrad.float16).is_floating_point()
    assert not gpugrad.ones(1, dtype=gpugrad.int64).is_floating_point()
    assert gpugrad.ones(1, dtype=gpugrad.int8).is_signed()
    assert not gpugrad.ones(1, dtype=gpugrad.uint8).is_signed()
    assert not gpugrad.ones(1).is_complex()
