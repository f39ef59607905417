"""A stand-in for CuPy over NumPy's arrays, so that ``device="cuda"`` runs without a GPU.

Not fast and not complete: it has what the package uses of CuPy, and where CuPy differs from NumPy
it does what CuPy 14 does, so that code which relies on NumPy's ways fails here as it would fail
there:

- its arrays are a type of their own, refuse ``numpy.asarray`` and do not mix with NumPy arrays;
- results of reductions and of indexing are 0-d arrays, never scalars;
- arrays know no ``writeable`` flag, and broadcast arrays can be written to;
- integer indices that are out of range wrap around instead of raising;
- kernels run on the current device and refuse arrays of another one; those of a ``RawModule`` are
  CUDA sources, compiled by g++.

Every transfer is counted in :data:`copies`: those that the program asks for and those that CuPy
makes by itself, such as reading how many elements a mask picks.
"""

from __future__ import annotations

import contextlib
import math
import sys
import types
from collections.abc import Iterator
from typing import Any

from .arrays import ndarray as ndarray
from .cublas import Cublas as Cublas
from .functions import build, special
from .kernels import KERNELS as KERNELS
from .kernels import RawKernel as RawKernel
from .kernels import RawModule as RawModule
from .kernels import launches as launches
from .runtime import Copies as Copies
from .runtime import CUDARuntimeError as CUDARuntimeError
from .runtime import Device as Device
from .runtime import MemoryHook as MemoryHook
from .runtime import MemoryPool as MemoryPool
from .runtime import Runtime as Runtime
from .runtime import copies as copies
from .runtime import current, set_allocator
from .runtime import pool as pool
from .runtime import runtime as runtime
from .streams import Event as Event
from .streams import Stream as Stream

module: Any = build()
"""What ``import cupy`` gives."""


def _modules() -> dict[str, Any]:
    found: dict[str, Any] = {"cupy": module}
    for name in ("cupyx", "cupyx.scipy", "cupyx.scipy.special"):
        found[name] = types.ModuleType(name)
    found["cupyx.scipy.special"].erf = special(math.erf)
    found["cupyx.scipy.special"].erfc = special(math.erfc)
    return found


@contextlib.contextmanager
def installed(devices: int = 1) -> Iterator[Copies]:
    """A context in which ``import cupy`` gives the stand-in, with nothing copied so far."""
    own = _modules()
    before = {name: sys.modules.get(name) for name in own}
    state = runtime.devices, runtime.driver, runtime.built_for
    sys.modules.update(own)
    runtime.devices = devices
    pool._restart()
    set_allocator(pool.malloc)
    current.__init__()  # type: ignore[misc]  # as in a new thread
    copies.reset()
    launches.clear()
    try:
        yield copies
    finally:
        runtime.devices, runtime.driver, runtime.built_for = state
        for name, previous in before.items():
            if previous is None:
                del sys.modules[name]
            else:
                sys.modules[name] = previous
