"""Matrix products with something added, chains and powers of them, and ``tensordot``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ..autograd.composed import inplace_shown_as, shown_as
from ..casting.calls import THREADS, casting
from .arguments import word
from .broadcasting import broadcast_shapes, expand
from .copies import resize_
from .copying import copy_
from .matmul import bmm, dot, matmul, mv, outer
from .operands import explain_inplace
from .reduce import sum as sum_of
from .shape import permute, reshape, wrap_dim


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Products of two tensors' elements, summed over pairs of dimensions.

    Args:
        dims: how many of the last dimensions of ``a`` to pair with as many first ones of ``b``, or
            two lists of dimensions.

    >>> import gpugrad
    >>> gpugrad.tensordot(gpugrad.ones(2, 3), gpugrad.ones(3, 4), 1).shape
    torch.Size([2, 4])
    """
    if THREADS and (run := casting("tensordot")):
        return run(tensordot, a, b, dims)
    shape_a, shape_b = a.array.shape, b.array.shape
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(len(shape_a), len(shape_b)):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (list(range(-dims, 0)), list(range(dims)))
    of_a, of_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(of_a) != len(of_b):
        raise RuntimeError("both dimension lists should have same length")
    # What is as wide as one element beside a wider partner is multiplied with all of it.
    for i, j in zip(of_a, of_b, strict=True):
        if shape_a[i] == 1 and shape_b[j] != 1:
            b = sum_of(b, j, True)
        elif shape_b[j] == 1 and shape_a[i] != 1:
            a = sum_of(a, i, True)
    shape_a, shape_b = a.array.shape, b.array.shape
    for i, j in zip(of_a, of_b, strict=True):
        if shape_a[i] != shape_b[j]:
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{shape_a[i]} in dim {i} and second has size {shape_b[j]} in dim {j}"
            )
    of_a = [wrap_dim(d, len(shape_a)) for d in of_a]
    of_b = [wrap_dim(d, len(shape_b)) for d in of_b]
    free_a = [d for d in range(len(shape_a)) if d not in of_a]
    free_b = [d for d in range(len(shape_b)) if d not in of_b]
    depth = math.prod(shape_a[d] for d in of_a)
    sizes_a, sizes_b = [shape_a[d] for d in free_a], [shape_b[d] for d in free_b]
    left = reshape(permute(a, [*free_a, *of_a]), (math.prod(sizes_a), depth))
    right = reshape(permute(b, [*of_b, *free_b]), (depth, math.prod(sizes_b)))
    return reshape(matmul(left, right), (*sizes_a, *sizes_b))


# --- a product and a sum -------------------------------------------------------------------------


def _added(input: Any, product: Any, beta: float, alpha: float) -> Any:
    """``beta * input + alpha * product``; with ``beta`` 0 the input does not count, nan or not."""
    kind = product.array.dtype.kind
    if kind in "iu":
        alpha, beta = int(alpha), int(beta)
    elif kind == "b":
        alpha, beta = bool(alpha), bool(beta)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    shape = product.array.shape
    own = input if input.array.shape == shape else expand(input, shape)
    return (own if beta == 1 else own * beta) + scaled


def _inplace(input: Any, result: Any) -> Any:
    if result.array.shape != input.array.shape:
        raise explain_inplace(type(result.node), input.array, result.array, ValueError())
    return copy_(input, result)


@shown_as("BaddbmmBackward0")
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * input + alpha * (batch1 @ batch2)`` for batches of matrices.

    >>> import gpugrad
    >>> a, b = gpugrad.ones(2, 1, 3), gpugrad.ones(2, 3, 1)
    >>> gpugrad.baddbmm(gpugrad.zeros(1, 1), a, b).flatten()
    tensor([3., 3.])
    """
    if THREADS and (run := casting("baddbmm")):
        return run(baddbmm, input, batch1, batch2, beta=beta, alpha=alpha)
    return _added(input, bmm(batch1, batch2), beta, alpha)


@inplace_shown_as("BaddbmmBackward0")
def baddbmm_(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """:func:`baddbmm` in place."""
    return _inplace(input, baddbmm(input, batch1, batch2, beta=beta, alpha=alpha))


@shown_as("AddbmmBackward0")
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * input + alpha * sum(batch1[i] @ batch2[i])``.

    >>> import gpugrad
    >>> gpugrad.addbmm(gpugrad.zeros(1, 1), gpugrad.ones(2, 1, 3), gpugrad.ones(2, 3, 1))
    tensor([[6.]])
    """
    if THREADS and (run := casting("addbmm")):
        return run(addbmm, input, batch1, batch2, beta=beta, alpha=alpha)
    return _added(input, sum_of(bmm(batch1, batch2), 0), beta, alpha)


@inplace_shown_as("AddbmmBackward0")
def addbmm_(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """:func:`addbmm` in place; a tensor that broadcasts to the result gets its shape."""
    result = addbmm(input, batch1, batch2, beta=beta, alpha=alpha)
    if result.array.shape != input.array.shape and not input.requires_grad:
        resize_(input, tuple(result.array.shape))
    return _inplace(input, result)


@shown_as("AddmvBackward0")
def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * input + alpha * (mat @ vec)``.

    >>> import gpugrad
    >>> gpugrad.addmv(gpugrad.ones(2), gpugrad.eye(2), gpugrad.tensor([1.0, 2.0]))
    tensor([2., 3.])
    """
    if THREADS and (run := casting("addmv")):
        return run(addmv, input, mat, vec, beta=beta, alpha=alpha)
    a, m, v = input.array, mat.array, vec.array
    if m.ndim != 2 or v.ndim != 1 or a.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {a.ndim}, {m.ndim}, {v.ndim}")
    if m.shape[1] != v.size or a.size not in (1, m.shape[0]):
        raise RuntimeError(
            f"size mismatch, got input ({a.size}), mat ({m.shape[0]}x{m.shape[1]}), vec ({v.size})"
        )
    return _added(input, mv(mat, vec), beta, alpha)


@inplace_shown_as("AddmvBackward0")
def addmv_(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """:func:`addmv` in place."""
    return _inplace(input, addmv(input, mat, vec, beta=beta, alpha=alpha))


@shown_as("AddrBackward0")
def addr(input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``.

    >>> import gpugrad
    >>> gpugrad.addr(gpugrad.zeros(1, 2), gpugrad.ones(1), gpugrad.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    if THREADS and (run := casting("addr")):
        return run(addr, input, vec1, vec2, beta=beta, alpha=alpha)
    return _added(input, outer(vec1, vec2), beta, alpha)


@inplace_shown_as("AddrBackward0")
def addr_(input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """:func:`addr` in place."""
    return _inplace(input, addr(input, vec1, vec2, beta=beta, alpha=alpha))


# --- vectors -------------------------------------------------------------------------------------


def ger(input: Any, vec2: Any) -> Any:
    """All products of the elements of two vectors; the same as :func:`outer`."""
    return outer(input, vec2)


@shown_as("VdotBackward0")
def vdot(input: Any, other: Any) -> Any:
    """The inner product of two vectors; the same as :func:`dot` for real numbers.

    >>> import gpugrad
    >>> gpugrad.vdot(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if THREADS and (run := casting("vdot")):
        return run(vdot, input, other)
    return dot(input, other)


def inner(input: Any, other: Any) -> Any:
    """Products summed over the last dimension of both; with a scalar, the plain product.

    >>> import gpugrad
    >>> gpugrad.inner(gpugrad.ones(2, 3), gpugrad.ones(4, 3)).shape
    torch.Size([2, 4])
    """
    a, b = input.array.shape, other.array.shape
    if not a or not b:
        return input * other
    if a[-1] != b[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a)} and {list(b)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The inner products of vectors along ``dim``; the other dimensions broadcast.

    >>> import gpugrad
    >>> gpugrad.linalg.vecdot(gpugrad.ones(2, 3), gpugrad.ones(3))
    tensor([3., 3.])
    """
    if THREADS and (run := casting("vecdot")):
        return run(vecdot, x, y, dim=dim)
    broadcast_shapes(x.array.shape, y.array.shape)
    if not x.array.size and x.array.dtype.kind not in "fV":
        raise RuntimeError(
            "linalg.vecdot: Expected a floating point or complex tensor as input. Got "
            + word(x.array)
        )
    return sum_of(x * y, dim)


# --- chains --------------------------------------------------------------------------------------


def matrix_power(input: Any, n: int) -> Any:
    """A square matrix multiplied with itself ``n`` times; its inverse for negative ``n``.

    >>> import gpugrad
    >>> gpugrad.matrix_power(gpugrad.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    from .linalg import inv
    from .matrix_checks import check_square

    check_square("linalg.matrix_power", input, any_type=True)
    if n < 0:
        input, n = inv(input), -n
    if n == 0:
        return input.new_zeros(input.array.shape) + _identity(input)
    result, square = None, input
    while True:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if not n:
            return result.clone() if result is input else result
        square = matmul(square, square)


def _identity(x: Any) -> Any:
    from .diagonal import diag_embed

    return diag_embed(x.new_ones((x.array.shape[-1],)))


def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of several matrices, in the order that needs the fewest multiplications.

    The first and the last may be vectors.

    >>> import gpugrad
    >>> gpugrad.linalg.multi_dot([gpugrad.ones(2, 3), gpugrad.ones(3, 4), gpugrad.ones(4)])
    tensor([12., 12.])
    """
    if THREADS and (run := casting("multi_dot")):
        return run(multi_dot, tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    chain = list(tensors)
    row, column = chain[0].array.ndim == 1, chain[-1].array.ndim == 1
    if row:
        chain[0] = reshape(chain[0], (1, -1))
    if column:
        chain[-1] = reshape(chain[-1], (-1, 1))
    for i, t in enumerate(chain):
        if t.array.ndim != 2:
            raise RuntimeError(
                f"multi_dot(): tensor {i} must be 2D but got {tensors[i].array.ndim}D"
            )
    for i in range(len(chain) - 1):
        if chain[i].array.shape[1] != chain[i + 1].array.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(chain[i].array.shape)} "
                f"and {list(chain[i + 1].array.shape)} cannot be multiplied"
            )
    sizes = [chain[0].array.shape[0], *(t.array.shape[1] for t in chain)]
    product = _multiplied(chain, _best_cuts(sizes), 0, len(chain) - 1)
    shape = product.array.shape
    return reshape(product, (*(() if row else shape[:1]), *(() if column else shape[1:])))


def _best_cuts(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut the chain from i to j last, by the textbook dynamic programme."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    cuts: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], cuts[i, j] = min(options)
    return cuts


def _multiplied(chain: list[Any], cuts: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = cuts[i, j]
    return matmul(_multiplied(chain, cuts, i, k), _multiplied(chain, cuts, k + 1, j))


def chain_matmul(*matrices: Any) -> Any:
    """The older name of :func:`gpugrad.linalg.multi_dot`, which takes a list."""
    if THREADS and (run := casting("chain_matmul")):
        return run(chain_matmul, *matrices)
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        UserWarning,
        stacklevel=2,
    )
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)
