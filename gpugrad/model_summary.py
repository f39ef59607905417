"""A table of a model's layers: output shapes, parameter counts, floating-point operations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from .autograd.engine import Node, TensorBase
from .autograd.grad_mode import enable_grad
from .autograd.observers import unwatch, watch
from .func.stateless import functional_call
from .nn import Module
from .ops.conv import Convolution, ConvolutionTranspose
from .ops.linear import Addmm, Linear
from .ops.matmul import Matmul
from .random import state as random_state

HEADINGS = ("layer", "type", "output", "parameters", "FLOPs")


class Row(NamedTuple):
    """One module of the model.

    ``parameters`` are its own, not its children's; ``flops`` those of the products of matrices and
    the convolutions that its own ``forward`` computes.
    """

    name: str
    kind: str
    depth: int
    output: str
    parameters: int
    flops: int


class Summary:
    """What :func:`summary` returns: prints as a table, in colour with ``rich``.

    Attributes:
        rows: one :class:`Row` for each module.
        parameters: how many numbers the model has to learn or hold, each shared one once.
        trainable: how many of these want gradients.
        flops: floating-point operations of one forward pass.
    """

    def __init__(self, rows: list[Row], parameters: int, trainable: int) -> None:
        self.rows, self.parameters, self.trainable = rows, parameters, trainable
        self.flops = sum(row.flops for row in rows)

    def cells(self) -> list[tuple[str, ...]]:
        """The table's rows as text."""
        return [
            (
                "  " * row.depth + row.name,
                row.kind,
                row.output,
                f"{row.parameters:,}" if row.parameters else "-",
                f"{row.flops:,}" if row.flops else "-",
            )
            for row in self.rows
        ]

    def totals(self) -> str:
        """The line under the table."""
        return f"{self.parameters:,} parameters, {self.trainable:,} trainable; {self.flops:,} FLOPs"

    def __repr__(self) -> str:
        lines = [HEADINGS, *self.cells()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
        texts = []
        for line in lines:
            left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
            right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
            texts.append("  ".join([*left, *right]).rstrip())
        rule = "-" * max(len(text) for text in texts)
        return "\n".join([texts[0], rule, *texts[1:], rule, self.totals()])

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table(caption=self.totals(), caption_justify="left")
        for number, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="left" if number < 3 else "right")
        for cells in self.cells():
            table.add_row(*cells)
        return table


def summary(model: Module, *args: Any, **kwargs: Any) -> Summary:
    """Run a model once on an example, and tell its layers, shapes, parameters and FLOPs.

    The run changes neither the model, nor its running statistics, nor the random numbers to come.

    Args:
        model: a module.
        args, kwargs: what it is called with, for example a batch of inputs.

    Returns:
        A :class:`Summary`. FLOPs count a multiplication and an addition as two, and count products
        of matrices and convolutions, that is, nearly everything.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> gpugrad.summary(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), gpugrad.ones(5, 4))
    layer    type        output  parameters  FLOPs
    ----------------------------------------------
    (model)  Sequential  (5, 8)           -      -
      0      Linear      (5, 8)          40    320
      1      ReLU        (5, 8)           -      -
    ----------------------------------------------
    40 parameters, 40 trainable; 320 FLOPs
    """
    run = _Run(model)
    run(args, kwargs)
    rows = []
    for path, module in model.named_modules():
        rows.append(
            Row(
                path.rpartition(".")[2] or "(model)",
                type(module).__name__,
                path.count(".") + 1 if path else 0,
                run.outputs.get(id(module), "-"),
                sum(p.numel() for p in module.parameters(recurse=False)),
                run.flops.get(id(module), 0),
            )
        )
    parameters = list(model.parameters())
    total = sum(p.numel() for p in parameters)
    return Summary(rows, total, sum(p.numel() for p in parameters if p.requires_grad))


class _Run:
    """One forward pass of which module outputs and the products computed are noted."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.running: list[Module] = []
        self.outputs: dict[int, str] = {}
        self.flops: dict[int, int] = {}
        self.thread = threading.get_ident()

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        # Parameters that want gradients have the products recorded, and so seen; copies of the
        # buffers take the changes that a pass in training mode makes.
        state: dict[str, Any] = {
            name: p.detach().requires_grad_(p.is_floating_point())
            for name, p in self.model.named_parameters()
        }
        state.update((name, b.detach().clone()) for name, b in self.model.named_buffers())
        modules = list(self.model.modules())
        without_hooks = [m for m in modules if m._call_hooks is None]
        handles = [m.register_forward_pre_hook(self._enter, prepend=True) for m in modules]
        handles += [m.register_forward_hook(self._leave) for m in modules]
        watch(self._see)
        try:
            with enable_grad(), random_state.repeated(random_state.snapshot()):
                functional_call(self.model, state, args, kwargs)
        finally:
            unwatch(self._see)
            for handle in handles:
                handle.remove()
            for module in without_hooks:
                module._call_hooks = None  # so that calls take the short way again

    def _enter(self, module: Module, args: tuple[Any, ...]) -> None:
        self.running.append(module)

    def _leave(self, module: Module, args: tuple[Any, ...], output: Any) -> None:
        self.running.pop()
        self.outputs.setdefault(id(module), _shape(output))

    def _see(self, node: Node, result: TensorBase) -> None:
        if threading.get_ident() != self.thread or not self.running:
            return
        for kind, products in _PRODUCTS.items():
            if isinstance(node, kind):
                module = id(self.running[-1])
                count = 2 * products(node, int(result.array.size))
                self.flops[module] = self.flops.get(module, 0) + count


def _shape(output: Any) -> str:
    if isinstance(output, TensorBase):
        return str(tuple(output.array.shape))
    if isinstance(output, (tuple, list)):
        return "[" + ", ".join(_shape(value) for value in output) + "]"
    return "-"


# --- FLOPs ----------------------------------------------------------------------------------------


def _in_matmul(node: Any, size: int) -> int:
    if node.shapes is not None:
        depth = node.shapes[0][-1]
    else:
        depth = (node.x if getattr(node, "x", None) is not None else node.y).shape[-1]
    return size * int(depth)


_PRODUCTS: dict[type[Node], Callable[[Any, int], int]] = {
    Linear: lambda node, size: size * int(node.x.shape[-1]),
    Addmm: lambda node, size: size * int(node.a.shape[-1]),
    Matmul: _in_matmul,
    Convolution: lambda node, size: size * int(node.weight[0].size),
    ConvolutionTranspose: lambda node, size: int(node.x.size) * int(node.weight[0].size),
}
"""How many products an operation computes and adds up, for a result of so many elements."""
