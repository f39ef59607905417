"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.grad_mode import enable_grad, no_grad
from ..creation import zeros
from ..ops.joining import cat
from ..tensor import Tensor
from .line_search import LineSearch, Point
from .optimizer import Optimizer, Params
from .options import check_lr

State = dict[str, Any]


class LBFGS(Optimizer):
    """Newton's method with an inverse Hessian guessed from the last changes of the gradient.

    One step makes up to ``max_iter`` iterations and evaluates the model several times, for which
    it takes a closure. It is meant for problems without noise: gradients of all the data.

    ::

        direction = -H * grad, with H from the last history_size pairs of
                    s = change of the parameters, y = change of the gradient
        p = p + t * direction

    Args:
        params: tensors or pairs (name, tensor), of one group, one device and one dtype.
        lr: the length ``t`` of each iteration's move, or where the line search begins.
        max_iter: how many iterations a step makes.
        max_eval: how often it may evaluate the model; 1.25 times ``max_iter`` if None.
        tolerance_grad: stop where no element of the gradient is larger.
        tolerance_change: stop where the loss or the parameters change by less.
        history_size: how many changes are remembered.
        line_search_fn: ``"strong_wolfe"``, or None for moves of the same length.

    State, of the first parameter: ``func_evals`` and ``n_iter``, the counts of evaluations and
    iterations, and what the next direction is calculated from.

    Raises:
        ValueError: a negative ``lr``, or several groups.
        RuntimeError: in :meth:`step`, for another line search.

    Source: Nocedal and Wright, "Numerical optimization" (2006), algorithms 7.4 and 7.5.

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w - 3).square().sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(5., grad_fn=<SumBackward0>)
    >>> w
    tensor([3.0000, 3.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Make iterations until the parameters are good enough or the limits are reached.

        Args:
            closure: evaluates the model anew, calls ``backward`` and returns the loss.

        Returns:
            What ``closure`` returned at first.
        """
        if len(self.param_groups) != 1:
            raise AssertionError(
                f"Expected exactly one param_group, but got {len(self.param_groups)}"
            )
        evaluate = enable_grad()(closure)
        group = self.param_groups[0]
        params: list[Tensor] = group["params"]
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        result = evaluate()
        loss, gradient = float(result), flat_gradient(params)
        state["func_evals"] += 1
        if small(gradient, group["tolerance_grad"]):
            return result
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            first = state["n_iter"] == 1
            state["d"] = d = _first(state, gradient) if first else _next(state, gradient, group)
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            t = float(group["lr"])
            if first:
                t *= min(1.0, 1.0 / float(gradient.abs().sum()))
            state["t"] = t
            slope = float(gradient.dot(d))
            if slope > -group["tolerance_change"]:
                break
            before = loss
            if group["line_search_fn"] is not None:
                start = Point(0.0, loss, gradient, slope)
                most = group["max_eval"] - evaluations
                found, more = self._search(params, evaluate, d, start, t, most)
                state["t"], loss, gradient = found.t, found.value, found.gradient
                move(params, found.t, d)
            else:
                move(params, t, d)
                more = 0
                if iteration < group["max_iter"]:  # else the next step does, maybe with other data
                    loss, gradient, more = float(evaluate()), flat_gradient(params), 1
            evaluations += more
            state["func_evals"] += more
            if iteration == group["max_iter"] or evaluations >= group["max_eval"]:
                break
            if small(gradient, group["tolerance_grad"]):
                break
            least = group["tolerance_change"]
            if small(d * state["t"], least) or abs(loss - before) < least:
                break
        return result

    def _search(
        self,
        params: list[Tensor],
        evaluate: Callable[[], Any],
        d: Tensor,
        start: Point,
        t: float,
        most: int,
    ) -> tuple[Point, int]:
        """A point along ``d``, and how often the model was evaluated to find it."""
        if self.param_groups[0]["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        search = LineSearch(_along(params, evaluate, d), d, start, most)
        return search.run(t), search.evaluations


def flat_gradient(params: list[Tensor]) -> Tensor:
    """All gradients in one vector; zeros where there are none."""
    parts = [
        zeros(p.numel(), dtype=p.dtype, device=p.device) if p.grad is None else p.grad.reshape(-1)
        for p in params
    ]
    found: Tensor = cat(parts)
    return found


def move(params: list[Tensor], t: float, direction: Tensor) -> None:
    """Add ``t`` times a flat direction to the parameters."""
    offset = 0
    for p in params:
        p.add_(direction[offset : offset + p.numel()].reshape(p.shape), alpha=t)
        offset += p.numel()


def small(vector: Tensor, limit: float) -> bool:
    """Whether no element is larger than ``limit``."""
    return bool(vector.abs().max() <= limit)


def _along(
    params: list[Tensor], evaluate: Callable[[], Any], direction: Tensor
) -> Callable[[float], tuple[float, Tensor]]:
    """The loss and its gradient as functions of how far the parameters are moved."""
    start = [p.clone() for p in params]

    def at(t: float) -> tuple[float, Tensor]:
        move(params, t, direction)
        loss = float(evaluate())
        gradient = flat_gradient(params)
        for p, value in zip(params, start, strict=True):
            p.copy_(value)
        return loss, gradient

    return at


def _first(state: State, gradient: Tensor) -> Tensor:
    """The direction of steepest descent, with nothing remembered so far."""
    state["old_dirs"], state["old_stps"], state["ro"], state["H_diag"] = [], [], [], 1
    descent: Tensor = -gradient
    return descent


def _next(state: State, gradient: Tensor, group: dict[str, Any]) -> Tensor:
    """The direction, after remembering the last move."""
    changes, moves, inverses = state["old_dirs"], state["old_stps"], state["ro"]
    y = gradient - state["prev_flat_grad"]
    s = state["d"] * state["t"]
    ys = y.dot(s)
    if float(ys) > 1e-10:  # else the guess would not be of a minimum
        if len(changes) == group["history_size"]:
            for remembered in (changes, moves, inverses):
                remembered.pop(0)
        changes.append(y)
        moves.append(s)
        inverses.append(1.0 / ys)
        state["H_diag"] = ys / y.dot(y)
    shares = state.setdefault("al", [None] * group["history_size"])
    d: Tensor = -gradient
    for i in reversed(range(len(changes))):
        shares[i] = moves[i].dot(d) * inverses[i]
        d.sub_(changes[i] * shares[i])
    d = d * state["H_diag"]
    for i in range(len(changes)):
        d.add_(moves[i] * (shares[i] - changes[i].dot(d) * inverses[i]))
    return d
