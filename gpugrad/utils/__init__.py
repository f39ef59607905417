"""What training needs around the model: data sets and their loading, checkpointing, DLPack."""

import importlib
from typing import Any

from . import checkpoint, data, dlpack

__all__ = ["checkpoint", "data", "dlpack"]


def __getattr__(name: str) -> Any:
    if name == "_pytree":
        return importlib.import_module("..func.pytree", __name__)  # which few programs need
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
