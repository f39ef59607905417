"""``einsum``: sums of products over named dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd.engine import TensorBase
from ..casting.calls import THREADS, casting, composed
from .arithmetic import Mul
from .diagonal import diagonal
from .matmul import matmul
from .reduce import sum as sum_of
from .shape import permute, reshape

Labels = list[str]
"""A name for each dimension: a letter, or ``.3`` for the third from the end of an ellipsis."""


def einsum(equation: Any, *operands: Any) -> Any:
    """Multiply tensors and sum over dimensions, as an equation of their names says.

    Args:
        equation: ``"ij,jk->ik"``: a letter for each dimension of each operand, and those of the
            result. A repeated letter in one operand takes its diagonal; letters missing from the
            result are summed over; ``...`` stands for further dimensions, which broadcast. Without
            ``->`` the result has the letters that occur once, in alphabetical order.
        operands: the tensors, or one list of them. ``einsum(x, [0, 1], y, [1, 2], [0, 2])`` names
            dimensions by numbers instead.

    Raises:
        RuntimeError: an equation that does not fit the operands.

    >>> import gpugrad
    >>> gpugrad.einsum("ij,j->i", gpugrad.ones(2, 3), gpugrad.ones(3))
    tensor([3., 3.])
    """
    if THREADS and not composed("einsum", operands) and (run := casting("einsum")):
        return run(einsum, equation, *operands)
    if isinstance(equation, TensorBase):
        equation, operands = _from_numbers((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    inputs, output = _parse(equation, operands)
    sizes = _sizes(inputs, operands)
    terms = [_simplified(x, names, sizes) for x, names in zip(operands, inputs, strict=True)]
    result, have = terms[0]
    for number, (operand, names) in enumerate(terms[1:], 2):
        later = {name for _, rest in terms[number:] for name in rest}
        result, have = _contract(result, have, operand, names, later.union(output))
    return _arranged(result, have, output)


# --- reading the equation ------------------------------------------------------------------------


def _from_numbers(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation and operands of the form ``einsum(x, [0, 1], ..., [0])``."""

    def letters(numbers: Sequence[Any]) -> str:
        names = []
        for n in numbers:
            if n is Ellipsis:
                names.append("...")
            elif not 0 <= n < 52:
                raise RuntimeError("einsum(): expected subscripts to be within the range [0, 52)")
            else:
                names.append(chr(ord("A") + n if n < 26 else ord("a") + n - 26))
        return "".join(names)

    count = len(arguments) // 2
    equation = ",".join(letters(arguments[2 * i + 1]) for i in range(count))
    if len(arguments) % 2:
        equation += "->" + letters(arguments[-1])
    return equation, arguments[: 2 * count : 2]


def _parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[Labels], Labels]:
    """The labels of each operand's dimensions and of the result's."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    for place, character in enumerate(equation):
        if not (character.isascii() and character.isalpha()) and character not in " .,->":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {place} in the equation string, "
                "subscripts must be in [a-zA-Z]"
            )
    parts = left.split(",")
    if len(parts) != len(operands):
        amount = "fewer" if len(parts) > len(operands) else "more"
        raise RuntimeError(
            f"einsum(): {amount} operands were provided than specified in the equation"
        )
    inputs = [
        _labels(part, x.array.ndim, f"for operand {number}")
        for number, (part, x) in enumerate(zip(parts, operands, strict=True))
    ]
    dots = max((sum(n[0] == "." for n in names) for names in inputs), default=0)
    hidden = [f".{i}" for i in range(dots, 0, -1)]
    if arrow:
        shown = dots if "..." in right else 0  # what the result does not name is summed over
        output = _labels(right, len(right.replace("...", "")) + shown, "in the output")
    else:
        every = [name for names in inputs for name in names if name[0] != "."]
        output = [*hidden, *sorted(name for name in set(every) if every.count(name) == 1)]
    for name in output:
        if output.count(name) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {name} appears more than once in the output"
            )
        if not any(name in names for names in inputs):
            raise RuntimeError(
                f"einsum(): output subscript {name} does not appear in the equation for any input "
                "operand"
            )
    return inputs, output


def _labels(part: str, ndim: int, where: str) -> Labels:
    front, dots, back = part.partition("...")
    if "." in front + back:
        raise RuntimeError(f"einsum(): found '.' {where} that is not part of any ellipsis")
    named = len(front) + len(back)
    if named > ndim or (named < ndim and not dots):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) "
            f"{'is more than' if dots else 'does not match'} the number of dimensions ({ndim}) "
            f"{where}" + ("" if dots else " and no ellipsis was given")
        )
    return [*front, *(f".{i}" for i in range(ndim - named, 0, -1)), *back]


def _sizes(inputs: list[Labels], operands: tuple[Any, ...]) -> dict[str, int]:
    """The size of each name; a dimension of size one broadcasts."""
    sizes: dict[str, int] = {}
    for number, (names, x) in enumerate(zip(inputs, operands, strict=True)):
        for name, size in zip(names, x.array.shape, strict=True):
            seen = sizes.get(name, 1)
            if seen != 1 and size not in (1, seen):
                raise RuntimeError(
                    f"einsum(): subscript {name} has size {size} for operand {number} which does "
                    f"not broadcast with previously seen size {seen}"
                )
            sizes[name] = size if seen == 1 else seen
    return sizes


# --- computing -----------------------------------------------------------------------------------


def _simplified(x: Any, names: Labels, sizes: dict[str, int]) -> tuple[Any, Labels]:
    """An operand without repeated names, and without dimensions that broadcast."""
    names = list(names)
    for name in sorted(set(names)):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = diagonal(x, 0, first, second)
            del names[second], names[first]
            names.append(name)
    shape = x.array.shape
    kept = [i for i, (n, name) in enumerate(zip(shape, names, strict=True)) if n == sizes[name]]
    if len(kept) < len(names):
        x, names = reshape(x, tuple(shape[i] for i in kept)), [names[i] for i in kept]
    return x, names


def _reduced(x: Any, names: Labels, needed: set[str]) -> tuple[Any, Labels]:
    """Summed over the names that nobody else needs."""
    alone = tuple(i for i, name in enumerate(names) if name not in needed)
    return (sum_of(x, alone) if alone else x), [name for name in names if name in needed]


def _grouped(x: Any, names: Labels, *groups: Labels) -> Any:
    """The dimensions of each group next to each other."""
    order = [names.index(name) for group in groups for name in group]
    return x if order == list(range(len(order))) else permute(x, order)


def _contract(
    x: Any, names_x: Labels, y: Any, names_y: Labels, needed: set[str]
) -> tuple[Any, Labels]:
    """The product of two operands, summed over what is not needed after it."""
    x, names_x = _reduced(x, names_x, needed.union(names_y))
    y, names_y = _reduced(y, names_y, needed.union(names_x))
    batch = [name for name in names_x if name in names_y and name in needed]
    inner = [name for name in names_x if name in names_y and name not in needed]
    own_x = [name for name in names_x if name not in names_y]
    own_y = [name for name in names_y if name not in names_x]
    x = _grouped(x, names_x, batch, own_x, inner)
    y = _grouped(y, names_y, batch, inner, own_y)
    shape_x, shape_y = x.array.shape, y.array.shape
    common, rows = shape_x[: len(batch)], shape_x[len(batch) : len(batch) + len(own_x)]
    columns = shape_y[len(batch) + len(inner) :]
    if not inner:
        wide = reshape(x, (*common, *rows, *(1 for _ in columns)))
        return Mul.apply(wide, reshape(y, (*common, *(1 for _ in rows), *columns))), [
            *batch,
            *own_x,
            *own_y,
        ]
    depth = math.prod(shape_x[len(batch) + len(own_x) :])
    lead = (math.prod(common),) if batch else ()
    product = matmul(
        reshape(x, (*lead, math.prod(rows), depth)), reshape(y, (*lead, depth, math.prod(columns)))
    )
    return reshape(product, (*common, *rows, *columns)), [*batch, *own_x, *own_y]


def _arranged(x: Any, names: Labels, output: Labels) -> Any:
    x, names = _reduced(x, names, set(output))
    order = [names.index(name) for name in output]
    return x if order == list(range(len(order))) else permute(x, order)
