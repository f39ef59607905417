"""Automatic differentiation: the backward pass, grad modes and the op protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import later as _later
from .backward_pass import backward as backward
from .backward_pass import grad as grad
from .grad_mode import enable_grad as enable_grad
from .grad_mode import inference_mode as inference_mode
from .grad_mode import no_grad as no_grad
from .grad_mode import set_grad_enabled as set_grad_enabled
from .gradcheck import GradcheckError as GradcheckError
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck

_HOMES = _later.homes(
    {
        "anomaly": "anomaly detect_anomaly set_detect_anomaly",
        "forward_ad": "forward_ad",
        "function": "function Function once_differentiable",
        "functional": "functional",
        "graph": "graph",
        "profiler": "profiler",
        "variable": "variable Variable",
    }
)

if TYPE_CHECKING:
    from . import forward_ad as forward_ad
    from . import functional as functional
    from . import graph as graph
    from . import profiler as profiler
    from .anomaly import detect_anomaly as detect_anomaly
    from .anomaly import set_detect_anomaly as set_detect_anomaly
    from .function import Function as Function
    from .function import once_differentiable as once_differentiable
    from .variable import Variable as Variable


def __getattr__(name: str) -> Any:
    return _later.found(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
