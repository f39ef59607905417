"""The printed form of tensors: transcripts of PyTorch 2.13, which must come out the same here."""

from __future__ import annotations

from collections.abc import Iterator
from doctest import DocTestParser, DocTestRunner
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import dtypes, printing
from gpugrad.printing import get_printoptions, set_printoptions

VALUES = """
>>> tensor(3.14159265), tensor(2.0), tensor(-0.0), tensor(nan), tensor(-inf), tensor(1e-5)
(tensor(3.1416), tensor(2.), tensor(-0.), tensor(nan), tensor(-inf), tensor(1.0000e-05))
>>> tensor(123456789.0), tensor(1e8), tensor(16777216.5), tensor(9.99999), tensor([1.0])
(tensor(1.2346e+08), tensor(100000000.), tensor(16777216.), tensor(10.0000), tensor([1.]))
>>> tensor(7), tensor(-9223372036854775808), tensor(True)
(tensor(7), tensor(-9223372036854775808), tensor(True))
>>> tensor([1.0, 2.5, -3.0])
tensor([ 1.0000,  2.5000, -3.0000])
>>> tensor([1.0, 2.0, -3.0])
tensor([ 1.,  2., -3.])
>>> tensor([1.0, nan, inf, -inf])
tensor([1., nan, inf, -inf])
>>> tensor([1.5, nan, inf, -inf])
tensor([1.5000,    nan,    inf,   -inf])
>>> tensor([1.0, 1000.0]), tensor([1.0, 1001.0])
(tensor([   1., 1000.]), tensor([1.0000e+00, 1.0010e+03]))
>>> tensor([0.00011]), tensor([0.0001]), tensor([1e8]), tensor([3e8])
(tensor([0.0001]), tensor([1.0000e-04]), tensor([100000000.]), tensor([3.0000e+08]))
>>> tensor([1e-30, 0.0, nan, -inf])
tensor([1.0000e-30, 0.0000e+00,        nan,       -inf])
>>> tensor([2.00005, 100.0])
tensor([  2.0001, 100.0000])
"""

TYPES = """
>>> tensor([1, -20, 300]), tensor([True, False])
(tensor([  1, -20, 300]), tensor([ True, False]))
>>> from_numpy(np.array([0, 255], np.uint8))
tensor([  0, 255], dtype=torch.uint8)
>>> from_numpy(np.array([-128, 127], np.int8))
tensor([-128,  127], dtype=torch.int8)
>>> from_numpy(np.array([-32768, 1], np.int16))
tensor([-32768,      1], dtype=torch.int16)
>>> from_numpy(np.array([[-2147483648], [5]], np.int32))
tensor([[-2147483648],
        [          5]], dtype=torch.int32)
>>> from_numpy(np.array([1.0, 2049.0, 65504.0], np.float16))
tensor([1.0000e+00, 2.0480e+03, 6.5504e+04], dtype=torch.float16)
>>> from_numpy(np.array([0.1, 1e-7, nan], np.float16))
tensor([9.9976e-02, 1.1921e-07,        nan], dtype=torch.float16)
>>> from_numpy(np.array([1e300, 1e-300]))
tensor([1.0000e+300, 1.0000e-300], dtype=torch.float64)
>>> zeros(0), zeros(0, 3), zeros(2, 0, 4)
(tensor([]), tensor([], size=(0, 3)), tensor([], size=(2, 0, 4)))
>>> zeros(0, dtype=int64), zeros(3, 0, dtype=bool)
(tensor([], dtype=torch.int64), tensor([], size=(3, 0), dtype=torch.bool))
>>> zeros(0, dtype=float64), zeros(0, 1, dtype=float16)
(tensor([], dtype=torch.float64), tensor([], size=(0, 1), dtype=torch.float16))
"""

SHAPES = """
>>> tensor([[1.0, -2.0], [3.5, 4.0]])
tensor([[ 1.0000, -2.0000],
        [ 3.5000,  4.0000]])
>>> tensor([[[1, 2], [3, 4]], [[5, 6], [7, 80]]])
tensor([[[ 1,  2],
         [ 3,  4]],
<BLANKLINE>
        [[ 5,  6],
         [ 7, 80]]])
>>> from_numpy(np.arange(6.0, dtype=np.float32).reshape(2, 3).T)
tensor([[0., 3.],
        [1., 4.],
        [2., 5.]])
>>> from_numpy(np.arange(12, dtype=np.int32)[::4])
tensor([0, 4, 8], dtype=torch.int32)
>>> from_numpy(np.arange(8).reshape(2, 2, 2).transpose(2, 0, 1))
tensor([[[0, 2],
         [4, 6]],
<BLANKLINE>
        [[1, 3],
         [5, 7]]])
>>> ones(19)
tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.,
        1.])
>>> from_numpy(np.arange(-20, 1))
tensor([-20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10,  -9,  -8,  -7,
         -6,  -5,  -4,  -3,  -2,  -1,   0])
>>> from_numpy(np.linspace(-1, 1, 12).reshape(1, 12))
tensor([[-1.0000, -0.8182, -0.6364, -0.4545, -0.2727, -0.0909,  0.0909,  0.2727,
          0.4545,  0.6364,  0.8182,  1.0000]], dtype=torch.float64)
>>> from_numpy(np.arange(12) % 2 == 0)
tensor([ True, False,  True, False,  True, False,  True, False,  True, False,
         True, False])
"""

SUMMARIES = """
>>> from_numpy(np.arange(1001))
tensor([   0,    1,    2,  ...,  998,  999, 1000])
>>> from_numpy(np.arange(1001.0) / 8)
tensor([  0.0000,   0.1250,   0.2500,  ..., 124.7500, 124.8750, 125.0000],
       dtype=torch.float64)
>>> from_numpy(np.arange(1200).reshape(30, 40))
tensor([[   0,    1,    2,  ...,   37,   38,   39],
        [  40,   41,   42,  ...,   77,   78,   79],
        [  80,   81,   82,  ...,  117,  118,  119],
        ...,
        [1080, 1081, 1082,  ..., 1117, 1118, 1119],
        [1120, 1121, 1122,  ..., 1157, 1158, 1159],
        [1160, 1161, 1162,  ..., 1197, 1198, 1199]])
>>> from_numpy(np.arange(1200, dtype=np.float32).reshape(2, 600))
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 5.9700e+02, 5.9800e+02,
         5.9900e+02],
        [6.0000e+02, 6.0100e+02, 6.0200e+02,  ..., 1.1970e+03, 1.1980e+03,
         1.1990e+03]])
>>> from_numpy(np.arange(1200, dtype=np.float32).reshape(600, 2) % 7 / 2)
tensor([[0.0000, 0.5000],
        [1.0000, 1.5000],
        [2.0000, 2.5000],
        ...,
        [2.0000, 2.5000],
        [3.0000, 0.0000],
        [0.5000, 1.0000]])
>>> from_numpy(np.arange(2004).reshape(2, 2, 501))
tensor([[[   0,    1,    2,  ...,  498,  499,  500],
         [ 501,  502,  503,  ...,  999, 1000, 1001]],
<BLANKLINE>
        [[1002, 1003, 1004,  ..., 1500, 1501, 1502],
         [1503, 1504, 1505,  ..., 2001, 2002, 2003]]])
"""

SUFFIXES = """
>>> tensor(1.5, requires_grad=True), zeros(0, 3, requires_grad=True)
(tensor(1.5000, requires_grad=True), tensor([], size=(0, 3), requires_grad=True))
>>> ones(2, 3, requires_grad=True) + 1
tensor([[2., 2., 2.],
        [2., 2., 2.]], grad_fn=<AddBackward0>)
>>> ones(2, 3, dtype=float64, requires_grad=True) * 2
tensor([[2., 2., 2.],
        [2., 2., 2.]], dtype=torch.float64, grad_fn=<MulBackward0>)
>>> ones(3, requires_grad=True).sum()
tensor(3., grad_fn=<SumBackward0>)
>>> (ones(3, requires_grad=True) + 1).detach()
tensor([2., 2., 2.])
>>> from_numpy(np.linspace(0, 1, 6)).requires_grad_()
tensor([0.0000, 0.2000, 0.4000, 0.6000, 0.8000, 1.0000], dtype=torch.float64,
       requires_grad=True)
>>> from_numpy(np.linspace(0, 1, 9)).requires_grad_() + 1
tensor([1.0000, 1.1250, 1.2500, 1.3750, 1.5000, 1.6250, 1.7500, 1.8750, 2.0000],
       dtype=torch.float64, grad_fn=<AddBackward0>)
>>> zeros(12, requires_grad=True) * 1
tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.],
       grad_fn=<MulBackward0>)
>>> zeros(12, requires_grad=True)
tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.], requires_grad=True)
>>> zeros(13, requires_grad=True)
tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.],
       requires_grad=True)
>>> from_numpy(np.eye(2, 12, dtype=np.float16)).requires_grad_() + 1
tensor([[2., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 2., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.]], dtype=torch.float16,
       grad_fn=<AddBackward0>)
"""

OPTIONS = """
>>> set_printoptions(precision=2)
>>> tensor([1.23456, 2.0])
tensor([1.23, 2.00])
>>> set_printoptions(precision=0)
>>> tensor([1.5, 2.5])
tensor([2, 2])
>>> set_printoptions(profile="default", sci_mode=True)
>>> tensor([1.0, -20.0]), tensor([0.0, nan])
(tensor([ 1.0000e+00, -2.0000e+01]), tensor([0., nan]))
>>> set_printoptions(sci_mode=False)
>>> tensor([1e-6, 123456.0])
tensor([     0.0000, 123456.0000])
>>> set_printoptions(linewidth=20)
>>> tensor([1.5, 2.5, 3.5])
tensor([1.5000,
        2.5000,
        3.5000])
>>> set_printoptions(linewidth=1)
>>> tensor([1, 2], dtype=int32)
tensor([1,
        2],
       dtype=torch.int32)
>>> set_printoptions(linewidth=100)
>>> from_numpy(np.arange(25))
tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
        23, 24])
>>> set_printoptions(profile="default", threshold=4, edgeitems=1)
>>> from_numpy(np.arange(12).reshape(3, 4))
tensor([[ 0,  ...,  3],
        ...,
        [ 8,  ..., 11]])
>>> set_printoptions(edgeitems=0)
>>> from_numpy(np.arange(5)), tensor([1.0]), tensor(2)
(tensor([...], size=(5,)), tensor([1.], size=(1,)), tensor(2, size=()))
>>> set_printoptions(profile="short")
>>> from_numpy(np.linspace(0, 1, 1001))
tensor([0.00, 0.00,  ..., 1.00, 1.00], dtype=torch.float64)
>>> set_printoptions(profile="short", precision=3)
>>> tensor([0.12345])
tensor([0.123])
>>> set_printoptions(profile="full")
>>> repr(zeros(1001)).count("0.")
1001
"""

TRANSCRIPTS = {
    "values": VALUES,
    "types": TYPES,
    "shapes": SHAPES,
    "summaries": SUMMARIES,
    "suffixes": SUFFIXES,
    "options": OPTIONS,
}


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    set_printoptions(profile="default")
    yield
    set_printoptions(profile="default")
    dtypes.set_default_dtype(dtypes.float32)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(name: str) -> None:
    names = {name: getattr(gpugrad, name) for name in dir(gpugrad)} | {"np": np}
    names["set_printoptions"] = set_printoptions
    session = DocTestParser().get_doctest(TRANSCRIPTS[name], names, name, None, None)
    report: list[str] = []
    result = DocTestRunner(verbose=False).run(session, out=report.append)
    assert result.attempted > 0
    assert not result.failed, "".join(report)


def test_zeros_count_as_one_character_wide() -> None:
    """PyTorch breaks lines of zeros too late; so do we."""
    first = ", ".join(["0."] * 24)
    assert repr(gpugrad.zeros(26)) == f"tensor([{first},\n        0., 0.])"


def test_default_dtype_is_not_named() -> None:
    single, double = gpugrad.tensor([0.5]), gpugrad.tensor([0.5], dtype=gpugrad.float64)
    dtypes.set_default_dtype(dtypes.float64)
    assert repr(double) == "tensor([0.5000])"
    assert repr(single) == "tensor([0.5000], dtype=torch.float32)"
    assert repr(single[:0]) == "tensor([], dtype=torch.float32)"


def test_bfloat16() -> None:
    pytest.importorskip("ml_dtypes")
    values = gpugrad.tensor([0.1, 100.0, float("nan")], dtype=gpugrad.bfloat16)
    assert repr(values) == "tensor([  0.1001, 100.0000,      nan], dtype=torch.bfloat16)"


class Disguise:
    """Passes for a tensor of another device or class than the one it holds."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_other_device_is_named_first() -> None:
    class Tensor(Disguise):
        device = gpugrad.device("cuda:0")

    elsewhere: Any = Tensor(gpugrad.tensor([1.0], dtype=gpugrad.float64))
    assert printing.tensor_repr(elsewhere) == ("tensor([1.], device='cuda:0', dtype=torch.float64)")
    elsewhere = Tensor(gpugrad.zeros(2, 0))
    assert printing.tensor_repr(elsewhere) == "tensor([], device='cuda:0', size=(2, 0))"


def test_subclass_is_named() -> None:
    class Weights(Disguise):
        pass

    weights: Any = Weights(gpugrad.tensor([[1.0], [2.0]]))
    assert printing.tensor_repr(weights) == "Weights([[1.],\n         [2.]])"


def test_str_is_repr() -> None:
    assert str(gpugrad.tensor([1, 2])) == f"{gpugrad.tensor([1, 2])}" == "tensor([1, 2])"


def test_format_of_a_number() -> None:
    assert f"{gpugrad.tensor(3.14159):.3f}" == "3.142"
    assert f"{gpugrad.tensor(7):>5}" == "    7"
    assert f"{gpugrad.tensor(7):.1f}" == "7.0"
    assert f"{gpugrad.tensor(True)}" == "True"
    assert f"{gpugrad.tensor(1.1, requires_grad=True) * 1}" == "1.100000023841858"


def test_format_refuses_a_spec_for_dimensions() -> None:
    with pytest.raises(TypeError, match=r"unsupported format string passed to Tensor.__format__"):
        f"{gpugrad.tensor([1.0]):.3f}"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        f"{gpugrad.tensor(1.0):d}"


def test_get_printoptions_restores() -> None:
    before = get_printoptions()
    assert before == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }
    set_printoptions(precision=1, threshold=7, edgeitems=1, linewidth=50, sci_mode=True)
    assert repr(gpugrad.tensor([0.25])) == "tensor([2.5e-01])"
    set_printoptions(precision=2)
    assert get_printoptions()["sci_mode"] is None  # every call sets it
    set_printoptions(**before)
    assert get_printoptions() == before


def test_large_tensors_print_from_their_corners(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []
    layout = printing.format_array

    def record(array: Any, *arguments: Any) -> str:
        shapes.append(array.shape)
        return layout(array, *arguments)

    monkeypatch.setattr(printing, "format_array", record)
    large = gpugrad.zeros(1, 1, 1).expand(4, 30_000, 30_000)
    assert repr(large).count("0.") == 4 * 6 * 6
    assert shapes == [(4, 6, 6)]


def test_printing_leaves_the_tensor_alone() -> None:
    values = gpugrad.ones(3, requires_grad=True)
    result = values * 2
    repr(result)
    result.sum().backward()
    assert values.grad is not None
    assert repr(values.grad) == "tensor([2., 2., 2.])"
