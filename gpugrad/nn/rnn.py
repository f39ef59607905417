"""Recurrent layers over whole sequences: ``RNN``, ``LSTM`` and ``GRU``."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .rnn_base import RNNBase
from .utils.rnn import PackedSequence


class _OneState(RNNBase):
    """A layer whose state is one tensor."""

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        if hx is not None and not isinstance(input, PackedSequence):
            self._batched(input)
            self._check_rank(input, hx)
        result, (last,) = self._run(input, None if hx is None else (hx,))
        return result, last


class RNN(_OneState):
    """h_t = tanh(W x_t + b + W' h_{t-1} + b') for every step t, or with relu.

    Args:
        num_layers: so many layers, each over the outputs of the one before.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        batch_first: whether inputs and outputs are (N, L, ...) instead of (L, N, ...).
        dropout: the probability of a dropout after every layer but the last.
        bidirectional: whether every layer also goes through the sequence from its end.

    Shape:
        input (L, N, input_size) or (L, input_size); hx (D · num_layers, N, hidden_size) or
        (D · num_layers, hidden_size), D being 2 if bidirectional and else 1, zeros by default;
        outputs (L, N, D · hidden_size) and the last states, of hx's shape. For a
        :class:`~gpugrad.nn.utils.rnn.PackedSequence` the outputs are one too, and the last states
        are those at the ends of the sequences.

    Raises:
        RuntimeError: for input or states whose sizes do not fit.

    >>> import gpugrad
    >>> output, last = gpugrad.nn.RNN(3, 4)(gpugrad.zeros(5, 2, 3))
    >>> output.shape, last.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class GRU(_OneState):
    """A gated recurrent unit: h_t = (1 - z) · n + z · h_{t-1} with the gates
    r, z = sigmoid(W x_t + b + W' h_{t-1} + b') and n = tanh(W x_t + b + r · (W' h_{t-1} + b')).

    Arguments and shapes as for ``RNN``; each weight holds its rows for r, z and n.

    >>> import gpugrad
    >>> output, last = gpugrad.nn.GRU(3, 4, bidirectional=True)(gpugrad.zeros(5, 2, 3))
    >>> output.shape, last.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory: c_t = f · c_{t-1} + i · g and h_t = o · tanh(c_t) with the gates
    i, f, o = sigmoid(W x_t + b + W' h_{t-1} + b') and g = tanh of the same.

    Arguments as for ``RNN``; each weight holds its rows for i, f, g and o.

    Args:
        proj_size: if not 0, the states h are W_hr h, of this size.

    Shape:
        as for ``RNN``, the state being a pair (h, c).

    >>> import gpugrad
    >>> output, (hidden, cell) = gpugrad.nn.LSTM(3, 4, batch_first=True)(gpugrad.zeros(2, 5, 3))
    >>> output.shape, hidden.shape, cell.shape
    (torch.Size([2, 5, 4]), torch.Size([1, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        if hx is not None and not isinstance(input, PackedSequence):
            self._batched(input)
            self._check_ranks(input, hx)
        result, (hidden, cell) = self._run(input, None if hx is None else (hx[0], hx[1]))
        return result, (hidden, cell)

    def _check_ranks(self, input: Tensor, hx: tuple[Tensor, Tensor]) -> None:
        ranks = hx[0].dim(), hx[1].dim()
        rank = input.dim()
        if ranks != (rank, rank):
            kind = "batched" if rank == 3 else "unbatched"
            raise RuntimeError(
                f"For {kind} {rank}-D input, hx and cx should also be {rank}-D but got "
                f"({ranks[0]}-D, {ranks[1]}-D) tensors"
            )
