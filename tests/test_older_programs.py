"""What programs written for older or other PyTorch's use beside tensors and layers."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn.tuples import (
    _ntuple,
    _pair,
    _reverse_repeat_tuple,
    consume_prefix_in_state_dict_if_present,
)
from gpugrad.testing import assert_close
from gpugrad.utils.data import DistributedSampler

# --- the memory of tensors ------------------------------------------------------------------------


def test_storage_is_shared_memory() -> None:
    x = gpugrad.arange(6.0).reshape(2, 3)
    assert x[1].storage().tolist() == x.t().storage().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert x[1].storage().data_ptr() == x.untyped_storage().data_ptr() == x.data_ptr()
    x[1].storage()[0] = 9.0
    assert x[0, 0] == 9
    assert (len(x.storage()), x.untyped_storage().size(), x.storage().nbytes()) == (6, 24, 24)
    assert repr(gpugrad.arange(2).storage()) == (
        " 0\n 1\n[torch.storage.TypedStorage(dtype=torch.int64, device=cpu) of size 2]"
    )
    turned = gpugrad.from_numpy(gpugrad.arange(6).reshape(2, 3).numpy().copy(order="F"))
    assert turned.storage().tolist() == [0, 3, 1, 4, 2, 5]


def test_channels_last() -> None:
    x = gpugrad.arange(24.0).reshape(1, 2, 3, 4).requires_grad_()
    y = x.contiguous(memory_format=gpugrad.channels_last)
    assert y.stride() == x.to(memory_format=gpugrad.channels_last).stride() == (24, 1, 8, 2)
    assert y.is_contiguous(memory_format=gpugrad.channels_last) and not y.is_contiguous()
    assert not x.is_contiguous(memory_format=gpugrad.channels_last)
    assert_close(y, x)
    y.sum().backward()
    assert x.grad is not None and x.grad.sum() == 24
    with pytest.raises(RuntimeError, match="required rank 4"):
        gpugrad.ones(2).to(memory_format=gpugrad.channels_last)
    layer = nn.Conv2d(2, 3, 1).to(memory_format=gpugrad.channels_last)
    assert_close(layer(y), layer(x))


def test_older_methods() -> None:
    x = gpugrad.tensor([1.0, 2.0])
    assert x.new(2, 3).shape == (2, 3) and x.double().new([1]).dtype is gpugrad.float64
    assert x.clone().apply_(lambda v: v * 10).tolist() == [10.0, 20.0]
    assert x.clone().map_(gpugrad.tensor([3.0, 4.0]), lambda a, b: a - b).tolist() == [-2.0, -2.0]
    y = gpugrad.zeros(1)
    y.set_(x)
    assert y.data_ptr() == x.data_ptr() and y.shape == (2,)
    assert x.to_dense() is x and not x.is_shared()
    assert repr(gpugrad.FloatTensor) == "<class 'torch.FloatTensor'>"
    assert repr(gpugrad.cuda.LongTensor) == "<class 'torch.cuda.LongTensor'>"


# --- TorchScript, compiler, modules that are not there --------------------------------------------


def test_scripts_and_traces_are_the_functions_themselves(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    assert gpugrad.jit.script(net) is net
    assert gpugrad.jit.trace(net, gpugrad.ones(1, 2)) is net
    with pytest.raises(RuntimeError):
        gpugrad.jit.trace(net, gpugrad.ones(1, 3))

    @gpugrad.jit.ignore(drop=True)  # type: ignore[untyped-decorator]
    def one() -> int:
        return 1

    @gpugrad.jit.ignore
    def two() -> int:
        return 2

    assert (one(), two(), gpugrad.jit.wait(gpugrad.jit.fork(two))) == (1, 2, 2)
    gpugrad.jit.save(net, tmp_path / "net.pt")
    again = gpugrad.jit.load(tmp_path / "net.pt")
    assert_close(again.weight, net.weight)
    with pytest.raises(RuntimeError, match="eval mode"):
        gpugrad.jit.freeze(net)


def test_compiling_a_module_in_place() -> None:
    net = nn.Linear(2, 1)
    x = gpugrad.ones(3, 2)
    expected = net(x)
    net.compile()
    for _ in range(4):
        assert_close(net(x), expected)


def test_modules_that_say_no() -> None:
    assert not gpugrad.distributed.is_available()
    assert not gpugrad.xpu.is_available() and not gpugrad.mps.is_available()
    assert gpugrad.newaxis is None


def test_settings_that_are_kept() -> None:
    gpugrad.set_deterministic_debug_mode("warn")
    assert gpugrad.get_deterministic_debug_mode() == 1
    assert gpugrad.are_deterministic_algorithms_enabled()
    gpugrad.set_deterministic_debug_mode(0)
    assert not gpugrad.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="`default`, `warn`, `error`"):
        gpugrad.set_deterministic_debug_mode("loud")
    with gpugrad.backends.cuda.sdp_kernel(enable_flash=False):
        assert not gpugrad.backends.cuda.flash_sdp_enabled()
    assert gpugrad.backends.cuda.flash_sdp_enabled()
    assert gpugrad.set_flush_denormal(True) is False


def test_refused_files_are_pickle_errors_too() -> None:
    file = io.BytesIO()
    gpugrad.save(nn.Linear(1, 1), file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        gpugrad.load(file)


# --- modules --------------------------------------------------------------------------------------


def test_tables_of_hooks() -> None:
    layer, calls = nn.Linear(1, 1), []
    layer.register_forward_hook(lambda *_: calls.append("forward"))
    layer.register_backward_hook(lambda *_: calls.append("backward"))
    assert len(layer._forward_hooks) == len(layer._backward_hooks) == 1
    assert not layer._forward_pre_hooks
    layer(gpugrad.ones(1, 1, requires_grad=True)).sum().backward()
    layer._forward_hooks.clear()
    layer(gpugrad.ones(1, 1))
    assert calls == ["forward", "backward"]


def test_layers_to_build_on() -> None:
    class Standardised(nn.Conv2d):
        def forward(self, input: gpugrad.Tensor) -> gpugrad.Tensor:
            return self._conv_forward(input, self.weight * 2, self.bias)

    class Strict(nn.BatchNorm2d):
        def _check_input_dim(self, input: gpugrad.Tensor) -> None:
            raise ValueError("own check")

    layer = Standardised(1, 1, 3, padding=1, padding_mode="circular", bias=False)
    plain = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular", bias=False)
    plain.load_state_dict(layer.state_dict())
    x = gpugrad.randn(1, 1, 4, 4)
    assert_close(layer(x), plain(x) * 2)
    with pytest.raises(ValueError, match="own check"):
        Strict(1)(x)
    empty = nn.Linear(2, 3).to_empty(device="cpu")
    assert empty.weight.shape == (3, 2) and isinstance(empty.weight, nn.Parameter)


def test_helpers_of_layers() -> None:
    assert (_pair(3), _pair((1, 2)), _ntuple(4)(0)) == ((3, 3), (1, 2), (0, 0, 0, 0))
    assert _reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    state = OrderedDict({"module.a": 1, "b": 2})
    consume_prefix_in_state_dict_if_present(state, "module.")
    assert dict(state) == {"a": 1, "b": 2}


def test_each_process_gets_its_part() -> None:
    parts = [list(DistributedSampler(range(10), 4, rank, shuffle=False)) for rank in range(4)]
    assert parts == [[0, 4, 8], [1, 5, 9], [2, 6, 0], [3, 7, 1]]
    few = [DistributedSampler(range(10), 4, rank, drop_last=True) for rank in range(4)]
    drawn = [index for sampler in few for index in sampler]
    assert len(drawn) == len(set(drawn)) == 8 == 4 * len(few[0])
    shuffled = DistributedSampler(range(40), 4, 0)
    before = list(shuffled)
    shuffled.set_epoch(1)
    assert list(shuffled) != before
    with pytest.raises(ValueError, match="Invalid rank 4"):
        DistributedSampler(range(10), 4, 4)
