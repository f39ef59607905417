"""Expressions of the user's own by one launch, whatever the number of results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from .. import kernel_source
from ..generated import Program, common_shape
from ..kernels import OPTIONS, Kernel, blocks_for, suffix_of
from ..step_scratch import Array
from .launcher import Launcher

Key = tuple[tuple[int, ...], str]


class GeneratedKernels(Launcher):
    """The primitive :meth:`generated`, whose composed form says what it computes."""

    @cached_property
    def _of_programs(self) -> WeakKeyDictionary[Program, dict[Key, Kernel]]:
        return WeakKeyDictionary()

    @cached_property
    def _modules(self) -> dict[tuple[str, tuple[str, ...]], Any]:
        return {}

    @cached_property
    def _handles(self) -> dict[tuple[str, str, tuple[str, ...]], Any]:
        return {}

    def generated(
        self,
        *arrays: Array,
        program: Program,
        numbers: Sequence[float] = (),
        out: tuple[Array, ...] | None = None,
    ) -> tuple[Array, ...]:
        first = arrays[0]
        suffix = suffix_of(first.dtype)
        if suffix is None:
            return super().generated(*arrays, program=program, numbers=numbers, out=out)
        shape = common_shape(arrays)
        n = math.prod(shape)
        read = [arrays[i] for i in program.arrays]
        single = tuple(i for i, a in enumerate(read) if a.size == 1 < n)
        operands = [
            self.dense(a if i in single or a.shape == shape else self.broadcast_to(a, shape))
            for i, a in enumerate(read)
        ]
        places = out or (None,) * program.count
        results = tuple(self.result_of(shape, first.dtype, operands, o) for o in places)
        if n:
            values = [float(numbers[i]) for i in program.numbers]
            kernel = self._kernel(program, single, suffix)
            kernel(blocks_for(n, first.itemsize), *operands, *values, *results, n)
        return tuple(self.given(r, o) for r, o in zip(results, places, strict=True))

    def _kernel(self, program: Program, single: tuple[int, ...], suffix: str) -> Kernel:
        kernels = self._of_programs.setdefault(program, {})
        found = kernels.get((single, suffix))
        if found is None:
            text = program.source(single)
            found = kernels[single, suffix] = self._make(program.name, text, suffix)
        return found

    def _make(self, name: str, text: str, suffix: str) -> Kernel:
        (entry,) = kernel_source.declared(name, text)
        return Kernel(self.module, self.compiled(f"{name}_{suffix}", text), entry, suffix)

    def compiled(self, kernel: str, text: str, options: tuple[str, ...] = ()) -> Any:
        """The handle of a kernel in a source that is in no file; headers of ours are inlined."""
        found = self._handles.get((kernel, text, options))
        if found is None:
            module = self._modules.get((text, options))
            if module is None:
                module = self.module.RawModule(
                    code=kernel_source.inline_text("source.cu", text), options=(*OPTIONS, *options)
                )
                self._modules[text, options] = module
            found = self._handles[kernel, text, options] = module.get_function(kernel)
        return found
