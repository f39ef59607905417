"""What a kernel in the user's source takes: read from its text, and numbers converted to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend.signature import Argument, arguments_of


def of(arguments: str) -> tuple[Argument, ...]:
    return arguments_of(f'extern "C" __global__ void k({arguments}) {{ }}', "k")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const float* x", ("x", "float", True, False)),
        ("float const *x", ("x", "float", True, False)),
        ("float *__restrict__ y", ("y", "float", True, True)),
        ("const  double * const __restrict__ y", ("y", "double", True, False)),
        ("const float x[]", ("x", "float", True, False)),
        ("unsigned long long int n", ("n", "unsigned long long int", False, False)),
        ("const int n", ("n", "int", False, False)),
        ("float** rows", ("rows", "void*", True, True)),
        ("Pair<int, float> pair", ("pair", "Pair<int, float>", False, False)),
        ("volatile bool* flag", ("flag", "bool", True, True)),
    ],
)
def test_one_argument(text: str, expected: tuple[str, str, bool, bool]) -> None:
    assert of(text) == (Argument(*expected),)


def test_the_definition_is_found() -> None:
    code = """
    // __global__ void k(int commented) { }
    extern "C" __global__ void k(int declared, float early);
    __device__ float helper(float x) { return k_of(x); }
    extern "C" {
    __global__ void __launch_bounds__(256, 1) k(
        const float* x,  // the operand
        long n /* how many */) { helper(x[n]); }
    }
    void other() { k(1); }
    """
    assert [a.name for a in arguments_of(code, "k")] == ["x", "n"]
    assert arguments_of('extern "C" __global__ void k(void) {}', "k") == ()
    assert len(arguments_of("KERNEL k(float* x) { }", "k")) == 1  # of common.cuh


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("__global__ void other(int n) { }", "defines no kernel `__global__ void k"),
        ("void k(int n) { }", "defines no kernel"),
        ('extern "C" __global__ void k(int n);', "defines no kernel"),
        ("__global__ void k(int n) { }", 'declare the kernel as extern "C" __global__ void'),
        ('extern "C" __global__ void k(int) { }', "cannot read the argument `int`"),
    ],
)
def test_sources_that_cannot_be_launched(code: str, problem: str) -> None:
    with pytest.raises(ValueError, match="k") as caught:
        arguments_of(code, "k")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 3, np.int32(3)),
        ("int", np.int64(3), np.int32(3)),
        ("int", True, np.int32(1)),
        ("unsigned", 2**32 - 1, np.uint32(2**32 - 1)),
        ("unsigned int", 3, np.uint32(3)),
        ("long long", -(2**63), np.int64(-(2**63))),
        ("unsigned long long", 2**63, np.uint64(2**63)),
        ("long", 3, np.dtype("long").type(3)),
        ("size_t", 3, np.uint64(3)),
        ("int64_t", 3, np.int64(3)),
        ("uint8_t", 3, np.uint8(3)),
        ("unsigned char", 255, np.uint8(255)),
        ("short", -3, np.int16(-3)),
        ("float", 0.1, np.float32(0.1)),
        ("float", 3, np.float32(3)),
        ("double", np.float32(0.5), np.float64(0.5)),
        ("bool", False, np.bool_(False)),
        ("half", 0.1, np.float16(0.1)),
        ("float2", np.complex64(1 + 2j), np.complex64(1 + 2j)),
    ],
)
def test_numbers(kind: str, value: Any, expected: Any) -> None:
    (argument,) = of(f"{kind} a")
    found = argument.number(value, "k")
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "error", "problem"),
    [
        ("int", 3.0, TypeError, "a must be of type int, got 3.0"),
        ("int", None, TypeError, "a must be of type int, got NoneType"),
        ("float", "1", TypeError, "a must be of type float, got str"),
        ("bool", 1, TypeError, "a must be of type bool, got 1"),
        ("int", 2**31, OverflowError, "a of type int cannot be 2147483648"),
        ("unsigned", -1, OverflowError, "a of type unsigned cannot be -1"),
        ("Pair", 1, TypeError, "a is of type Pair, which no Python number becomes"),
        ("float2", 1.0, TypeError, "give a NumPy scalar with the same bytes"),
        ("bfloat16", 1.0, TypeError, "give a NumPy scalar"),
    ],
)
def test_wrong_numbers(kind: str, value: Any, error: type[Exception], problem: str) -> None:
    (argument,) = of(f"{kind} a")
    with pytest.raises(error) as caught:
        argument.number(value, "k")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "allowed", "refused"),
    [
        ("float", "float32", "float64"),
        ("float4", "float32", "float64"),
        ("__half", "float16", "bfloat16"),
        ("__nv_bfloat16", "bfloat16", "float16"),
        ("long long", "int64", "int32"),
        ("unsigned int", "int32", "int64"),
        ("unsigned long long", "int64", "uint8"),
        ("unsigned char", "uint8", "int8"),
        ("signed char", "int8", "uint8"),
        ("bool", "bool", "uint8"),
    ],
)
def test_arrays(kind: str, allowed: str, refused: str) -> None:
    (argument,) = of(f"const {kind}* a")
    assert argument.allows(allowed) and not argument.allows(refused)


def test_arrays_of_unknown_types_are_not_checked() -> None:
    assert all(of(f"{kind}* a")[0].allows("float32") for kind in ("void", "Pair", "float*"))
