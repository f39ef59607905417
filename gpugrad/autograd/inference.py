"""Tensors made in inference mode: they have no versions, so they cannot be saved for backward, nor
be changed in place outside of that mode.

Ordinary tensors must not pay for it. What tells a tensor of inference mode is the type of its list
of versions, which answers as the rules want; and while any thread is in inference mode, the
function that makes tensors runs other code, which looks at the thread's mode.
"""

from __future__ import annotations

import sys
import threading
from types import FunctionType
from typing import Any

from . import tensor_base
from .grad_mode import mode

_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
    "inference mode in computation tracked by autograd. To work around this, you can make a clone "
    "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
    "`torch.inference_mode()`."
)
_CHANGED = (
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone "
    "to get a normal tensor before doing inplace update.See "
    "https://github.com/pytorch/rfcs/pull/17 for more details."
)

SAVING = frozenset(("_guards", "_record", "apply", "keep"))
"""The functions that ask for a version because they save the tensor for backward."""


class _Stamp(int):
    """The version of a tensor of inference mode: there is none after it."""

    def __add__(self, other: int) -> int:
        raise RuntimeError(_CHANGED)


class Untracked(list[int]):
    """The versions of a tensor of inference mode, in the place of an ordinary list."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if index or mode.inference:
            return found
        if mode.enabled and sys._getframe(1).f_code.co_name in SAVING:
            raise RuntimeError(_SAVED)
        return _Stamp(found)


_lock = threading.Lock()
_contexts = 0
_plain_code = tensor_base.wrap.__code__
_plain = FunctionType(_plain_code, vars(tensor_base))


def _wrapped(array: Any) -> Any:
    tensor = _plain(array)
    if mode.inference:
        tensor.version = Untracked((0, 0))
    return tensor


def _wrap_in_some_mode(array: Any) -> Any:
    # Names are looked up in the module of the function that runs this.
    return wrap_in_some_mode(array)  # type: ignore[name-defined] # noqa: F821


tensor_base.wrap_in_some_mode = _wrapped  # type: ignore[attr-defined]


def entered() -> None:
    """A thread has entered inference mode."""
    global _contexts
    with _lock:
        _contexts += 1
        tensor_base.wrap.__code__ = _wrap_in_some_mode.__code__


def left() -> None:
    """A thread has left inference mode."""
    global _contexts
    with _lock:
        _contexts -= 1
        if not _contexts:
            tensor_base.wrap.__code__ = _plain_code


def is_inference(tensor: Any) -> bool:
    """Whether a tensor was made in inference mode; a view is what it views.

    >>> import gpugrad
    >>> with gpugrad.inference_mode():
    ...     x = gpugrad.ones(2)
    >>> x.is_inference(), x.clone().is_inference()
    (True, False)
    """
    return type(tensor.version) is not list
