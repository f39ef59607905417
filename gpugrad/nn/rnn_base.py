"""``RNNBase``: what the recurrent layers over whole sequences share."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import init
from .module import Module
from .parameter import Parameter
from .recurrence import STEPS, State
from .rnn_walk import walk_layers
from .utils.rnn import PackedSequence


class RNNBase(Module):
    """What the recurrent layers share: parameters, checks, and the walk through the sequence.

    Layer l has the parameters ``weight_ih_l{l}``, ``weight_hh_l{l}``, ``bias_ih_l{l}`` and
    ``bias_hh_l{l}``, with ``_reverse`` at the end for the way back.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
        _check_arguments(mode, input_size, hidden_size, num_layers, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        if mode not in STEPS:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self._flat_weights_names: list[str] = []
        self._all_weights: list[list[str]] = []
        directions = 2 if bidirectional else 1
        result = proj_size or hidden_size
        rows = STEPS[mode][1] * hidden_size
        for layer in range(num_layers):
            columns = input_size if layer == 0 else result * directions
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, columns),
                    "weight_hh": (rows, result),
                }
                if bias:
                    shapes.update({"bias_ih": (rows,), "bias_hh": (rows,)})
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = []
                for name, shape in shapes.items():
                    names.append(f"{name}_l{layer}{suffix}")
                    self.register_parameter(names[-1], Parameter(empty(shape, dtype=dtype)))
                self._all_weights.append(names)
                self._flat_weights_names += names
        self.reset_parameters()
        if device is not None:
            # Drawn from the CPU's stream, so that a seed gives one model on every device.
            self.to(device)

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform in ±1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: the parameters are used where they are."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0.0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    # --- the walk ---------------------------------------------------------------------------------

    def _run(self, input: Any, state: State | None) -> tuple[Any, State]:
        """The outputs at all steps, and the last states of all layers and directions."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, state)
        batched = self._batched(input)
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
            state = None if state is None else tuple(s.unsqueeze(1) for s in state)
        x = input.transpose(0, 1) if self.batch_first else input
        self._check_input(x)
        if x.size(0) == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        first = self._first_states(x, x.size(1), state)
        result, last = walk_layers(self, x, first, None)
        if self.batch_first:
            result = result.transpose(0, 1)
        if not batched:
            result = result.squeeze(0 if self.batch_first else 1)
            last = tuple(s.squeeze(1) for s in last)
        return result, last

    def _run_packed(
        self, packed: PackedSequence, state: State | None
    ) -> tuple[PackedSequence, State]:
        data, batch_sizes, order, places = packed
        if data.dim() != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {data.dim()}")
        self._check_input(data)
        sizes: list[int] = batch_sizes.tolist()
        if state is not None and order is not None:
            state = tuple(s.index_select(1, order) for s in state)
        first = self._first_states(data, sizes[0], state)
        result, last = walk_layers(self, data, first, sizes)
        if places is not None:
            last = tuple(s.index_select(1, places) for s in last)
        return PackedSequence(result, batch_sizes, order, places), last

    # --- checks -----------------------------------------------------------------------------------

    def _batched(self, input: Tensor) -> bool:
        name = type(self).__name__
        if input.dim() not in (2, 3):
            end = " tensor instead" if self.mode.startswith("RNN") else " instead"
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {input.dim()}D{end}")
        return input.dim() == 3

    def _check_input(self, x: Tensor) -> None:
        weight = getattr(self, self._flat_weights_names[0])
        if x.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
            )
        if x.size(-1) != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {x.size(-1)}"
            )

    def _first_states(self, x: Tensor, batch: int, state: State | None) -> State:
        count = self.num_layers * (2 if self.bidirectional else 1)
        sizes = [self.proj_size or self.hidden_size]
        if self.mode == "LSTM":
            sizes.append(self.hidden_size)
        if state is None:
            state = tuple(x.new_zeros((count, batch, n)) for n in sizes)
        for number, (part, n) in enumerate(zip(state, sizes, strict=True)):
            expected = (count, batch, n)
            if tuple(part.shape) != expected:
                which = f"hidden[{number}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {which} size {expected}, got {list(part.shape)}")
        return state

    def _check_rank(self, input: Tensor, hx: Tensor) -> None:
        if input.dim() == 3 and hx.dim() != 3:
            raise RuntimeError(
                f"For batched 3-D input, hx should also be 3-D but got {hx.dim()}-D tensor"
            )
        if input.dim() == 2 and hx.dim() != 2:
            raise RuntimeError(
                f"For unbatched 2-D input, hx should also be 2-D but got {hx.dim()}-D tensor"
            )


def _check_arguments(
    mode: str, input_size: int, hidden_size: int, num_layers: int, dropout: float, proj_size: int
) -> None:
    number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
    if not number or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=4,
        )
    if not isinstance(hidden_size, int):
        raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
    if input_size <= 0:
        raise ValueError("input_size must be greater than zero")
    if hidden_size <= 0:
        raise ValueError("hidden_size must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
