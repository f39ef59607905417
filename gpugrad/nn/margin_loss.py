"""Losses with a margin, and negative log likelihoods of given distributions, as modules."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .loss import _Loss, _WeightedLoss


class HingeEmbeddingLoss(_Loss):
    """x where y is 1, max(0, margin - x) where y is -1.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([0.5, 0.25]), gpugrad.tensor([1, -1])
    >>> gpugrad.nn.HingeEmbeddingLoss()(x, y)
    tensor(0.6250)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    """max(0, -y · (x₁ - x₂) + margin).

    >>> import gpugrad
    >>> x1, x2, y = gpugrad.tensor([1.0]), gpugrad.tensor([3.0]), gpugrad.tensor([1])
    >>> gpugrad.nn.MarginRankingLoss()(x1, x2, y)
    tensor(2.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, ‖a - p‖ - ‖a - n‖ + margin); see ``functional.triplet_margin_loss``.

    >>> import gpugrad
    >>> a, p, n = gpugrad.zeros(1, 2), gpugrad.ones(1, 2), gpugrad.ones(1, 2)
    >>> gpugrad.nn.TripletMarginLoss()(a, p, n)
    tensor(1.)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            self.margin,
            self.p,
            self.eps,
            self.swap,
            reduction=self.reduction,
        )


class CosineEmbeddingLoss(_Loss):
    """1 - cos(x₁, x₂) where y is 1, max(0, cos(x₁, x₂) - margin) where y is -1.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[1.0, 0.0]]), gpugrad.tensor([[3.0, 4.0]])
    >>> gpugrad.nn.CosineEmbeddingLoss()(x, y, gpugrad.tensor([1]))
    tensor(0.4000)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


class MultiMarginLoss(_WeightedLoss):
    """Σ_{i ≠ y} max(0, margin - x[y] + x[i])^p / C, times ``weight[y]``.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[0.1, 0.2, 0.4, 0.8]]), gpugrad.tensor([3])
    >>> gpugrad.nn.MultiMarginLoss()(x, y)
    tensor(0.3250)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{weight.dim()}D instead"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class SoftMarginLoss(_Loss):
    """log(1 + exp(-y · x)) for targets y of 1 and -1.

    >>> import gpugrad
    >>> gpugrad.nn.SoftMarginLoss()(gpugrad.zeros(2), gpugrad.ones(2))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class GaussianNLLLoss(_Loss):
    """(log(v) + (x - y)² / v) / 2 with v = max(var, eps).

    Args:
        full: add log(2 · pi) / 2.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 3.0])
    >>> gpugrad.nn.GaussianNLLLoss()(x, gpugrad.zeros(2), gpugrad.ones(2))
    tensor(2.5000)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class PoissonNLLLoss(_Loss):
    """exp(x) - y · x, x being the logarithm of the rate; or x - y · log(x + eps).

    >>> import gpugrad
    >>> gpugrad.nn.PoissonNLLLoss()(gpugrad.zeros(2), gpugrad.ones(2))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )
