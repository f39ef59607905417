"""C code for the CPU switched on or off in the middle of a process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from gpugrad.native import families, toolchain

needs_compiler = pytest.mark.skipif(
    not toolchain.available(), reason=f"needs C code: it is {toolchain.status()}"
)


@contextlib.contextmanager
def switched(on: bool) -> Iterator[None]:
    """Within the context, C code is used, or NumPy alone; on, if there is a compiler."""
    with pytest.MonkeyPatch.context() as patch:
        if on:
            patch.delenv(toolchain.SWITCH, raising=False)
        else:
            patch.setenv(toolchain.SWITCH, "0")
        _ask_anew()
        yield
    _ask_anew()


def _ask_anew() -> None:
    toolchain.available.cache_clear()
    families.forget()
