"""``Module``: attributes, walking the tree, calling, conversion and the printed form."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import gpugrad
from gpugrad import nn


class Block(nn.Module):
    # Any: tests assign things of other kinds
    linear: Any
    scale: Any

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 3)
        self.scale = nn.Parameter(gpugrad.ones(3))
        self.register_buffer("mean", gpugrad.zeros(3))
        self.register_buffer("scratch", gpugrad.zeros(1), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.linear(x) * self.scale - self.mean


class Bare(nn.Module):
    def __init__(self) -> None:
        pass


def test_attributes_are_registered() -> None:
    block = Block()
    assert [name for name, _ in block.named_parameters()] == [
        "scale",
        "linear.weight",
        "linear.bias",
    ]
    assert [name for name, _ in block.named_buffers()] == ["mean", "scratch"]
    assert [name for name, _ in block.named_children()] == ["linear"]
    assert [name for name, _ in block.named_modules()] == ["", "linear"]
    assert block._parameters["scale"] is block.scale


def test_registries_are_live_views() -> None:
    block = Block()
    replaced = nn.Parameter(gpugrad.zeros(3))
    block._parameters["scale"] = replaced
    assert block.scale is replaced
    del block._modules["linear"]
    assert not hasattr(block, "linear")
    assert repr(block._buffers) == "{'mean': tensor([0., 0., 0.]), 'scratch': tensor([0.])}"


def test_shared_modules_are_counted_once() -> None:
    layer = nn.Linear(1, 1)
    net = nn.Sequential(layer, layer)
    assert len(list(net.parameters())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda: nn.Parameter(gpugrad.zeros(1)), "cannot assign parameters before"),
        (lambda: nn.ReLU(), "cannot assign module before"),
        (lambda: nn.Buffer(gpugrad.zeros(1)), "cannot assign buffer before"),
    ],
)
def test_assignment_before_init(value: Any, text: str) -> None:
    with pytest.raises(AttributeError, match=text + r" Module.__init__\(\) call"):
        Bare().part = value()


def test_registration_before_init() -> None:
    with pytest.raises(AttributeError, match=r"cannot assign parameter before Module.__init__"):
        Bare().register_parameter("p", None)
    with pytest.raises(AttributeError, match=r"cannot assign buffer before Module.__init__"):
        Bare().register_buffer("b", None)


def test_an_unknown_attribute() -> None:
    with pytest.raises(AttributeError, match=r"^'Block' object has no attribute 'nope'$"):
        _ = Block().nope
    with pytest.raises(AttributeError, match=r"^'Block' object has no attribute 'nope'$"):
        del Block().nope


def test_a_parameter_cannot_become_a_plain_tensor() -> None:
    block = Block()
    expected = (
        r"cannot assign 'torch.FloatTensor' as parameter 'scale' "
        r"\(torch.nn.Parameter or None expected\)"
    )
    with pytest.raises(TypeError, match=expected):
        block.scale = gpugrad.zeros(3)
    block.scale = None
    assert block.scale is None
    assert "scale" not in block.state_dict()


def test_attributes_change_kind() -> None:
    block = Block()
    del block.scale
    block.scale = 2.0
    assert [name for name, _ in block.named_parameters()] == ["linear.weight", "linear.bias"]
    block.linear = nn.ReLU()
    block.extra = None
    block.extra = nn.Parameter(gpugrad.zeros(1))
    assert [name for name, _ in block.named_parameters()] == ["extra"]


def test_buffers_keep_their_persistence() -> None:
    block = Block()
    block.mean = gpugrad.ones(3)
    block.later = nn.Buffer(gpugrad.zeros(1), persistent=False)
    assert list(block.state_dict()) == ["scale", "mean", "linear.weight", "linear.bias"]
    assert [name for name, _ in block.named_buffers()] == ["mean", "scratch", "later"]


def test_a_subclass_may_define_getattr() -> None:
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.module, name)

    assert Wrapper(nn.Linear(2, 3)).in_features == 2


def test_training_mode() -> None:
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout()))
    net.eval()
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())


def test_apply_visits_children_first() -> None:
    seen: list[str] = []
    net = nn.Sequential(nn.ReLU(), nn.Tanh())
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["ReLU", "Tanh", "Sequential"]


def test_conversion_keeps_parameters_and_their_gradients() -> None:
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer(gpugrad.ones(1, 2)).sum().backward()
    gradient = weight.grad
    layer.double()
    assert layer.weight is weight and weight.grad is gradient
    assert weight.dtype is gpugrad.float64 and gradient.dtype is gpugrad.float64
    layer(gpugrad.ones(1, 2, dtype=gpugrad.float64)).sum().backward()
    assert gradient.tolist() == [[2, 2]]


def test_conversion_leaves_integers() -> None:
    norm = nn.BatchNorm1d(2).half()
    assert norm.running_mean.dtype is gpugrad.float16
    assert norm.num_batches_tracked.dtype is gpugrad.int64
    assert norm.to(gpugrad.float64).running_mean.dtype is gpugrad.float64
    with pytest.raises(TypeError, match="only accepts floating point"):
        norm.to(gpugrad.int32)


def test_zero_grad() -> None:
    layer = nn.Linear(2, 1)
    layer(gpugrad.ones(1, 2)).sum().backward()
    gradient = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is gradient and gradient.tolist() == [[0, 0]]
    layer.zero_grad()
    assert layer.weight.grad is None


def test_requires_grad_() -> None:
    layer = nn.Linear(2, 1).requires_grad_(False)
    assert not layer(gpugrad.ones(1, 2)).requires_grad


def test_deep_copy_is_independent() -> None:
    block = Block()
    block.register_forward_hook(lambda module, args, output: output * 0)
    twin = copy.deepcopy(block)
    assert twin.scale is not block.scale and isinstance(twin.scale, nn.Parameter)
    assert twin._parameters["scale"] is twin.scale
    with gpugrad.no_grad():
        twin.scale.zero_()
        twin.linear.weight.zero_()
    assert block.scale.tolist() == [1, 1, 1]
    assert block.linear.weight.abs().sum().item() > 0
    assert twin(gpugrad.ones(1, 2)).tolist() == [[0, 0, 0]]


def test_a_module_has_no_reference_cycle() -> None:
    import gc
    import weakref

    gc.disable()
    try:
        net = nn.Sequential(Block(), nn.ReLU())
        net(gpugrad.ones(1, 2)).sum().backward()
        gone = weakref.ref(net[0])
        del net
        assert gone() is None
    finally:
        gc.enable()


def test_forward_is_required() -> None:
    expected = r'^Module \[Module\] is missing the required "forward" function$'
    with pytest.raises(NotImplementedError, match=expected):
        nn.Module()(1)


def test_paths() -> None:
    net = nn.Sequential(Block())
    assert net.get_submodule("0.linear") is net[0].linear
    assert net.get_parameter("0.linear.bias") is net[0].linear.bias
    assert net.get_buffer("0.mean") is net[0].mean
    net.set_submodule("0.linear", nn.Linear(2, 3, bias=False))
    assert net[0].linear.bias is None
    with pytest.raises(AttributeError, match="Block has no attribute `nope`"):
        net.get_submodule("0.nope")
    with pytest.raises(AttributeError, match=r"`scale` is not an nn.Module"):
        net.get_submodule("0.scale")
    with pytest.raises(AttributeError, match=r"`mean` is not an nn.Parameter"):
        net.get_parameter("0.mean")


def test_printed_form() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Sequential(nn.ReLU(True)))
            self.register_module("nothing", None)

        def extra_repr(self) -> str:
            return "two\nlines"

    assert (
        repr(Net())
        == """Net(
  two
  lines
  (body): Sequential(
    (0): Linear(in_features=2, out_features=2, bias=False)
    (1): Sequential(
      (0): ReLU(inplace=True)
    )
  )
  (nothing): None
)"""
    )


def test_parameter() -> None:
    data = gpugrad.tensor([1.0, 2.0])
    parameter = nn.Parameter(data)
    assert repr(parameter) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    assert parameter.is_leaf and not data.requires_grad
    assert type(parameter * 2) is gpugrad.Tensor
    with gpugrad.no_grad():
        parameter.add_(1)
    assert data.tolist() == [2, 3]
    twin = copy.deepcopy(parameter)
    assert isinstance(twin, nn.Parameter) and twin.requires_grad
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        nn.Parameter(gpugrad.tensor([1]))
    assert not nn.Parameter(gpugrad.tensor([1]), requires_grad=False).requires_grad


def test_parameter_of_a_result_is_a_leaf() -> None:
    source = gpugrad.ones(2, requires_grad=True)
    parameter = nn.Parameter(source * 2)
    (parameter * 3).sum().backward()
    assert parameter.grad.tolist() == [3, 3]
    assert source.grad is None
