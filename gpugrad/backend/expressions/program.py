"""What a kernel computes from its operands, in both of its forms: array by array, and as CUDA C."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..primitives import Array
from ..ufuncs import UFUNCS
from . import source
from .expression import Call, Expression, Literal, Name, names_in, order
from .functions import FUNCTIONS

Step = tuple[str, tuple[int, ...], int, tuple[int, ...], int | None]
"""A primitive, where its operands are, where its result goes, what nobody needs after it, and which
of that may be overwritten with the result."""


class Program:
    """Expressions of named operands, to be evaluated together.

    Args:
        name: of the kernel.
        operands: the names of the arrays and numbers, in order.
        numbers: which of them are numbers.
        outputs: the expressions, by the names of the results.

    Attributes:
        name: of the kernel.
        count: the number of results.
        arrays: which of the arrays are read, by position among the arrays.
        numbers: which of the numbers are read, by position among the numbers.
    """

    def __init__(
        self,
        name: str,
        operands: Sequence[str],
        numbers: Collection[str],
        outputs: Mapping[str, Expression],
    ) -> None:
        self.name, self.count, self._outputs = name, len(outputs), dict(outputs)
        array_names = [n for n in operands if n not in numbers]
        number_names = [n for n in operands if n in numbers]
        used = names_in(outputs.values())
        self.arrays = tuple(i for i, n in enumerate(array_names) if n in used)
        self.numbers = tuple(i for i, n in enumerate(number_names) if n in used)
        self._array_names = tuple(n for n in array_names if n in used)
        self._number_names = tuple(n for n in number_names if n in used)
        self._plan()

    def _plan(self) -> None:
        """Give every part of the expressions a place, and list the steps that fill them."""
        nodes = order(self._outputs.values())
        first = [n for names in (self._array_names, self._number_names) for n in names]
        places: dict[Any, int] = {n: i for i, n in enumerate(first)}
        self._literals: list[tuple[int, Any, bool]] = []
        steps: list[tuple[str, tuple[int, ...], int]] = []
        # NumPy has no type to give to the result of a choice between two Python numbers.
        chosen = {a for n in nodes if isinstance(n, Call) for a in n.args if n.function == "where"}
        for node in nodes:
            if isinstance(node, Name):
                places[node] = places[node.name]
                continue
            place = places[node] = len(first) + len(steps) + len(self._literals)
            if isinstance(node, Literal):
                typed = node in chosen or node in self._outputs.values()
                value = bool(node.value) if node.condition else node.value
                self._literals.append((place, value, typed and not node.condition))
            elif isinstance(node, Call):
                operands = tuple(places[a] for a in node.args)
                steps.append((FUNCTIONS[node.function].primitive, operands, place))
        self._results = tuple(places[e] for e in self._outputs.values())
        self._size = len(first) + len(steps) + len(self._literals)
        last = {p: i for i, (_, operands, _) in enumerate(steps) for p in operands}
        numbers = {places[n] for n in nodes if isinstance(n, Call) and not n.condition}
        self._steps: list[Step] = []
        for i, (primitive, operands, place) in enumerate(steps):
            dying = {p for p in operands if last[p] == i and p not in self._results}
            reused = dying & numbers if primitive in UFUNCS and place in numbers else ()
            self._steps.append((primitive, operands, place, tuple(dying), next(iter(reused), None)))

    def compute(
        self, xp: Any, operands: Sequence[Array], dtype: Any, shape: tuple[int, ...]
    ) -> list[Array]:
        """The results, with array primitives alone.

        Args:
            xp: the primitives.
            operands: the arrays that are read and the numbers that are read as 0-d arrays, all of
                one type.
            dtype: this type.
            shape: to which the operands broadcast.

        Returns:
            One array for each output, as large as its operands make it. Two may be the same.
        """
        values: list[Any] = [*operands, *[None] * (self._size - len(operands))]
        for place, value, typed in self._literals:
            values[place] = xp.full((), value, dtype) if typed else value
        for primitive, places, place, dying, reused in self._steps:
            out = None if reused is None else values[reused]
            if out is not None and shape and out.shape == shape:
                values[place] = getattr(xp, primitive)(*[values[p] for p in places], out=out)
            else:
                values[place] = getattr(xp, primitive)(*[values[p] for p in places])
            for p in dying:
                values[p] = None
        return [values[p] for p in self._results]

    def source(self, single: Collection[int] = ()) -> str:
        """The kernel in CUDA C.

        Args:
            single: which of the arrays that are read have one element, for all of the results'.
        """
        names = self._array_names
        return source.kernel(
            self.name,
            [n for i, n in enumerate(names) if i not in single],
            [n for i, n in enumerate(names) if i in single],
            self._number_names,
            self._outputs,
            names,
        )
