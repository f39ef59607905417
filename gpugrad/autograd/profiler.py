"""PyTorch's earlier place of its profiler; see :mod:`gpugrad.profiler`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "profile": "past",
    "record_function": "spans",
    "EventList": "events",
    "FunctionEvent": "events",
    "FunctionEventAvg": "events",
    "ProfilerActivity": "schedules",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Above this package, and needed by few programs.
    return getattr(import_module(f"gpugrad.profiler.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
