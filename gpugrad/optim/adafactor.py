"""Adafactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..autograd.engine import wrap
from ..autograd.grad_mode import no_grad
from ..creation import zeros, zeros_like
from ..limits import finfo
from ..tensor import Tensor
from .buckets import Group
from .optimizer import Optimizer, Params
from .options import check_lr


class Adafactor(Optimizer):
    """Adam without momentum, whose mean squares of a matrix are a row times a column.

    ::

        r = min(lr, 1 / sqrt(t)),  a = max(eps2, rms(p)) * r,  b = t**beta2_decay
        row = row + b * (mean over columns of grad**2 - row), the same for columns
        v = row * column / mean(row)                 (of vectors: the mean squares themselves)
        u = grad / sqrt(max(v, eps1**2))
        p = p * (1 - lr * weight_decay) - a / max(1, rms(u) / d) * u

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: the largest relative step, a number or a tensor of one element.
        beta2_decay: how fast the running means slow down, at most 0.
        eps: eps1 keeps the denominator away from zero, the spacing of the parameter's type at 1 if
            None; eps2 is the least scale of a parameter.
        d: a step whose root mean square is greater is cut down to this.
        weight_decay: strength of the pull towards zero, apart from the gradient.
        foreach: accepted.
        maximize: go up the gradient instead of down.

    State: ``step`` (0-d, float32), and ``row_var`` and ``col_var``, or ``variance`` for parameters
    of fewer than two dimensions.

    Raises:
        ValueError: an option out of range.

    Source: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost"
    (2018).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8419, 1.8419], requires_grad=True)
    """

    _counts_steps: ClassVar[bool] = True
    _wide_lr: ClassVar[bool] = True

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor):
            check_lr(lr)
        least: tuple[tuple[str, Any, float], ...] = (
            ("Learning rate", lr, 0),
            ("epsilon1", 0 if eps[0] is None else eps[0], 0),
            ("epsilon2", eps[1], 0),
            ("Clipping threshold d", d, 1),
            ("weight_decay", weight_decay, 0),
        )
        for name, value, bound in least:
            if not value >= bound:
                raise ValueError(f"{name} should be >= {bound} but is: {value}")
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        if p.dim() < 2:
            state["variance"] = zeros_like(p, requires_grad=False)
            return
        like: dict[str, Any] = {"dtype": p.dtype, "device": p.device}
        state["row_var"] = zeros((*p.shape[:-1], 1), **like)
        state["col_var"] = zeros((*p.shape[:-2], 1, p.size(-1)), **like)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        with no_grad():
            for group, bucket, params, _ in self._work():
                lr: Any = wrap(bucket.lr.array)
                count = self.state[params[0]]["step"].add_(1)  # which they share
                for p in params:
                    self._update(group, p, lr.double(), count.double())
        return loss

    def _update(self, group: Group, p: Tensor, lr: Tensor, count: Tensor) -> None:
        grad = -p.grad if group["maximize"] else p.grad
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = finfo(p.dtype).eps
        share = count.pow(group["beta2_decay"]).to(p.dtype)
        size = (_rms(p)).clamp(min=eps2) * count.rsqrt().minimum(lr)
        if group["weight_decay"] != 0:
            p.mul_((1 - lr * group["weight_decay"]).to(p.dtype))
        squares = _mean_squares(self.state[p], grad, share, eps1)
        update = grad * squares.clamp(min=eps1 * eps1).rsqrt()
        scale = size / (_rms(update) / group["d"]).clamp(min=1.0)
        p.sub_(update * scale.to(p.dtype))


def _rms(x: Tensor) -> Tensor:
    """The root mean square of all elements, in float64."""
    result: Tensor = x.norm().double() / max(x.numel(), 1) ** 0.5
    return result


def _mean_squares(state: dict[str, Any], grad: Tensor, share: Tensor, eps: float) -> Tensor:
    """The running mean squares of the gradient, moved by this one's share first."""
    squares = grad.square()
    result: Tensor
    if "variance" in state:
        result = state["variance"].lerp_(squares, share)
        return result
    row, column = state["row_var"], state["col_var"]
    row.lerp_(squares.mean(-1, True), share)
    column.lerp_(squares.mean(-2, True), share)
    result = row @ column / row.mean(-2, True).clamp(min=eps)
    return result
