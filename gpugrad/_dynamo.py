"""PyTorch's compiler by the name that programs use to configure or reset it.

What is assigned to :data:`config` is kept and changes nothing.
"""

from __future__ import annotations

from types import SimpleNamespace

from .compiler import allow_in_graph as allow_in_graph
from .compiler import disable as disable
from .compiler import is_compiling as is_compiling
from .compiler import list_backends as list_backends
from .compiler import reset as reset

config = SimpleNamespace(suppress_errors=False, verbose=False, cache_size_limit=8)
