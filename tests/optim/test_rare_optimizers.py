"""Adafactor, Muon and SparseAdam, and updates that can be differentiated."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import optim


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """The CPU, and the CUDA backend over the stand-in for CuPy."""
    if request.param == "cuda":
        request.getfixturevalue("host")
    return str(request.param)


def matrix(rows: int, columns: int, device: str = "cpu") -> Any:
    x = (gpugrad.arange(rows * columns, dtype=gpugrad.float64) * 1.3).sin()
    return x.reshape(rows, columns).to(device).requires_grad_()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_muon_steps_are_nearly_orthogonal(shape: tuple[int, int], device: str) -> None:
    w = matrix(*shape, device)
    before = w.detach().clone()
    optimizer = optim.Muon([w], lr=1.0, weight_decay=0.0, adjust_lr_fn=None)
    (w * matrix(*shape, device).detach().exp()).sum().backward()
    optimizer.step()
    step = (before - w.detach()) / max(1.0, shape[0] / shape[1]) ** 0.5
    singular = gpugrad.linalg.svdvals(step.cpu())
    assert ((singular > 0.3) & (singular < 1.5)).all()


def test_muon_takes_matrices_only() -> None:
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        optim.Muon([gpugrad.ones(2, requires_grad=True)])
    with pytest.raises(ValueError, match="Adjust learning rate function x is not supported"):
        optim.Muon([matrix(2, 2)], adjust_lr_fn="x")


def test_adafactor_by_its_formula(device: str) -> None:
    w, b = matrix(3, 4, device), gpugrad.tensor([0.5, -2.0], device=device, requires_grad=True)
    optimizer = optim.Adafactor([w, b], lr=0.1, eps=(1e-10, 1e-3), weight_decay=0.2)
    (w.square().sum() + b.exp().sum()).backward()
    g, start = w.grad.clone(), w.detach().clone()
    optimizer.step()
    row, column = g.square().mean(1, True), g.square().mean(0, True)
    update = g / (row @ column / row.mean()).sqrt()
    size = max(start.square().mean().sqrt().item(), 1e-3) * 0.1
    size /= max(1.0, update.square().mean().sqrt().item())
    expected = start * (1 - 0.1 * 0.2) - update * size
    assert w.flatten().tolist() == pytest.approx(expected.flatten().tolist())
    state = optimizer.state_dict()["state"]
    assert list(state[0]) == ["step", "row_var", "col_var"]
    assert state[1]["variance"].tolist() == pytest.approx(b.grad.square().tolist())
    assert [s["step"].item() for s in state.values()] == [1, 1]


@pytest.mark.parametrize("kind", ["Adafactor", "Muon"])
def test_compiled_steps_follow_the_learning_rate(kind: str) -> None:
    found = []
    for compiled in (False, True):
        w = matrix(3, 4)
        optimizer = getattr(optim, kind)([w], lr=0.1)

        def step(w: Any = w, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = w.square().sum()
            loss.backward()
            optimizer.step()
            return loss

        run = gpugrad.compile(step) if compiled else step
        for i in range(6):
            optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)
            run()
        found.append(w.flatten().tolist())
    assert found[0] == pytest.approx(found[1])


def test_sparse_adam_refuses_dense_gradients() -> None:
    w = matrix(2, 2)
    optimizer = optim.SparseAdam([w])
    optimizer.step()  # without a gradient there is nothing to refuse
    w.sum().backward()
    with pytest.raises(RuntimeError, match="does not support dense gradients"):
        optimizer.step()
    with pytest.raises(ValueError, match="Invalid learning rate: 0"):
        optim.SparseAdam([w], lr=0)


def test_sparse_adam_moves_the_rows_that_were_looked_up() -> None:
    layer = gpugrad.nn.Embedding(4, 2, sparse=True)
    before = layer.weight.tolist()
    optimizer = optim.SparseAdam(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (layer(gpugrad.tensor([1, 3, 1])) ** 2).sum().backward()
        optimizer.step()
    after = layer.weight.tolist()
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, True, False]
    # Adam's steps have the length lr as long as gradients keep their sign.
    assert abs(after[1][0] - before[1][0]) == pytest.approx(0.3, rel=0.1)
    moments = optimizer.state[layer.weight]["exp_avg"]
    assert (moments != 0).any(1).tolist() == [False, True, False, True]


CHOICES = [
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {"weight_decay": 0.1}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("Adamax", {}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("ASGD", {"lambd": 0.1}),
]


@pytest.mark.parametrize(("kind", "options"), CHOICES)
def test_updates_are_differentiable_by_what_the_gradient_depends_on(
    kind: str, options: dict[str, Any]
) -> None:
    def final(scale: Any) -> Any:
        p = (matrix(2, 3).detach() + 0.2).requires_grad_() * 1
        optimizer = getattr(optim, kind)([p], lr=0.05, differentiable=True, **options)
        for _ in range(3):
            x = p.clone()  # what the loss keeps must not be updated
            loss = (scale * x.square() + x.square().square()).sum()
            (p.grad,) = gpugrad.autograd.grad(loss, x, create_graph=True)
            optimizer.step()
        return p.sum()

    scale = gpugrad.tensor([0.5, 1.0, 2.0], dtype=gpugrad.float64, requires_grad=True)
    assert gpugrad.autograd.gradcheck(final, scale)


def test_a_leaf_is_not_updated_in_a_recorded_step() -> None:
    w = matrix(2, 2)
    optimizer = optim.SGD([w], lr=0.1, differentiable=True)
    w.sum().backward()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        optimizer.step()
