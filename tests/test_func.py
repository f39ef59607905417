"""Function transforms: derivatives of functions as functions, batches, modules without state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)

X = gpugrad.tensor([1.0, 2.0])
Y = gpugrad.tensor([3.0, 5.0])


# --- grad ----------------------------------------------------------------------------------------


def test_grad_and_its_repetition() -> None:
    def cube(x: Any) -> Any:
        return x**3

    x = gpugrad.tensor(2.0)
    values = []
    f: Callable[..., Any] = cube
    for _ in range(4):
        f = grad(f)
        values.append(f(x).item())
    assert values == [12.0, 12.0, 6.0, 0.0]


def test_results_are_outside_the_graph_unless_they_depend_on_something_outside() -> None:
    w = gpugrad.tensor([2.0, 3.0], requires_grad=True)
    assert not grad(lambda x: (x * x).sum())(X).requires_grad
    outside = grad(lambda x: (x * w * w).sum())(X)
    assert outside.requires_grad
    outside.sum().backward()
    assert w.grad.tolist() == [4.0, 6.0]
    assert grad(lambda x: (x * x).sum())(w).requires_grad
    assert not grad(lambda x: (x * 2).sum())(w).requires_grad
    with gpugrad.no_grad():
        g = grad(lambda x: (x * x * w).sum())(X)
    assert g.tolist() == [4.0, 12.0] and not g.requires_grad
    assert X.grad is None and not X.requires_grad


def test_argnums_trees_and_aux() -> None:
    def f(a: Any, tree: Any) -> Any:
        return (a * tree["w"] * tree["more"][0]).sum()

    tree = {"w": Y, "more": [X, X]}
    by_tree = grad(f, argnums=1)(X, tree)
    assert by_tree["w"].tolist() == [1.0, 4.0]
    assert by_tree["more"][0].tolist() == [3.0, 10.0]
    assert by_tree["more"][1].tolist() == [0.0, 0.0]
    first, last = grad(lambda a, b: (a * b).sum(), argnums=(0, -1))(X, Y)
    assert (first.tolist(), last.tolist()) == ([3.0, 5.0], [1.0, 2.0])
    value, aux = grad(lambda a: ((a * a).sum(), a * 3), has_aux=True)(X)
    assert aux.tolist() == [3.0, 6.0] and not aux.requires_grad
    gradient, (value, aux) = grad_and_value(lambda a: ((a * a).sum(), "text"), has_aux=True)(X)
    assert (gradient.tolist(), value.item(), aux) == ([2.0, 4.0], 5.0, "text")


def test_a_constant_has_the_gradient_zero() -> None:
    assert grad(lambda x: gpugrad.tensor(2.0))(X).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: grad(lambda x: x)(X), RuntimeError, "scalar Tensor, got tensor with 1 dims"),
        (lambda: grad(lambda x: (x,))(X), RuntimeError, "return a Tensor, got <class 'tuple'>"),
        (lambda: grad(lambda x: x)(3.0), ValueError, "must be Tensor, got <class 'float'>"),
        (lambda: grad(lambda x: x.sum(), 1)(X), RuntimeError, "Got argnum=1, but only 1 positio"),
        (lambda: grad(lambda x: x.sum(), ())(X), RuntimeError, "argnums must be non-empty"),
        (lambda: grad(lambda x: x, has_aux=True)(X), RuntimeError, "should be a tuple"),
        (lambda: vjp(lambda x: (x, x), X)[1](X), RuntimeError, "structure of cotangents"),
        (lambda: jvp(lambda x: x, X, X), RuntimeError, "Expected primals to be a tuple"),
        (lambda: jvp(lambda x: x, (X,), (X, X)), RuntimeError, "same python structure"),
        (lambda: jvp(lambda x: x, (X,), (X[:1],)), RuntimeError, "different size"),
        (lambda: linearize(gpugrad.sin, X)[1](X, X), RuntimeError, "structure of the primals"),
    ],
)
def test_refusals(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# --- products and whole Jacobians ----------------------------------------------------------------


def both(x: Any, y: Any) -> Any:
    return {"product": x * y, "sum": (x * x).sum()}


def test_vjp() -> None:
    output, back = vjp(both, X, Y)
    assert output["product"].tolist() == [3.0, 10.0] and not output["sum"].requires_grad
    for _ in range(2):
        by_x, by_y = back({"product": gpugrad.tensor([1.0, 0.0]), "sum": gpugrad.tensor(1.0)})
        assert (by_x.tolist(), by_y.tolist()) == ([5.0, 4.0], [1.0, 0.0])
    _, back, aux = vjp(lambda x: (x * 2, x + 1), X, has_aux=True)
    assert aux.tolist() == [2.0, 3.0]
    assert back(X)[0].tolist() == [2.0, 4.0]


def test_jvp_and_linearize() -> None:
    output, product = jvp(both, (X, Y), (gpugrad.ones(2), gpugrad.tensor([1.0, 0.0])))
    assert output["product"].tolist() == [3.0, 10.0]
    assert product["product"].tolist() == [4.0, 5.0]
    assert product["sum"].item() == 6.0
    assert not product["sum"].requires_grad
    _, push = linearize(both, X, Y)
    for _ in range(2):
        again = push(gpugrad.ones(2), gpugrad.tensor([1.0, 0.0]))
        assert again["product"].tolist() == [4.0, 5.0]
    _, constant = jvp(lambda x: gpugrad.ones(3), (X,), (X,))
    assert constant.tolist() == [0.0, 0.0, 0.0]


def test_products_can_be_differentiated() -> None:
    def slope(x: Any) -> Any:
        return jvp(gpugrad.sin, (x,), (gpugrad.ones(2),))[1].sum()

    assert gpugrad.allclose(grad(slope)(X), -X.sin())
    by_tangent = grad(lambda t: jvp(lambda x: x**3, (X,), (t,))[1].sum())(gpugrad.ones(2))
    assert by_tangent.tolist() == [3.0, 12.0]
    by_cotangent = grad(lambda v: vjp(lambda x: x**3, X)[1](v)[0].sum())(gpugrad.ones(2))
    assert by_cotangent.tolist() == [3.0, 12.0]


@pytest.mark.parametrize("transform", [jacrev, jacfwd])
def test_jacobians(transform: Any) -> None:
    found = transform(both, argnums=(0, 1))(X, Y)
    assert found["product"][0].tolist() == [[3.0, 0.0], [0.0, 5.0]]
    assert found["product"][1].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert found["sum"][0].tolist() == [2.0, 4.0]
    assert found["sum"][1].tolist() == [0.0, 0.0]
    assert not found["sum"][0].requires_grad
    matrix = gpugrad.arange(6.0).reshape(2, 3)
    rows = transform(lambda x: (x * x).sum(0))(matrix)
    assert rows.shape == (3, 2, 3)
    assert rows[1].tolist() == [[0.0, 2.0, 0.0], [0.0, 8.0, 0.0]]
    value, aux = transform(lambda x: (x * 2, x), has_aux=True)(X)
    assert (value.tolist(), aux.tolist()) == ([[2.0, 0.0], [0.0, 2.0]], [1.0, 2.0])
    assert transform(lambda x: x[:0])(X).shape == (0, 2)


def test_hessian() -> None:
    assert hessian(lambda x: (x**3).sum())(X).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    found = hessian(lambda x, y: (x * y).sum(), argnums=(0, 1))(X, Y)
    assert found[0][1].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found[1][1].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    crossed = jacfwd(jacrev(lambda x: (x**3).sum()))(X)
    assert crossed.tolist() == [[6.0, 0.0], [0.0, 12.0]]


# --- vmap ----------------------------------------------------------------------------------------


def test_vmap_dims() -> None:
    matrix = gpugrad.arange(6.0).reshape(2, 3)
    assert vmap(gpugrad.sum)(matrix).tolist() == [3.0, 12.0]
    assert vmap(gpugrad.sum, in_dims=1)(matrix).tolist() == [3.0, 5.0, 7.0]
    assert vmap(lambda x, s: x * s, in_dims=(-1, None))(matrix, 2.0).shape == (3, 2)
    assert vmap(lambda x: x, in_dims=1, out_dims=-1)(matrix).tolist() == matrix.tolist()
    first, second = vmap(lambda x: (x, gpugrad.ones(4)), out_dims=(1, None))(matrix)
    assert first.shape == (3, 2) and second.shape == (4,)
    tree = vmap(lambda d: {"s": d["a"].sum() * d["b"]}, in_dims=({"a": 0, "b": None},))(
        {"a": matrix, "b": 2.0}
    )
    assert tree["s"].tolist() == [6.0, 24.0]
    assert vmap(lambda x: x * 2)(gpugrad.ones(0, 2)).shape == (0, 2)


def test_vmap_with_derivatives() -> None:
    w = gpugrad.tensor([1.0, 2.0, 3.0])
    batch = gpugrad.arange(6.0).reshape(2, 3)
    gradients = vmap(grad(lambda w, x: (w * x).sum() ** 2), in_dims=(None, 0))(w, batch)
    expected = [(2 * (w * x).sum() * x).tolist() for x in batch]
    assert gradients.tolist() == expected
    total = grad(lambda x: vmap(lambda row: (row**2).sum())(x).sum())(batch)
    assert total.tolist() == (2 * batch).tolist()
    assert vmap(vmap(lambda x: x + 1))(batch).tolist() == (batch + 1).tolist()


def test_vmap_randomness() -> None:
    def noisy(x: Any) -> Any:
        return x + gpugrad.rand(3)

    batch = gpugrad.zeros(4, 3)
    with pytest.raises(RuntimeError, match="called random operation while in randomness error"):
        vmap(noisy)(batch)
    same = vmap(noisy, randomness="same")(batch)
    assert all(row == same.tolist()[0] for row in same.tolist())
    different = vmap(noisy, randomness="different")(batch)
    assert different.tolist()[0] != different.tolist()[1]
    assert same.tolist()[0] != vmap(noisy, randomness="same")(batch).tolist()[0]
    with pytest.raises(RuntimeError, match="Only allowed values for randomness"):
        vmap(noisy, randomness="none")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vmap(gpugrad.add)(gpugrad.ones(2), gpugrad.ones(3)), r"got sizes \[2, 3\]"),
        (lambda: vmap(gpugrad.sin, in_dims=None)(X), "expected `in_dims` to be int or a"),
        (lambda: vmap(gpugrad.sin, in_dims=(None,))(X), "at least one input"),
        (lambda: vmap(lambda x: 3.0)(X), "must only return Tensors, got type <class 'float'>"),
        (lambda: vmap(gpugrad.sin, in_dims=3)(X), "expected in_dim to satisfy -1 <= in_dim < 1"),
        (lambda: vmap(gpugrad.sin, in_dims=(0, 0))(X), "not compatible with the structure of `inp"),
        (lambda: vmap(gpugrad.sin, in_dims=("a",))(X), "must be either an integer"),
        (lambda: vmap(gpugrad.add)(X, 3.0), "We cannot vmap over non-Tensor arguments"),
        (lambda: vmap(gpugrad.sin, out_dims=(0, 0))(X), "structure of `outputs`"),
        (lambda: vmap(gpugrad.sin)(), "got no inputs"),
    ],
)
def test_vmap_refusals(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# --- modules -------------------------------------------------------------------------------------


def test_functional_call() -> None:
    layer = nn.Linear(2, 1)
    weight, bias = layer.weight, layer.bias
    result = functional_call(layer, {"weight": gpugrad.ones(1, 2)}, X)
    assert result.tolist() == (X.sum() + bias).tolist()
    assert layer.weight is weight and layer.bias is bias
    with pytest.raises(RuntimeError):
        functional_call(layer, {"weight": gpugrad.ones(1, 2)}, gpugrad.ones(5))
    assert layer.weight is weight


def test_functional_call_reaches_into_children_and_gives_gradients() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    state = {name: p.detach().clone() for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    x = gpugrad.rand(4, 2)

    def loss(p: Any) -> Any:
        return (functional_call(model, (p, buffers), (x,)) ** 2).sum()

    found = grad(loss)(state)
    assert model[1].num_batches_tracked.item() == 0
    (model(x) ** 2).sum().backward()
    for name, parameter in model.named_parameters():
        assert gpugrad.allclose(found[name], parameter.grad), name


def test_tied_parameters_are_replaced_together() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    eye, x = gpugrad.eye(2) * 2, gpugrad.ones(2)
    assert functional_call(model, {"0.weight": eye}, x).tolist() == [4.0, 4.0]
    apart = functional_call(model, {"0.weight": eye}, x, tie_weights=False)
    assert apart.tolist() == (model[1].weight @ (eye @ x)).tolist()
    with pytest.raises(ValueError, match="got multiple values for keys"):
        functional_call(model, {"0.weight": eye, "1.weight": eye * 2}, x)


def test_functional_call_refusals() -> None:
    layer = nn.Linear(2, 1)
    ones = gpugrad.ones(1, 2)
    with pytest.raises(AttributeError, match="Linear has no attribute `a`"):
        functional_call(layer, {"a.weight": ones}, X)
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): 'bias'"):
        functional_call(layer, {"weight": ones}, X, strict=True)
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\): 'z'"):
        functional_call(layer, {"weight": ones, "bias": X, "z": X}, X, strict=True)
    with pytest.raises(ValueError, match="appeared in multiple dictionaries"):
        functional_call(layer, ({"weight": ones}, {"weight": ones}), X)
    with pytest.raises(TypeError, match=r"3 is not an instance of torch\.Tensor"):
        functional_call(layer, {"weight": 3}, X)  # type: ignore[dict-item]


def test_stacked_models() -> None:
    models = [nn.Linear(2, 1) for _ in range(3)]
    parameters, buffers = stack_module_state(models)
    assert parameters["weight"].shape == (3, 1, 2) and buffers == {}
    assert parameters["weight"].is_leaf and parameters["weight"].requires_grad
    run = vmap(lambda p, x: functional_call(models[0], p, x), in_dims=(0, None))
    results = run(parameters, gpugrad.ones(4, 2))
    for result, model in zip(results, models, strict=True):
        assert result.tolist() == model(gpugrad.ones(4, 2)).tolist()
    with pytest.raises(RuntimeError, match="at least one model"):
        stack_module_state([])
    with pytest.raises(RuntimeError, match="same training/eval mode"):
        stack_module_state([models[0], nn.Linear(2, 1).eval()])
    with pytest.raises(RuntimeError, match="same class"):
        stack_module_state([models[0], nn.ReLU()])
