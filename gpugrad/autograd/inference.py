"""Tensors made in inference mode know it: ``Tensor.is_inference``.

Ordinary tensors must not pay for it. So while any thread is in inference mode, the function that
makes the engine's objects is replaced by one that looks at the thread's mode.
"""

from __future__ import annotations

import threading
from typing import Any

from . import engine
from .grad_mode import mode

_lock = threading.Lock()
_contexts = 0
_plain: Any = object.__new__


def _marking(cls: type) -> Any:
    made = _plain(cls)
    if mode.inference and isinstance(made, engine.TensorBase):
        made.__dict__["_inference"] = True
    return made


def entered() -> None:
    """A thread has entered inference mode."""
    global _contexts
    with _lock:
        _contexts += 1
        engine._new = _marking


def left() -> None:
    """A thread has left inference mode."""
    global _contexts
    with _lock:
        _contexts -= 1
        if not _contexts:
            engine._new = _plain


def is_inference(tensor: Any) -> bool:
    """Whether a tensor was made in inference mode; a view is what it views.

    >>> import gpugrad
    >>> with gpugrad.inference_mode():
    ...     x = gpugrad.ones(2)
    >>> x.is_inference(), x.clone().is_inference()
    (True, False)
    """
    while tensor.view_of is not None:
        tensor = tensor.view_of[0]
    return "_inference" in tensor.__dict__
