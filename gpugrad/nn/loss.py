"""Loss functions as modules; the formulas are in ``functional``.

``reduction`` says what becomes of the losses of the single elements: ``"mean"``, ``"sum"`` or
``"none"``.
"""

from __future__ import annotations

import warnings

from ..tensor import Tensor
from . import functional as F
from .functional.reduction import from_legacy
from .module import Module


class _Loss(Module):
    """A loss with a reduction; ``size_average`` and ``reduce`` are its deprecated spelling."""

    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = from_legacy(size_average, reduce)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    """A loss with weights, which are a buffer: they move with the module."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """The squared error (x - y)².

    Shape:
        input and target (*) alike; the output is a scalar, or (*) with ``reduction="none"``.

    >>> import gpugrad
    >>> gpugrad.nn.MSELoss()(gpugrad.tensor([1.0, 3.0]), gpugrad.zeros(2))
    tensor(5.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """The absolute error |x - y|.

    >>> import gpugrad
    >>> gpugrad.nn.L1Loss()(gpugrad.tensor([1.0, 3.0]), gpugrad.zeros(2))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """(x - y)² / (2 · beta) where |x - y| < beta, |x - y| - beta / 2 elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.SmoothL1Loss()(gpugrad.tensor([0.5, 3.0]), gpugrad.zeros(2))
    tensor(1.3125)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """(x - y)² / 2 where |x - y| < delta, delta · (|x - y| - delta / 2) elsewhere.

    >>> import gpugrad
    >>> gpugrad.nn.HuberLoss()(gpugrad.tensor([0.5, 3.0]), gpugrad.zeros(2))
    tensor(1.3125)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class NLLLoss(_WeightedLoss):
    """-weight[y] · x[y]: the negative log likelihood of class y, x holding log-probabilities.

    Shape:
        input (N, C) or (C) or (N, C, d1, …), target (N) or () or (N, d1, …) of class indices.

    >>> import gpugrad
    >>> gpugrad.nn.NLLLoss()(gpugrad.tensor([[-0.5, -1.0]]), gpugrad.tensor([1]))
    tensor(1.)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """``NLLLoss`` under a former name. Warns of that."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(_WeightedLoss):
    """-log(softmax(x)[y]): the negative log likelihood of class y, x holding logits.

    Args:
        weight: a weight for each class, of shape (C,).
        ignore_index: targets of this value count for nothing.
        label_smoothing: the share of the target that is spread evenly over all classes.

    Shape:
        input (N, C) or (C) or (N, C, d1, …); target (N) or () or (N, d1, …) of class indices, or
        the input's shape of class probabilities.

    >>> import gpugrad
    >>> loss = gpugrad.nn.CrossEntropyLoss()
    >>> loss(gpugrad.zeros(3, 5), gpugrad.tensor([1, 0, 4]))
    tensor(1.6094)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(_WeightedLoss):
    """-weight · (y · log(x) + (1 - y) · log(1 - x)), x holding probabilities.

    The logarithms are cut off at -100, so that the loss stays finite.

    >>> import gpugrad
    >>> gpugrad.nn.BCELoss()(gpugrad.tensor([0.5]), gpugrad.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """``BCELoss`` of sigmoid(x), without overflow.

    Args:
        weight: a factor for each element, broadcast.
        pos_weight: a factor for the positive part, broadcast.

    >>> import gpugrad
    >>> gpugrad.nn.BCEWithLogitsLoss()(gpugrad.zeros(1), gpugrad.ones(1))
    tensor(0.6931)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )


class KLDivLoss(_Loss):
    """y · (log(y) - x), x holding log-probabilities; ``"batchmean"`` divides by the batch size.

    Args:
        log_target: the target holds log-probabilities too.

    >>> import gpugrad
    >>> x, y = gpugrad.tensor([[0.5, 0.5]]), gpugrad.tensor([[0.25, 0.75]])
    >>> gpugrad.nn.KLDivLoss(reduction="batchmean")(x.log(), y)
    tensor(0.1308)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
