"""Full backward hooks: a module's inputs and outputs pass through nodes that see the gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.engine import Node, TensorBase, wrap
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

Grads = tuple[Tensor | None, ...]


class BackwardHookFunction(Node):
    """Copies its inputs; ``backward`` passes all gradients at once through a callback."""

    __slots__ = ("callback",)
    torch_name = "BackwardHookFunctionBackward"
    shown_in = "torch.autograd.function."

    def forward(self, xp: Any, *inputs: Any) -> tuple[Any, ...]:
        *arrays, self.callback = inputs
        return tuple(xp.copy(array) for array in arrays)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        raw = not any(isinstance(g, TensorBase) for g in grad)
        given = tuple(wrap(g) if raw and g is not None else g for g in grad)
        taken = self.callback(given)
        return tuple(g.array if raw and g is not None else g for g in taken)


class ModuleBackward:
    """The backward hooks of one call of a module.

    The hooks run when the gradients of all inputs are known; if no input wants a gradient, when
    those of the outputs are.
    """

    def __init__(
        self,
        module: Module,
        hooks: list[Callable[..., Any]],
        pre_hooks: list[Callable[..., Any]],
    ) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs: Grads | None = None
        self.inputs = 0
        self.input_positions: list[int] = []
        self.outputs = 0
        self.output_positions: list[int] = []

    def wrap_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those with gradients replaced by what comes out of a node."""
        self.inputs = len(args)
        args, self.input_positions = _through_node(args, self._on_inputs)
        return args

    def wrap_outputs(self, result: Any) -> Any:
        """The result likewise, if it is a tensor or a tuple."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=4,
            )
            return result
        values = result if isinstance(result, tuple) else (result,)
        self.outputs = len(values)
        values, self.output_positions = _through_node(values, self._on_outputs)
        return values if isinstance(result, tuple) else values[0]

    def _on_outputs(self, grads: Grads) -> Grads:
        grad_outputs = _spread(grads, self.output_positions, self.outputs)
        for hook in self.pre_hooks:
            changed = hook(self.module, grad_outputs)
            if changed is not None:
                if len(changed) != self.outputs:
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, got "
                        f"{len(changed)}, but expected {self.outputs}"
                    )
                grad_outputs = changed
        if self.hooks and not self.input_positions:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module "
                "outputs since no inputs require gradients.",
                stacklevel=5,
            )
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.inputs, grad_outputs)
                if changed is not None and not all(grad is None for grad in changed):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always "
                        "return None or None for all gradients."
                    )
        self.grad_outputs = grad_outputs
        return tuple(grad_outputs[i] for i in self.output_positions)

    def _on_inputs(self, grads: Grads) -> Grads:
        if self.grad_outputs is None:
            # A second derivative reaches the inputs without passing the outputs.
            return grads
        grad_outputs, self.grad_outputs = self.grad_outputs, None
        grad_inputs = _spread(grads, self.input_positions, self.inputs)
        for hook in self.hooks:
            changed = hook(self.module, grad_inputs, grad_outputs)
            if changed is not None:
                if len(changed) != self.inputs:
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, got "
                        f"{len(changed)}, but expected {self.inputs}"
                    )
                grad_inputs = changed
        return tuple(grad_inputs[i] for i in self.input_positions)


def _through_node(
    values: tuple[Any, ...], callback: Callable[[Grads], Grads]
) -> tuple[tuple[Any, ...], list[int]]:
    """``values`` with the tensors that want gradients taken through one node; their positions."""
    positions = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not positions:
        return values, positions
    replaced = list(values)
    results = BackwardHookFunction.apply(*(values[i] for i in positions), callback)
    for position, tensor in zip(positions, results, strict=True):
        replaced[position] = tensor
    return tuple(replaced), positions


def _spread(grads: Grads, positions: list[int], size: int) -> Grads:
    """One entry for each value of the module, ``None`` for those without a gradient."""
    spread: list[Tensor | None] = [None] * size
    for position, grad in zip(positions, grads, strict=True):
        spread[position] = grad
    return tuple(spread)
