"""Hyperparameters of optimizer steps: numbers, or values in memory that replays read anew."""

from __future__ import annotations

from typing import Any, NamedTuple

from .step_scratch import Array, Arrays, Scratch


class Varying(NamedTuple):
    """A hyperparameter that a recorded step reads from memory, as it reads the learning rate.

    A step takes it in the place of any number among its named arguments. It counts as true, as it
    must not become 0 in a replay: a recording has, or has not, the terms that belong to a number.

    Attributes:
        value: 0-d float64.
        numbers: 1-D float64, the memory of which ``value`` is a part: the hyperparameters of the
            step in the order of its arguments, for a kernel that reads several.
        high: whether the number is above the bound at which the step calculates in another way.
    """

    value: Array
    numbers: Array
    high: bool

    def __eq__(self, other: object) -> bool:
        """Not by values, which would be read from the device."""
        return self is other

    def __hash__(self) -> int:
        return id(self)


Number = float | Varying


class Hyperparameters:
    """Hyperparameters as operands of the composed steps."""

    constant: Any
    copy: Any
    empty: Any
    sub: Any

    def _step_operands(
        self, scratch: Scratch, numbers: tuple[Number, ...], rests: tuple[Number, ...]
    ) -> Arrays:
        """Numbers, and then ``1 - number`` of others, beside the arrays of a step.

        They are kept in ``scratch``: in most steps, all of them are as in the step before.
        """
        kept, found = scratch.kept
        if (numbers, rests) == kept:
            return found
        dtype = scratch.dtype
        found = [self._operand(n, dtype) for n in numbers] + [self._rest(n, dtype) for n in rests]
        if not any(isinstance(n, Varying) for n in (*numbers, *rests)):
            scratch.kept = (numbers, rests), found
        return found

    def _operand(self, number: Number, dtype: Any) -> Array:
        """``number`` beside arrays of ``dtype``."""
        if not isinstance(number, Varying):
            return self.constant(number, dtype)
        if number.value.dtype == dtype:
            return number.value
        return self.copy(number.value, self.empty((), dtype))

    def _rest(self, number: Number, dtype: Any) -> Array:
        """``1 - number`` beside arrays of ``dtype``, calculated in float64."""
        if not isinstance(number, Varying):
            return self.constant(1 - number, dtype)
        found = self.empty((), dtype)
        self.sub(self.constant(1.0, "float64"), number.value, found)
        return found

    def _now(self, number: Number) -> Any:
        """``number`` as an operand of Python's operators."""
        return number.value if isinstance(number, Varying) else number


def is_high(number: Number, bound: float = 0.5) -> bool:
    """Whether a number is above ``bound``."""
    return number.high if isinstance(number, Varying) else number > bound
