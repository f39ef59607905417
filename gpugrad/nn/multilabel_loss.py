"""Losses of several classes at once, of triplets under any distance, and of unaligned sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..tensor import Tensor
from . import functional as F
from .distance import PairwiseDistance
from .loss import _Loss, _WeightedLoss


class MultiLabelMarginLoss(_Loss):
    """Σ_j Σ_i max(0, 1 - (x[y_j] - x[i])) / C; see ``functional.multilabel_margin_loss``.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([0.1, 0.2, 0.4, 0.8]), gpugrad.tensor([3, 0, -1, 1])
    >>> gpugrad.nn.MultiLabelMarginLoss()(x, y)
    tensor(0.8500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Binary cross entropies of logits, times ``weight``, averaged over the classes.

    >>> import gpugrad
    >>> gpugrad.nn.MultiLabelSoftMarginLoss()(gpugrad.zeros(1, 2), gpugrad.ones(1, 2))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(_Loss):
    """max(0, d(a, p) - d(a, n) + margin) for a distance d, ``PairwiseDistance`` by default.

    >>> import gpugrad
    >>> a, p, n = gpugrad.zeros(1, 2), gpugrad.ones(1, 2), gpugrad.ones(1, 2)
    >>> gpugrad.nn.TripletMarginWithDistanceLoss()(a, p, n)
    tensor(1.0000)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class CTCLoss(_Loss):
    """-log of the probability of all alignments that give the target; see ``functional.ctc_loss``.

    >>> import gpugrad
    >>> steps = gpugrad.full((2, 1, 2), 0.5).log()
    >>> gpugrad.nn.CTCLoss()(steps, gpugrad.tensor([[1]]), [2], [1])
    tensor(0.2877)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(None, None, reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
