"""What a backend says of its device: where arrays lie, and how recorded calls are carried out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..device import device as Device
from .composed_pointwise import NOTED_IN_PARTS

Array = Any
Shape = tuple[int, ...]


class DeviceInterface:
    """One kind of device and its memory; backends define what raises ``NotImplementedError``."""

    device_type: str

    def device(self, x: Array) -> Device:
        """The device that holds ``x``."""
        raise NotImplementedError

    def on(self, where: Device) -> AbstractContextManager[Any]:
        """A context in which new arrays are made on the device ``where``."""
        raise NotImplementedError

    def address(self, x: Array) -> int:
        """The address of the first element."""
        raise NotImplementedError

    def memory(self, x: Array) -> tuple[Any, int, int]:
        """What owns the memory of ``x``, the address where that begins, and its size in bytes."""
        raise NotImplementedError

    def view_of(
        self, memory: Array, offset: int, shape: Shape, strides: Shape, dtype: Any
    ) -> Array:
        """An array that lies ``offset`` bytes into ``memory``, which is contiguous."""
        raise NotImplementedError

    def strided(self, x: Array, start: int, shape: Shape, strides: Shape) -> Array:
        """A view of the memory of ``x`` from ``start`` bytes after its first element on."""
        raise NotImplementedError

    def lowered(
        self, name: str, args: list[Any], kwargs: dict[str, Any], out: Any
    ) -> list[Any] | None:
        """Calls of simpler functions that do what a primitive does, results into ``out``.

        A list of pairs of a function and its positional arguments; None where the primitive itself
        is as good. The arguments must appear in the calls as they are.
        """
        return None

    def rewritten(
        self, steps: Sequence[Any], kept: Collection[Any], inputs: Sequence[Array] = ()
    ) -> Sequence[Any]:
        """Steps that do the same in fewer calls.

        ``kept`` is memory that is looked at then, ``inputs`` are arrays in whose place others may
        come.
        """
        return steps

    noted_in_parts: frozenset[str] = NOTED_IN_PARTS | {
        *("attention", "attention_grad", "recurrence", "recurrence_grad"),
        *("batch_norm", "batch_norm_grad", "group_norm", "group_norm_grad"),
        *("lstm_cell", "lstm_cell_grad", "gru_cell", "gru_cell_grad"),
    }
    """Primitives in place of which a recording notes what they are composed of."""

    copies_inputs: bool = False
    """Whether what :meth:`executor` returns works on the arrays of its calls and no others."""

    def in_blocks(self, calls: list[Any], is_own: Callable[[Array], bool]) -> list[Any]:
        """The calls, or others that do the same in less time; see :mod:`.blocking`.

        Memory for which ``is_own`` holds is there only for them.
        """
        return calls

    def executor(self, calls: list[Any]) -> Callable[[], None]:
        """A function that carries out pairs of a function and its arguments, time and again."""

        def execute() -> None:
            for function, args in calls:
                function(*args)

        return execute

    def to_host(self, x: Array) -> Array:
        """``x`` as a NumPy array; on the CPU the same object."""
        raise NotImplementedError

    def from_host(self, x: Array, where: Device) -> Array:
        """A NumPy array as one of this backend's, on the device ``where``."""
        raise NotImplementedError

    def move(self, x: Array, where: Device) -> Array:
        """``x`` on the device ``where``, of any backend."""
        from . import get_backend  # which imports this module

        return get_backend(where).from_host(self.to_host(x), where)

    def writable(self, x: Array) -> bool:
        """Whether ``x`` may be written to: no two of its elements share their memory."""
        return bool(x.flags.writeable)
