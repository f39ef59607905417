"""Where in a model an error came from: a note on the exception, below PyTorch's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..autograd.engine import TensorBase

if TYPE_CHECKING:
    from .module import Module


class ModuleTrace:
    """The modules that an exception has left so far, from the inside."""

    def __init__(self, module: Module, args: tuple[Any, ...]) -> None:
        self.innermost = module
        self.latest = module
        self.given = args
        self.path = ""
        self.note = ""

    def leave(self, module: Module) -> None:
        """The exception leaves ``module``, which called the one before."""
        if module is not self.latest:
            name = next((n for n, m in module.named_modules() if m is self.latest), "")
            self.path = f".{name or '?'}{self.path}"
            self.latest = module

    def text(self) -> str:
        place = type(self.latest).__name__ + self.path
        if self.path:
            place += f" ({type(self.innermost).__name__})"
        parts = [_described(a) for a in self.given if isinstance(a, TensorBase)]
        if not self.path and not parts:
            return ""  # the traceback says as much
        text = f"In {place}"
        if parts:
            text += ", called with " + ", ".join(parts)
        own = [f"{n} {_described(p)}" for n, p in self.innermost.named_parameters(recurse=False)]
        return text + (f"; it has {', '.join(own)}" if own else "")


def _described(tensor: Any) -> str:
    """The shape and type of a tensor."""
    # Of the array: a parameter without values refuses to tell its shape.
    return f"{list(tensor.array.shape)} {str(tensor.dtype).rpartition('.')[2]}"


def note_module(error: BaseException, module: Module, args: tuple[Any, ...]) -> None:
    """Say in a note of ``error`` in which module it was raised, by its path in the model.

    Each module that the error passes on its way out makes the path longer.
    """
    trace = getattr(error, "_module_trace", None)
    if trace is None:
        trace = ModuleTrace(module, args)
        error._module_trace = trace  # type: ignore[attr-defined]
    elif trace.note:
        error.__notes__.remove(trace.note)
    trace.leave(module)
    trace.note = trace.text()
    if trace.note:
        error.add_note(trace.note)
