"""The updates written out with tensor operations, for optimizers with ``differentiable=True``.

The formulas are those in the optimizers' descriptions. Each function updates one parameter in place
and puts what is remembered anew into ``state``; everything can be differentiated by what the
gradient depends on, and by a learning rate that is a tensor.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .buckets import Group

State = dict[str, Any]


def sgd(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    momentum = group["momentum"]
    g = _with_decay(group, p, grad)
    if momentum:
        before = state.get("momentum_buffer")
        buffer = g.clone() if before is None else before * momentum + g * (1 - group["dampening"])
        state["momentum_buffer"] = buffer
        g = g + buffer * momentum if group["nesterov"] else buffer
    p.sub_(g * group["lr"])


def adam(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _decoupled(group, p, grad)
    count = _count(state)
    beta1, beta2 = group["betas"]
    _move_means(group, g, state)
    squares = state["exp_avg_sq"]
    if group["amsgrad"]:
        squares = state["max_exp_avg_sq"] = state["max_exp_avg_sq"].maximum(squares)
    size = (squares / (1 - beta2**count)).sqrt() + group["eps"]
    p.sub_(group["lr"] * (state["exp_avg"] / (1 - beta1**count)) / size)


def nadam(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _decoupled(group, p, grad)
    count = _count(state)
    beta1, beta2 = group["betas"]
    mu, following = (
        beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (count, count + 1)
    )
    product = state["mu_product"] * mu
    state["mu_product"] = product.to(state["step"].dtype)
    _move_means(group, g, state)
    size = (state["exp_avg_sq"] / (1 - beta2**count)).sqrt() + group["eps"]
    now = g * ((1 - mu) / (1 - product))
    ahead = state["exp_avg"] * (following / (1 - product * following))
    p.sub_(group["lr"] * (now + ahead) / size)


def radam(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _decoupled(group, p, grad)
    count = int(_count(state))
    beta1, beta2 = group["betas"]
    _move_means(group, g, state)
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * count * beta2**count / (1 - beta2**count)
    step = group["lr"] * state["exp_avg"] / (1 - beta1**count)
    if rho > 5:
        share = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
        size = state["exp_avg_sq"].sqrt() + group["eps"]
        step = step * ((share * (1 - beta2**count)) ** 0.5 / size)
    p.sub_(step)


def adamax(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _with_decay(group, p, grad)
    count = _count(state)
    beta1, beta2 = group["betas"]
    mean = state["exp_avg"] = state["exp_avg"] * beta1 + g * (1 - beta1)
    largest = (state["exp_inf"] * beta2).maximum(g.abs() + group["eps"])
    state["exp_inf"] = largest
    p.sub_(group["lr"] / (1 - beta1**count) * mean / largest)


def adagrad(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _with_decay(group, p, grad)
    count = _count(state)
    total = state["sum"] = state["sum"] + g.square()
    rate = group["lr"] / (1 + (count - 1) * group["lr_decay"])
    p.sub_(rate * g / (total.sqrt() + group["eps"]))


def adadelta(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _with_decay(group, p, grad)
    _count(state)
    rho, eps = group["rho"], group["eps"]
    squares = state["square_avg"] = state["square_avg"] * rho + g.square() * (1 - rho)
    delta = (state["acc_delta"] + eps).sqrt() / (squares + eps).sqrt() * g
    state["acc_delta"] = state["acc_delta"] * rho + delta.square() * (1 - rho)
    p.sub_(delta * group["lr"])


def rmsprop(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _with_decay(group, p, grad)
    _count(state)
    alpha = group["alpha"]
    squares = state["square_avg"] = state["square_avg"] * alpha + g.square() * (1 - alpha)
    if group["centered"]:
        mean = state["grad_avg"] = state["grad_avg"].lerp(g, 1 - alpha)
        squares = squares - mean.square()
    step = g / (squares.sqrt() + group["eps"])
    if group["momentum"] > 0:
        step = state["momentum_buffer"] = state["momentum_buffer"] * group["momentum"] + step
    p.sub_(step * group["lr"])


def rprop(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = -grad if group["maximize"] else grad
    _count(state)
    slower, faster = group["etas"]
    smallest, largest = group["step_sizes"]
    agreement = g * state["prev"]
    factor = g.new_ones(g.shape).masked_fill(agreement > 0, faster)
    factor = factor.masked_fill(agreement < 0, slower)
    size = state["step_size"] = (state["step_size"] * factor).clamp(smallest, largest)
    g = state["prev"] = g.masked_fill(agreement < 0, 0.0)
    p.sub_(g.sign() * size)


def asgd(group: Group, p: Tensor, grad: Tensor, state: State) -> None:
    g = _with_decay(group, p, grad)
    count = _count(state)
    eta, mu, lambd = state["eta"].double(), state["mu"].double(), group["lambd"]
    p.mul_(1 - lambd * eta)
    p.sub_(g * eta)
    average = state["ax"]
    state["ax"] = (average + (p - average) * mu).to(p.dtype).where(mu != 1, p)
    eta = group["lr"] / (1 + lambd * group["lr"] * count) ** group["alpha"]
    mu = 1 / (count - group["t0"]).clamp(min=1)
    state["eta"], state["mu"] = eta.to(state["step"].dtype), mu.to(state["step"].dtype)


def _count(state: State) -> Tensor:
    """The number of this step, in float64: powers of it lose digits in float32."""
    state["step"] = state["step"] + 1
    count: Tensor = state["step"].double()
    return count


def _with_decay(group: Group, p: Tensor, grad: Tensor) -> Tensor:
    """The gradient of what is minimized: with its sign, and the pull towards zero."""
    g = -grad if group["maximize"] else grad
    return g + p * group["weight_decay"] if group["weight_decay"] else g


def _decoupled(group: Group, p: Tensor, grad: Tensor) -> Tensor:
    """The same, or the parameter itself pulled towards zero."""
    if not group["decoupled_weight_decay"]:
        return _with_decay(group, p, grad)
    p.mul_(1 - group["lr"] * group["weight_decay"])
    return -grad if group["maximize"] else grad


def _move_means(group: Group, g: Tensor, state: State) -> None:
    """The running means of the gradient and of its square."""
    beta1, beta2 = group["betas"]
    state["exp_avg"] = state["exp_avg"].lerp(g, 1 - beta1)
    state["exp_avg_sq"] = state["exp_avg_sq"] * beta2 + g.square() * (1 - beta2)
