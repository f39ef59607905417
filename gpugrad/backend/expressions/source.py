"""The CUDA C of an expression: a function object for one element, and a kernel for each type.

The text builds on ``common.cuh`` like the library's own kernels, and looks like them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from .expression import Expression
from .text import plain_number, written

_WORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const
    constexpr continue decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast return short signed
    sizeof static static_assert static_cast struct switch template this throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
    C T SUFFIX KERNEL NULLABLE FOR_EACH_TYPE NULL n f out map grid_walk widen infinity Compute
    Outputs Values
"""
TAKEN = frozenset(_WORDS.split())
"""Words of C++ and of the text around an expression."""


def kernel(
    name: str,
    arrays: Sequence[str],
    singles: Sequence[str],
    numbers: Sequence[str],
    outputs: Mapping[str, Expression],
    order: Sequence[str],
) -> str:
    """The source of the kernels ``<name>_<type>``.

    Args:
        name: of the kernel.
        arrays: the operands that are as large as the results.
        singles: those that are arrays of one element.
        numbers: those that are given by value.
        outputs: the expressions, by the names of the results.
        order: of the arrays among the arguments, singles included.
    """
    spelling = _spelling([*order, *numbers], outputs)
    title = "".join(part.capitalize() for part in name.split("_"))
    members = [spelling[n] for n in (*singles, *numbers)]
    counted = len(outputs) > 1
    header = '#include "outputs.cuh"' if counted else '#include "common.cuh"'
    comment = f"// {', '.join(outputs)}" + (f" from {', '.join(order)}" if order else "")
    lines = [f"{comment}, element by element.", header, ""]
    lines += _function_object(title, [spelling[n] for n in arrays], members, outputs, spelling)
    values = [f"widen(*{spelling[n]})" for n in singles]
    values += [f"Compute<T>({spelling[n]})" for n in numbers]
    results = list(outputs)
    macro = [f"#define {name.upper()}(T, SUFFIX)"]
    arguments = [f"const T* {spelling[n]}" for n in order]
    arguments += [f"double {spelling[n]}" for n in numbers]
    arguments += [f"T* {r}" for r in results]
    macro.append(f"    KERNEL {name}_##SUFFIX({', '.join([*arguments, 'long long n'])}) {{")
    macro.append(f"        const {title}<Compute<T>> f = {{{', '.join(values)}}};")
    out = results[0]
    if counted:
        out = "out"
        macro.append(
            f"        const Outputs<T, {len(results)}> out = {{{{{', '.join(results)}}}}};"
        )
    operands = "".join(f", {spelling[n]}" for n in arrays)
    macro += [f"        map(grid_walk(), n, f, {out}{operands});", "    }"]
    return "\n".join([*lines, "", *_continued(macro), "", f"FOR_EACH_TYPE({name.upper()})", ""])


def _function_object(
    title: str,
    arrays: Sequence[str],
    members: Sequence[str],
    outputs: Mapping[str, Expression],
    spelling: Mapping[str, str],
) -> list[str]:
    statements, results = written(
        list(outputs.values()), _number, {*TAKEN, *outputs}, spelling.__getitem__
    )
    result = results[0] if len(results) == 1 else f"{{{{{', '.join(results)}}}}}"
    kind = "C" if len(results) == 1 else f"Values<C, {len(results)}>"
    parameters = ", ".join(f"C {a}" for a in arrays)
    return [
        "template <typename C>",
        f"struct {title} {{",
        *(f"    C {m};" for m in members),
        f"    __device__ __forceinline__ {kind} operator()({parameters}) const {{",
        *(
            f"        const {'bool' if s.condition else 'C'} {s.name} = {s.text};"
            for s in statements
        ),
        f"        return {result};",
        "    }",
        "};",
    ]


def _spelling(names: Sequence[str], outputs: Collection[str]) -> dict[str, str]:
    """How each name is written: with an underscore after it where it has another meaning."""
    found: dict[str, str] = {}
    for name in names:
        spelled = name
        while spelled in TAKEN or spelled in outputs or (spelled != name and spelled in names):
            spelled += "_"
        found[name] = spelled
    return found


def _number(value: float) -> str:
    if math.isnan(value):
        return "(infinity<C>() - infinity<C>())"
    if math.isinf(value):
        return "infinity<C>()" if value > 0 else "(-infinity<C>())"
    return f"C({plain_number(value)})"


def _continued(lines: Sequence[str]) -> list[str]:
    """The lines of a macro: all but the last end with a backslash."""
    width = max(map(len, lines)) + 1
    return [line.ljust(width) + "\\" for line in lines[:-1]] + [lines[-1]]
