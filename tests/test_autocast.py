"""``autocast``: cast parameters, gradients, compiled steps, checkpoints and CUDA's lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import autocast_mode
from gpugrad.casting.lists import POLICIES
from gpugrad.utils.checkpoint import checkpoint

F = nn.functional
bfloat16, float16, float32 = gpugrad.bfloat16, gpugrad.float16, gpugrad.float32


def test_no_thread_is_noted_outside_of_regions() -> None:
    assert not autocast_mode.THREADS
    with gpugrad.autocast("cpu"):
        assert autocast_mode.THREADS
        with gpugrad.autocast("cpu", enabled=False):
            assert not autocast_mode.THREADS
    assert not autocast_mode.THREADS
    with pytest.raises(ZeroDivisionError), gpugrad.autocast("cpu"):
        raise ZeroDivisionError
    assert not autocast_mode.THREADS


def test_a_parameter_is_cast_once_and_its_gradients_come_together() -> None:
    w = gpugrad.ones(2, 2, requires_grad=True)
    x = gpugrad.ones(1, 2)
    with gpugrad.autocast("cpu"):
        one, two = F.linear(x, w), F.linear(x, w)
    transposed = [result.grad_fn.next_functions[1][0] for result in (one, two)]
    casts = [node.next_functions[0][0] for node in transposed]
    assert casts[0] is casts[1]
    assert casts[0].name() == "ToCopyBackward0"
    (one + two).sum().backward()
    assert w.grad.dtype is float32
    assert w.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert not autocast_mode.state.cache


@pytest.mark.parametrize("change", ["in place", "by data", "under no_grad"])
def test_a_cast_parameter_does_not_go_stale(change: str) -> None:
    w = gpugrad.ones(1, 1, requires_grad=True)
    x = gpugrad.ones(1, 1)
    with gpugrad.autocast("cpu"):
        F.linear(x, w)
        if change == "in place":
            with gpugrad.no_grad():
                w.fill_(3.0)
        elif change == "by data":
            w.data = gpugrad.full((1, 1), 3.0)
        else:
            with gpugrad.no_grad():
                assert not F.linear(x, w).requires_grad
                w.mul_(3.0)
        result = F.linear(x, w)
    assert result.item() == 3.0
    assert result.requires_grad


def test_without_the_cache_each_use_is_cast() -> None:
    w = gpugrad.ones(2, 2, requires_grad=True)
    with gpugrad.autocast("cpu", cache_enabled=False):
        results = [F.linear(gpugrad.ones(1, 2), w) for _ in range(2)]
    transposed = [result.grad_fn.next_functions[1][0] for result in results]
    nodes = [node.next_functions[0][0] for node in transposed]
    assert nodes[0] is not nodes[1]


def model_and_step(compiled: bool, outer: bool) -> list[float]:
    gpugrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = gpugrad.optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        with gpugrad.autocast("cpu", enabled=not outer or gpugrad.is_autocast_enabled("cpu")):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    run = gpugrad.compile(step) if compiled else step
    x, y = gpugrad.randn(8, 3), gpugrad.arange(8) % 2
    losses = []
    for number in range(12):
        if not outer:
            losses.append(run(x, y).item())
            continue
        with gpugrad.autocast("cpu", enabled=number % 2 == 0):
            model(x)  # leaves cast parameters behind, which the step is going to change
            losses.append(run(x, y).item())
            losses.append(model(x).float().sum().item())
    return losses


@pytest.mark.parametrize("outer", [False, True])
def test_compiled_steps_are_those_of_eager_mode(outer: bool) -> None:
    eager, compiled = (model_and_step(compiled, outer) for compiled in (False, True))
    assert compiled == pytest.approx(eager, abs=1e-6)


def test_a_checkpoint_runs_again_as_it_ran() -> None:
    w = gpugrad.ones(2, 2, requires_grad=True)
    kinds = []

    def product(x: Any) -> Any:
        result = x @ w
        kinds.append(result.dtype)
        return result.tanh()  # needs its result

    for reentrant in (False, True):
        x = gpugrad.ones(2, 2, requires_grad=True)
        with gpugrad.autocast("cpu"):
            result = checkpoint(product, x, use_reentrant=reentrant)
        result.sum().backward()
    assert kinds == [bfloat16] * 4


# --- CUDA ----------------------------------------------------------------------------------------

CUDA = {
    "float16": [
        "x @ x",
        "F.linear(x, x)",
        "torch.mv(x, x[0])",
        "torch.einsum('ij,ij->i', x, x)",
        "F.conv1d(x[None], x[..., None])",
        "F.prelu(x, x[0, :1])",
        "F.scaled_dot_product_attention(x[None], x[None], x[None])",
        "nn.Linear(3, 2, device='cuda')(x)",
        "h + h",
        "h.relu()",
        "h.mean()",
        "h.abs().sqrt()",
        "torch.addcmul(h, h, h)",
        "torch.cat([h, h])",
    ],
    "float32": [
        *("h.exp()", "h.abs().log()", "h**2", "2**h", "h.sum()", "h.prod()", "h.cumsum(0)"),
        *("h.softmax(0)", "h.log_softmax(0)", "F.softmax(h, 1)", "h.logsumexp(0)", "h.norm()"),
        *("h.reciprocal()", "F.softplus(h)", "F.layer_norm(h, (3,))", "F.mse_loss(h, h)"),
        *("F.cross_entropy(h, y)", "F.nll_loss(h, y)", "F.l1_loss(h, x)", "torch.cdist(h, h)"),
        *("F.interpolate(h[None], 6)", "F.group_norm(h, 1)", "F.cosine_similarity(h, h)"),
        *("torch.addcmul(x, h, h)", "torch.atan2(h, x)", "torch.dot(h[0], x[0])"),
        *("torch.tensordot(h, x, 1)", "torch.cat([h, x])", "x + h", "h.sum(dtype=torch.float32)"),
    ],
    "float64": ["d @ d", "h.sum(dtype=torch.float64)", "d.exp()"],
}


@pytest.mark.parametrize(
    ("kind", "source"), [(kind, source) for kind, sources in CUDA.items() for source in sources]
)
def test_types_on_cuda(host: Any, kind: str, source: str) -> None:
    x = gpugrad.ones(3, 3).to("cuda")
    space = {
        "torch": gpugrad,
        "F": F,
        "nn": nn,
        "x": x,
        "h": x.half(),
        "d": x.double(),
        "y": gpugrad.tensor([0, 1, 2]).to("cuda"),
    }
    with gpugrad.autocast("cuda"):
        assert str(eval(source, space).dtype) == f"torch.{kind}"


def test_a_region_of_one_device_leaves_the_other_alone(host: Any) -> None:
    x = gpugrad.ones(2, 2)
    with gpugrad.autocast("cpu"):
        assert (x.to("cuda") @ x.to("cuda")).dtype is float32
    with gpugrad.autocast("cuda", bfloat16):
        assert (x @ x).dtype is float32
        assert (x.to("cuda") @ x.to("cuda")).dtype is bfloat16


def test_binary_cross_entropy_is_refused_on_cuda(host: Any) -> None:
    x = gpugrad.full((2,), 0.5).to("cuda")
    with gpugrad.autocast("cuda"), pytest.raises(RuntimeError, match="unsafe to autocast"):
        F.binary_cross_entropy(x, x)


def test_training_on_cuda_gives_gradients_of_the_parameters_types(host: Any) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to("cuda")
    optimizer = gpugrad.optim.Adam(model.parameters())
    scaler = gpugrad.amp.GradScaler("cuda", init_scale=256.0)
    before = model[0].weight.detach().clone()
    with gpugrad.autocast("cuda"):
        output = model(gpugrad.ones(4, 3).to("cuda"))
        loss = F.cross_entropy(output, gpugrad.zeros(4, dtype=gpugrad.int64).to("cuda"))
    assert output.dtype is float16
    assert loss.dtype is float32
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert {p.grad.dtype for p in model.parameters()} == {float32}
    assert not gpugrad.equal(before, model[0].weight)


def test_names_in_the_lists_are_asked_for_somewhere() -> None:
    """A list entry that no function uses would be without effect."""
    package = Path(gpugrad.__file__).parent
    text = "\n".join(path.read_text() for path in package.rglob("*.py"))
    modes = {"GRU", "LSTM", "RNN_RELU", "RNN_TANH"}  # asked for by the layer's mode
    unary = {"acos", "asin", "atan2", "cosh", "exp", "expm1", "log", "log10", "log1p", "log2"}
    unary |= {"reciprocal", "rsqrt", "sinh", "tan"}  # asked for by the function's name
    for name in {name for lists in POLICIES.values() for name in lists} - modes - unary:
        if "_pad" not in name:
            assert f'casting("{name}")' in text, name
