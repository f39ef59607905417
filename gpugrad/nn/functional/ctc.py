"""Connectionist temporal classification: the loss of a sequence without its alignment."""

from __future__ import annotations

from collections.abc import Sequence

from ...casting.calls import THREADS, casting
from ...creation import as_tensor, tensor
from ...ops.joining import stack
from ...tensor import Tensor
from .padding import pad
from .promotion import require_floating

# The logarithm of what cannot be. Finite, since differences of infinities have no derivative.
_NEVER = -1e30


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of all alignments that give the target.

    An alignment names a class or ``blank`` at each step; repeated classes count once, then blanks
    fall away. The probabilities of all alignments up to a step are summed by dynamic programming:
    Graves et al., "Connectionist Temporal Classification", 2006, section 4.1. As in PyTorch, the
    gradient is meant to go through ``log_softmax``.

    Args:
        log_probs: logarithms of probabilities, (T, N, C) or (T, C).
        targets: classes (N, S), or one after the other (sum of the target lengths).
        input_lengths: how many steps of each sequence count.
        target_lengths: how many classes of each target count.
        blank: the class that says nothing.
        reduction: ``"mean"`` is of losses divided by the lengths of their targets.
        zero_infinity: losses of targets that do not fit into their inputs are 0, with no gradient.

    Raises:
        RuntimeError: lengths or ``blank`` that do not fit.

    >>> import gpugrad
    >>> steps = gpugrad.full((2, 1, 2), 0.5).log()
    >>> gpugrad.nn.functional.ctc_loss(steps, gpugrad.tensor([[1]]), [2], [1])  # 3 of 4 ways
    tensor(0.2877)
    """
    if THREADS and (run := casting("ctc_loss")):
        return run(
            ctc_loss,
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            blank,
            reduction,
            zero_infinity,
        )
    require_floating(log_probs, "ctc_loss_cpu", halves=False)
    if log_probs.dim() == 2:
        log_probs = log_probs.unsqueeze(1)
        single = True
    else:
        single = False
    steps, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    frames, labels = _lengths(input_lengths, batch), _lengths(target_lengths, batch)
    if max(frames) > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {max(frames)}"
        )
    rows = _target_rows(targets, labels)
    loss = _forward(log_probs, _with_blanks(rows, blank, log_probs), frames, labels)
    impossible = loss > -_NEVER / 2
    loss = loss.masked_fill(impossible, 0.0 if zero_infinity else float("inf"))
    if reduction == "mean":
        divisors = tensor([max(n, 1) for n in labels], dtype=loss.dtype, device=loss.device)
        mean: Tensor = (loss / divisors).mean()
        return mean
    if reduction == "sum":
        total: Tensor = loss.sum()
        return total
    result: Tensor = loss.squeeze(0) if single else loss
    return result


def _lengths(lengths: Tensor | Sequence[int], batch: int) -> list[int]:
    given: list[int] = as_tensor(lengths).reshape(-1).tolist()
    if len(given) != batch:
        raise RuntimeError("input_lengths and target_lengths must be of size batch_size")
    return given


def _target_rows(targets: Tensor, lengths: list[int]) -> list[list[int]]:
    """The classes of each target."""
    values = targets.tolist()
    if targets.dim() == 1:
        rows, start = [], 0
        for length in lengths:
            rows.append(values[start : start + length])
            start += length
        return rows
    return [row[:length] for row, length in zip(values, lengths, strict=True)]


def _with_blanks(rows: list[list[int]], blank: int, like: Tensor) -> Tensor:
    """The targets with blanks before, between and behind their classes, filled up with blanks."""
    width = 2 * max(map(len, rows)) + 1
    spread = [[blank] * width for _ in rows]
    for filled, row in zip(spread, rows, strict=True):
        filled[1 : 2 * len(row) : 2] = row
    result: Tensor = tensor(spread, device=like.device)
    return result


def _forward(log_probs: Tensor, states: Tensor, frames: list[int], labels: list[int]) -> Tensor:
    """-log of the summed probabilities of the paths through ``states``, for each sequence."""
    steps, batch, _ = log_probs.shape
    width = states.size(1)
    emitted = log_probs.gather(2, states.expand(steps, batch, width))
    # From a state a path stays, goes on, or passes over the blank between different classes.
    may_skip = pad(states[:, 2:] != states[:, :-2], (2, 0)) if width > 2 else states != states
    first = tensor([[s < 2 for s in range(width)]], device=states.device)
    alpha = emitted[0].masked_fill(~first, _NEVER)
    lengths = tensor(frames, device=states.device).reshape(-1, 1)
    for t in range(1, steps):
        come = pad(alpha, (1, 0), value=_NEVER)[:, :-1]
        jump = pad(alpha, (2, 0), value=_NEVER)[:, :width].masked_fill(~may_skip, _NEVER)
        reached = stack((alpha, come, jump)).logsumexp(0) + emitted[t]
        alpha = reached.where(lengths > t, alpha)
    ends = tensor([[2 * n, max(2 * n - 1, 0)] for n in labels], device=states.device)
    last = alpha.gather(1, ends)
    empty = tensor([[False, n == 0] for n in labels], device=states.device)
    loss = -last.masked_fill(empty, _NEVER).logsumexp(1)
    result: Tensor = loss + _normalizer(log_probs, frames)
    return result


def _normalizer(log_probs: Tensor, frames: list[int]) -> Tensor:
    """Zeros whose gradient is that of the probabilities' sum, which log_softmax takes out again."""
    counts = [[float(t < n) for n in frames] for t in range(log_probs.size(0))]
    weights = tensor(counts, dtype=log_probs.dtype, device=log_probs.device)
    total: Tensor = (log_probs.exp().sum(2) * weights).sum(0)
    result: Tensor = total - total.detach()
    return result
