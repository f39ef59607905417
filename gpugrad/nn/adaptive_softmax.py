"""``AdaptiveLogSoftmaxWithLoss``: a softmax over many classes, the rare ones in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..autograd.composed import shown_as
from ..ops.joining import cat
from ..tensor import Tensor
from . import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """An approximate softmax for many classes of unequal frequency, and its loss.

    Grave et al., "Efficient softmax approximation for GPUs", 2017: the classes, by frequency, are
    cut into a head and clusters. The head tells its classes and the clusters apart; cluster i works
    on a projection of the input to ``in_features / div_value**(i + 1)`` numbers.

    Args:
        in_features: the size of the input.
        n_classes: the number of classes, the most frequent first.
        cutoffs: the first classes of the clusters.
        div_value: by how much each cluster's projection is smaller than the one before.
        head_bias: whether the head has a bias.

    Shape:
        input (N, in_features) or (in_features), target (N) or () of class indices; the output is
        the log-probability of each target, (N) or (), and the loss is a scalar.

    Raises:
        ValueError: cutoffs that are not increasing numbers between 1 and ``n_classes - 1``.
        RuntimeError: an input and a target that do not fit, or a class out of range.

    >>> import gpugrad
    >>> softmax = gpugrad.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.0)
    >>> output, loss = softmax(gpugrad.zeros(3, 8), gpugrad.tensor([0, 7, 19]))
    >>> output.shape, softmax.log_prob(gpugrad.zeros(3, 8)).shape
    (torch.Size([3]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cuts = list(cutoffs)
        if not cuts:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        increasing = cuts == sorted(set(cuts)) and all(int(c) == c for c in cuts)
        if not increasing or cuts[0] <= 0 or cuts[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                "order, where each value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cuts, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cuts[0]
        self.n_clusters = len(cuts)
        self.head_size = self.shortlist_size + self.n_clusters
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **like)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            middle = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, middle, bias=False, **like),
                    Linear(middle, high - low, bias=False, **like),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """The targets' log-probabilities and minus their mean."""
        if target_.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target_.dim() == 1:
            if input_.size(0) != target_.size(0):
                raise RuntimeError(
                    "Input and target should have the same size in the batch dimension."
                )
            if input_.dim() != 2:
                raise RuntimeError(
                    "1D target tensor expects 2D input tensors, but found inputs with size",
                    input_.size(),
                )
        elif input_.dim() != 1:
            raise RuntimeError(
                "0D target tensor expects 1D input tensors, but found inputs with size",
                input_.size(),
            )
        single = target_.dim() == 0
        input, target = (t.unsqueeze(0) if single else t for t in (input_, target_))
        self._check_range(target)
        output = self._of_targets(input, target)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if single else output, loss)

    def _check_range(self, target: Tensor) -> None:
        low, high = int(target.min()), int(target.max())
        if low < 0 or high >= self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{low}, {high}] were found. "
            )

    @shown_as("Add")
    def _of_targets(self, input: Tensor, target: Tensor) -> Tensor:
        """The targets' log-probabilities; each cluster computes its own rows alone."""
        column = target.clamp(max=self.shortlist_size - 1)
        within = input.new_zeros(target.shape)
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            scores = F.log_softmax(self.tail[i](input.index_select(0, rows)), 1)
            place = (target.index_select(0, rows) - low).unsqueeze(1)
            column = column.index_fill(0, rows, self.shortlist_size + i)
            within = within.index_copy(0, rows, scores.gather(1, place).squeeze(1))
        head = F.log_softmax(self.head(input), 1).gather(1, column.unsqueeze(1)).squeeze(1)
        result: Tensor = head + within
        return result

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes).

        >>> import gpugrad
        >>> softmax = gpugrad.nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2], div_value=2.0)
        >>> softmax.log_prob(gpugrad.zeros(1, 4)).shape
        torch.Size([1, 6])
        """
        return self._all_from(input, F.log_softmax(self.head(input), 1))

    def _all_from(self, input: Tensor, head: Tensor) -> Tensor:
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            chosen = head[:, self.shortlist_size + i : self.shortlist_size + i + 1]
            parts.append(F.log_softmax(cluster(input), 1) + chosen)
        result: Tensor = cat(parts, 1)
        return result

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row, (N).

        >>> import gpugrad
        >>> softmax = gpugrad.nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2], div_value=2.0)
        >>> softmax.predict(gpugrad.zeros(3, 4)).shape
        torch.Size([3])
        """
        result: Tensor = self.log_prob(input).argmax(1)
        return result
