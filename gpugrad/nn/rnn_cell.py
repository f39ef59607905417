"""Single steps of recurrent layers: ``RNNCell``, ``LSTMCell`` and ``GRUCell``."""

from __future__ import annotations

import math
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .recurrence import State, gru_step, lstm_step, relu_step, tanh_step


class RNNCellBase(Module):
    """What the cells share: parameters, their first values, checks.

    Args:
        num_chunks: how many gates there are, each of ``hidden_size`` rows of the weights.

    >>> import gpugrad
    >>> gpugrad.nn.RNNCellBase(2, 3, True, 4).weight_ih.shape
    torch.Size([12, 2])
    """

    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty((rows,), dtype=dtype)) if bias else None)
        self.reset_parameters()
        if device is not None:
            # Drawn from the CPU's stream, so that a seed gives one model on every device.
            self.to(device)

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform in ±1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else text + f", bias={self.bias}"

    def _prepared(self, input: Tensor, state: State | None, count: int) -> tuple[Tensor, State]:
        """The input's part of the gates and the state, both batched and checked."""
        if input.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.dim()}D instead"
            )
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if state is None:
            zeros = x.new_zeros((x.size(0), self.hidden_size))
            state = (zeros,) * count
        elif not batched:
            state = tuple(s.unsqueeze(0) for s in state)
        if x.size(1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.size(1)} expected {self.input_size}"
            )
        for number, part in enumerate(state):
            if part.size(0) != x.size(0):
                raise RuntimeError(
                    f"Input batch size {x.size(0)} doesn't match hidden{number} batch size "
                    f"{part.size(0)}"
                )
            if part.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{number} has inconsistent hidden_size: got {part.size(1)}, expected "
                    f"{self.hidden_size}"
                )
        gates: Tensor = F.linear(x, self.weight_ih, self.bias_ih)
        return gates, state

    def _require_dims(self, input: Tensor, state: Tensor | None) -> None:
        """Refuse a state that is no vector or matrix."""
        if state is not None and state.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected hidden to be 1D or 2D, got {state.dim()}D instead"
            )


class RNNCell(RNNCellBase):
    """h' = tanh(W x + b + W' h + b'), or with relu.

    Args:
        nonlinearity: ``"tanh"`` or ``"relu"``.

    Shape:
        input (N, input_size) or (input_size), hx (N, hidden_size) or (hidden_size), zeros by
        default; output as hx.

    >>> import gpugrad
    >>> gpugrad.nn.RNNCell(3, 4)(gpugrad.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        steps = {"tanh": tanh_step, "relu": relu_step}
        if self.nonlinearity not in steps:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        self._require_dims(input, hx)
        gates, state = self._prepared(input, _padded(input, hx), 1)
        (hidden,) = steps[self.nonlinearity](gates, state, self.weight_hh, self.bias_hh)
        return hidden if input.dim() == 2 else hidden.squeeze(0)

    def extra_repr(self) -> str:
        text = super().extra_repr()
        if self.nonlinearity != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class LSTMCell(RNNCellBase):
    """One step of a long short-term memory; see ``LSTM`` for the formula.

    Shape:
        input (N, input_size) or (input_size), hx a pair of (N, hidden_size) or (hidden_size),
        zeros by default; the output is such a pair.

    >>> import gpugrad
    >>> hidden, cell = gpugrad.nn.LSTMCell(3, 4)(gpugrad.zeros(2, 3))
    >>> hidden.shape, cell.shape
    (torch.Size([2, 4]), torch.Size([2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        if isinstance(hx, Tensor):
            raise TypeError(
                "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor"
            )
        for number, part in enumerate(hx or ()):
            if part.dim() not in (1, 2):
                raise ValueError(
                    f"LSTMCell: Expected hx[{number}] to be 1D or 2D, got {part.dim()}D instead"
                )
        gates, state = self._prepared(input, hx, 2)
        hidden, cell = lstm_step(gates, state, self.weight_hh, self.bias_hh)
        return (hidden, cell) if input.dim() == 2 else (hidden.squeeze(0), cell.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit; see ``GRU`` for the formula.

    Shape:
        as for ``RNNCell``.

    >>> import gpugrad
    >>> gpugrad.nn.GRUCell(3, 4)(gpugrad.zeros(3)).shape
    torch.Size([4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        self._require_dims(input, hx)
        gates, state = self._prepared(input, _padded(input, hx), 1)
        (hidden,) = gru_step(gates, state, self.weight_hh, self.bias_hh)
        return hidden if input.dim() == 2 else hidden.squeeze(0)


def _padded(input: Tensor, hx: Tensor | None) -> State | None:
    """The state as a tuple; a vector beside a batch is a batch of numbers, and refused as such."""
    if hx is None:
        return None
    return (hx.unsqueeze(1) if input.dim() == 2 and hx.dim() == 1 else hx,)
