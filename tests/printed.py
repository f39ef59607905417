"""Compare what a program prints with what is known of it, number by number.

A number of up to four decimals is what a tensor prints: it must be there digit for digit. A longer
one is a float32 in full, or a loss with eight decimals; its last digits differ from one build of
PyTorch to the next (they come from the vectorised exponential and the order of a sum), so it may
be off by 3e-6, relative to numbers above one. ``#`` stands for a number drawn without a seed.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[-+]\d+)?(?![\w.])|#")
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_TOLERANCE = 3e-6


def numbers(text: str) -> list[str]:
    """The numbers of a text as written, and its placeholders; not those inside names."""
    return _NUMBER.findall(text)


def agrees(want: str, got: str) -> bool:
    """Whether a printed number is the wanted one."""
    if want == "#" or want == got:
        return True
    exact = float(want)
    return _is_long(want) and abs(float(got) - exact) <= _TOLERANCE * max(1, abs(exact))


def assert_same_lines(want: str, got: str) -> None:
    """Raise AssertionError at the first line of ``got`` that is not the wanted one."""
    wanted, lines = want.splitlines(), _ADDRESS.sub("0x#", got).splitlines()
    for i, (expected, line) in enumerate(zip(wanted, lines, strict=False), start=1):
        assert _same_line(expected, line), f"line {i}: expected {expected!r}, got {line!r}"
    assert len(wanted) == len(lines)


def assert_numbers_in_order(want: str, got: str) -> None:
    """Raise AssertionError unless all numbers of ``want`` come in ``got``, others between them."""
    found = iter(numbers(got))
    for i, number in enumerate(n for n in numbers(want) if n != "#"):
        assert any(agrees(number, other) for other in found), (
            f"number {i}, {number}, does not follow"
        )


def _is_long(number: str) -> bool:
    mantissa, _, exponent = number.partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0) > 4


def _same_line(want: str, got: str) -> bool:
    wanted, found = numbers(want), numbers(got)
    if not any(number == "#" or _is_long(number) for number in wanted):
        return want == got
    # Numbers of other lengths move the spaces that align them.
    return (
        "".join(_NUMBER.sub("#", want).split()) == "".join(_NUMBER.sub("#", got).split())
        and len(wanted) == len(found)
        and all(map(agrees, wanted, found))
    )
