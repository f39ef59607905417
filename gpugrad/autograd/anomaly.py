"""Anomaly detection: which operation made the first nan of a backward pass, and where it ran.

While it is on, every operation remembers the line of the program that ran it. Each thread has a
mode of its own.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from ..backend import BACKENDS
from .observers import unwatch, watch

if TYPE_CHECKING:
    from .engine import Node, TensorBase

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class _State(threading.local):
    enabled = False
    check_nan = True


state = _State()


class Origin(NamedTuple):
    """Where a node was recorded, and what its forward result was like."""

    filename: str
    line: int
    function: str
    shape: tuple[int, ...]
    fault: str

    def __str__(self) -> str:
        text = linecache.getline(self.filename, self.line).strip()
        place = f'  File "{self.filename}", line {self.line}, in {self.function}'
        return place + (f"\n    {text}" if text else "")


_origins: WeakKeyDictionary[Any, Origin] = WeakKeyDictionary()


def _remember(node: Node, result: TensorBase) -> None:
    """Observer: note the innermost line outside this package."""
    if not state.enabled:
        return
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    array = getattr(result, "array", None)
    shape, fault = ((), "") if array is None else (array.shape, _fault(array))
    code = frame.f_code
    _origins[node] = Origin(code.co_filename, frame.f_lineno, code.co_name, shape, fault)


def _fault(array: Any) -> str:
    """``"nan"`` or ``"inf"`` if the array holds any, else nothing."""
    if array.dtype.kind not in "fV":
        return ""
    xp = BACKENDS[type(array)]
    if bool(xp.isnan(array).any()):
        return "nan"
    return "inf" if bool(xp.isinf(array).any()) else ""


def origin_of(node: Any) -> str:
    """The line that recorded ``node``, to be added to an error; nothing if it is not known."""
    origin = _origins.get(getattr(node, "node_of_part", node))
    return "" if origin is None else f"\nThe operation was recorded here:\n{origin}"


class Checked:
    """A node whose backward pass is looked at: it stands in for the node for one step."""

    __slots__ = ("node", "worker")

    def __init__(self, node: Node, worker: Node) -> None:
        self.node, self.worker = node, worker

    def backward(self, xp: Any, grad: Any) -> Any:
        try:
            results = self.worker.backward(xp, grad)
        except Exception as error:
            note = origin_of(self.node)
            if note and note.strip() not in str(error):
                error.add_note(f"Error detected in {self.node.name()}." + note)
            raise
        if state.check_nan:
            for number, result in enumerate(results):
                array = getattr(result, "array", result)
                if array is not None and _fault(array) == "nan":
                    raise RuntimeError(
                        f"Function '{self.node.name()}' returned nan values in its {number}th "
                        "output." + self._circumstances(array, grad)
                    )
        return results

    def _circumstances(self, array: Any, grad: Any) -> str:
        origin = _origins.get(getattr(self.node, "node_of_part", self.node))
        parts = [f"\nThe gradient with nan has the shape {list(array.shape)}"]
        for given in grad if isinstance(grad, list) else [grad]:
            fault = "" if given is None else _fault(getattr(given, "array", given))
            if fault:
                parts.append(f"the gradient that came in held {fault}")
                break
        if origin is None:
            return (
                "; ".join(parts)
                + ".\nNo forward pass information available. Enable detect anomaly "
                "during forward pass for more information."
            )
        if origin.fault:
            parts.append(f"the result, of shape {list(origin.shape)}, held {origin.fault}")
        return "; ".join(parts) + "." + origin_of(self.node)


def checked(node: Node) -> Checked:
    """Prepare a node for a backward pass over arrays."""
    return Checked(node, node)


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Switch the detection on or off in this thread."""
    if enabled and not state.enabled:
        watch(_remember)
    elif state.enabled and not enabled:
        unwatch(_remember)
    state.enabled, state.check_nan = bool(enabled), bool(check_nan)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread.

    >>> import gpugrad
    >>> gpugrad.is_anomaly_enabled()
    False
    """
    return state.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether gradients are looked through for nan while anomaly detection is on."""
    return state.check_nan


class set_detect_anomaly:  # noqa: N801  # PyTorch's name
    """Switch anomaly detection on or off at once; as a context, put the former state back.

    Args:
        mode: on or off.
        check_nan: raise if a gradient holds nan. Without it, errors in backward still name the
            line that ran the operation.

    Raises:
        RuntimeError: in backward, by the first operation whose gradient holds nan. The message
            names the operation, its shapes and the line of the program that ran it.

    >>> import gpugrad
    >>> with gpugrad.autograd.set_detect_anomaly(True):
    ...     y = gpugrad.ones(2, requires_grad=True).sqrt()
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.former = state.enabled, state.check_nan
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        set_anomaly_enabled(*self.former)


class detect_anomaly:  # noqa: N801  # PyTorch's name
    """Find the operation that makes nan in the backward pass, inside ``with detect_anomaly():``.

    Put both the forward and the backward pass into the context. It slows both down; see
    :class:`set_detect_anomaly` for what it reports.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.former = state.enabled, state.check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *_: object) -> None:
        set_anomaly_enabled(*self.former)
