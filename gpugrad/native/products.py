"""Products of matrices in generated code: loops where they are small, else NumPy's own BLAS.

BLAS's functions are called by their addresses, which a program finds in its table.
"""

from __future__ import annotations

from .blas import gemm, gemv
from .members import Access, Member
from .values import C_TYPES, Op, UnsupportedError, Value

SMALL = 2048
"""Up to so many multiplications, loops of fixed length take less time than a call of BLAS."""


LARGE = 8192
"""From so many elements on, a matrix times a vector is left to BLAS: before that, it shares loops
with other ops."""


def is_small(a: Value, b: Value) -> bool:
    """Whether a product of two matrices is done by loops."""
    count: int = a.shape[-2] * a.shape[-1] * b.shape[-1]
    return count <= SMALL


def is_large(matrix: Value) -> bool:
    """Whether BLAS multiplies this matrix by a vector."""
    count: int = matrix.shape[-2] * matrix.shape[-1]
    return count >= LARGE and suits(matrix) and bool(gemv(C_TYPES[matrix.dtype.name]))


def is_vector(value: Value) -> bool:
    """Whether BLAS takes a matrix of one column for a vector."""
    step = value.strides[-2]
    return value.shape[-1] == 1 and step > 0 and step % value.dtype.itemsize == 0


def function(op: Op) -> str:
    """The function of BLAS that a product takes."""
    return "gemv" if op.ins[1].shape[-1] == 1 else "gemm"


def suits(value: Value) -> bool:
    """Whether BLAS takes matrices of this layout."""
    size = value.dtype.itemsize
    rows, cols = value.shape[-2:]
    down, across = value.strides[-2:]
    if any(s % size for s in value.strides):
        return False
    fits: bool = across == size and down >= cols * size
    return fits or bool(down == size and across >= rows * size)


def source(m: Member) -> list[str]:
    """Lines of C for a product of ``a`` and ``b``, which goes to ``out``: pointers to elements."""
    a, b, out = m.op.ins[0], m.op.ins[1], m.op.out
    lines: list[str] = []
    depth = len(m.shape) - 2
    for d in range(depth):
        lines.append("  " * (d + 1) + f"for (long i{d} = 0; i{d} < {m.shape[d]}; i{d}++) {{")
    pad = "  " * (depth + 1)
    places = [
        _start(access, name, depth)
        for access, name in zip((*m.ins, m.out), ("a", "b", "out"), strict=True)
    ]
    if function(m.op) == "gemv":
        lines.append(pad + _vector_call(a, b, out, *places))
    else:
        lines += [pad + line for line in (_loops if is_small(a, b) else _call)(a, b, out, *places)]
    return lines + ["  " * (d + 1) + "}" for d in reversed(range(depth))]


def _start(a: Access, name: str, depth: int) -> str:
    """The first element of the matrix that the loops over the stack are at."""
    size = a.value.dtype.itemsize
    if a.value.offset % size:
        raise UnsupportedError("elements across the steps of their type")
    terms = [name]
    terms += [f"i{d} * {s // size}L" for d, s in enumerate(a.strides[:depth]) if s]
    return "(" + " + ".join(terms) + ")"


def _loops(a: Value, b: Value, out: Value, at_a: str, at_b: str, at_out: str) -> list[str]:
    kind, size = C_TYPES[a.dtype.name], a.dtype.itemsize
    (rows, inner), cols = a.shape[-2:], b.shape[-1]

    def element(start: str, value: Value, i: str, j: str) -> str:
        down, across = (s // size for s in value.strides[-2:])
        return f"{start}[{i} * {down}L + {j} * {across}L]"

    return [
        f"for (long i = 0; i < {rows}; i++) {{",
        f"  {kind} row[{cols}];",
        f"  for (long j = 0; j < {cols}; j++) row[j] = 0;",
        f"  for (long k = 0; k < {inner}; k++)",
        f"    for (long j = 0; j < {cols}; j++)",
        f"      row[j] += {element(at_a, a, 'i', 'k')} * {element(at_b, b, 'k', 'j')};",
        f"  for (long j = 0; j < {cols}; j++) {element(at_out, out, 'i', 'j')} = row[j];",
        "}",
    ]


def _turned(value: Value) -> Value:
    axes = [*range(value.ndim - 2), value.ndim - 1, value.ndim - 2]
    return value.permuted(axes)


def _call(a: Value, b: Value, out: Value, at_a: str, at_b: str, at_out: str) -> list[str]:
    kind = C_TYPES[a.dtype.name]
    if not gemm(kind) or not all(suits(v) for v in (a, b, out)):
        raise UnsupportedError("a product that BLAS does not do")
    size = a.dtype.itemsize
    if out.strides[-1] != size:  # the transposed product is the product of what is transposed
        a, b, out, at_a, at_b = _turned(b), _turned(a), _turned(out), at_b, at_a
    (rows, inner), cols = a.shape[-2:], b.shape[-1]
    (how_a, step_a), (how_b, step_b) = _layout(a), _layout(b)
    step = out.strides[-2] // size
    return [
        f"gemm(ROW_MAJOR, {how_a}, {how_b}, {rows}, {cols}, {inner}, 1, {at_a}, {step_a}, "
        f"{at_b}, {step_b}, 0, {at_out}, {step});"
    ]


def _vector_call(a: Value, b: Value, out: Value, at_a: str, at_b: str, at_out: str) -> str:
    if not (suits(a) and is_vector(b) and is_vector(out)):
        raise UnsupportedError("a product that BLAS does not do")
    how, step = _layout(a)
    rows, cols = a.shape[-2:] if how == "AS_IS" else a.shape[:-3:-1]
    step_b, step_out = (v.strides[-2] // v.dtype.itemsize for v in (b, out))
    return (
        f"gemv(ROW_MAJOR, {how}, {rows}, {cols}, 1, {at_a}, {step}, {at_b}, {step_b}, 0, "
        f"{at_out}, {step_out});"
    )


def _layout(value: Value) -> tuple[str, int]:
    """How BLAS is to take a matrix, and the distance of its rows, or of its columns."""
    down, across = (s // value.dtype.itemsize for s in value.strides[-2:])
    return ("AS_IS", down) if across == 1 else ("TRANSPOSED", across)
