"""A product of matrices and a sum in one node: the linear layer and ``addmm``."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.engine import Node, _sequence, wrap
from ..autograd.grad_mode import mode
from ..autograd.observers import OBSERVERS, observe
from ..autograd.parts import Edge, part
from ..autograd.saved_values import changed_since_saved
from ..autograd.views import refresh
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from ..native.linear import LARGE
from .arguments import note_op, word
from .broadcasting import expand
from .matmul import swap
from .operands import sum_to
from .product_errors import explain_products
from .unary import no_bools

LARGE_BYTES = 4 * LARGE


class Linear(Node):
    """``x @ weight.T + bias`` over the last dimension of ``x``."""

    __slots__ = ("weight", "x")
    saves = {"x": 0, "weight": 1}
    torch_name = "Addmm"

    @classmethod
    def apply(cls, x: Any, weight: Any, bias: Any = None) -> Any:
        """As that of all nodes, which takes twice as long."""
        a, w = x.array, weight.array
        kind = type(a)
        b = None if bias is None else bias.array
        if type(w) is not kind or (b is not None and type(b) is not kind):
            return super().apply(x, weight, *(() if bias is None else (bias,)))  # which raises
        xp = BACKENDS[kind]
        result = wrap((xp.large if a.size >= LARGE else xp).linear(a, w, b))
        if not mode.enabled:
            return result
        if x.view_of is not None and x.version[1] != x.rebased:
            refresh(x)
        if weight.view_of is not None and weight.version[1] != weight.rebased:
            refresh(weight)
        edge_x = (x.node or x) if x.needs_grad else None
        edge_weight = (weight.node or weight) if weight.needs_grad else None
        edges: tuple[Any, ...] = edge_x, edge_weight
        if bias is not None:
            if bias.view_of is not None and bias.version[1] != bias.rebased:
                refresh(bias)
            edges = edge_x, edge_weight, (bias.node or bias) if bias.needs_grad else None
        if edge_x is None and edge_weight is None and edges[-1] is None:
            return result
        node = cls()
        node.x, node.weight = a, w
        node.edges = edges
        node.sequence = next(_sequence)
        node.hooks = None
        of_x, of_weight = x.version, weight.version
        node.guards = (("x", of_x, of_x[0]), ("weight", of_weight, of_weight[0]))
        result.node = node
        result.needs_grad = True
        if OBSERVERS:
            observe(node, result)
        return result

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        edges = self.edges
        x = self.x
        if x.nbytes >= LARGE_BYTES:
            xp = xp.large
        wanted = edges[0] is not None, edges[1] is not None, len(edges) > 2 and edges[2] is not None
        grads: tuple[Any, ...] = xp.linear_grad(grad, x, self.weight, wanted)
        return grads if len(edges) > 2 else grads[:2]

    def refuse_stale(self, name: str, version: int, expected: int) -> None:
        if name == "weight":  # of which PyTorch saves the transpose, a view that it takes again
            raise changed_since_saved(self.weight.T, "AsStrided", 0, version, expected, self)
        super().refuse_stale(name, version, expected)

    rows_made_by: ClassVar[str] = ""
    """What makes ``x`` a matrix in PyTorch, where it is none."""

    @property
    def next_functions(self) -> tuple[Edge, ...]:
        """As PyTorch shows them: bias, ``x`` as a matrix, and the transposed weight."""
        x, weight, *bias = super().next_functions
        rows = part(self.rows_made_by, self, "rows", x) if self.rows_made_by else x
        product = (*bias, rows, part("TBackward0", self, "weight", weight))
        if not self.rows_made_by:
            return product
        name = "AddmmBackward0" if bias else "MmBackward0"
        return (part(name, self, "product", *product),)


class LinearWithoutBias(Linear):
    """The product of two matrices, which PyTorch computes by another op."""

    __slots__ = ()
    torch_name = "Mm"


class LinearOfBatch(Linear):
    """A row or a stack of matrices, of which PyTorch makes one matrix and undoes that."""

    __slots__ = ()
    torch_name = "View"
    rows_made_by = "ViewBackward0"


class LinearOfRow(Linear):
    """A row without a bias."""

    __slots__ = ()
    torch_name = "SqueezeBackward4"
    rows_made_by = "UnsqueezeBackward0"


class LinearOfStackWithoutBias(Linear):
    """A stack of matrices without a bias."""

    __slots__ = ()
    torch_name = "UnsafeView"
    rows_made_by = "ViewBackward0"


class Addmm(Node):
    """``beta * x + alpha * (a @ b)``"""

    __slots__ = ("a", "alpha", "b", "beta", "shape")
    saves = {"a": 1, "b": 2}

    def forward(self, xp: Any, x: Any, a: Any, b: Any, beta: float, alpha: float) -> Any:
        self.a, self.b, self.beta, self.alpha, self.shape = a, b, beta, alpha, x.shape
        product = xp.matmul(a, b)
        if alpha != 1:
            product = xp.mul(product, _number(xp, alpha, product))
        if beta == 0:  # whatever x holds, nan included, does not count
            return product
        return xp.add(x if beta == 1 else xp.mul(x, _number(xp, beta, x)), product)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        edge_x, edge_a, edge_b = self.edges
        scaled = grad if self.alpha == 1 else xp.mul(grad, self.alpha)
        own = None
        if edge_x is not None:
            own = sum_to(xp, grad if self.beta == 1 else xp.mul(grad, self.beta), self.shape)
        return (
            own,
            None if edge_a is None else xp.matmul(scaled, swap(xp, self.b)),
            None if edge_b is None else xp.matmul(swap(xp, self.a), scaled),
        )


def _number(xp: Any, number: float, beside: Any) -> Any:
    """A number for arithmetic with an array: beside a bare one NumPy would widen bfloat16."""
    return number if beside.dtype.kind != "V" else xp.full((), number, beside.dtype)


# --- functions -----------------------------------------------------------------------------------


def linear(input: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """``input @ weight.T + bias``.

    Args:
        input: shape (..., in_features).
        weight: shape (out_features, in_features).
        bias: shape (out_features,), or None.

    Returns:
        Shape (..., out_features).

    >>> import gpugrad
    >>> gpugrad.nn.functional.linear(gpugrad.ones(1, 3), gpugrad.ones(2, 3))
    tensor([[3., 3.]])
    """
    if THREADS and (run := casting("linear")):
        return run(linear, input, weight, bias, out=out)
    if out is not None:
        from ..out_argument import into  # which is made of ops

        return into(out, linear(input, weight, bias), "linear")
    x, w = input.array, weight.array
    if x.dtype is not w.dtype and x.dtype != w.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {word(x)} and {word(w)}"
        )
    if w.ndim != 2 or x.ndim == 0 or x.shape[-1] != w.shape[1]:
        rows = x.size // max(x.shape[-1], 1) if x.ndim else 1
        error = RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({rows}x{x.shape[-1] if x.ndim else 1} and {w.shape[-1]}x{w.shape[0]})"
        )
        raise note_op(error, "linear", x, w)
    # All compute the same; they print the names of PyTorch's last op.
    if bias is None:
        if x.ndim == 2:
            return LinearWithoutBias.apply(input, weight)
        return (LinearOfRow if x.ndim == 1 else LinearOfStackWithoutBias).apply(input, weight)
    return (Linear if x.ndim == 2 else LinearOfBatch).apply(input, weight, bias)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)``

    Args:
        input: of a shape that broadcasts to the product's.
        mat1: shape (n, m).
        mat2: shape (m, p).

    Raises:
        RuntimeError: for operands that are no matrices, or sizes or types that do not fit.

    >>> import gpugrad
    >>> gpugrad.addmm(gpugrad.ones(2), gpugrad.ones(2, 3), gpugrad.ones(3, 2), alpha=2)
    tensor([[7., 7.],
            [7., 7.]])
    """
    if THREADS and (run := casting("addmm")):
        return run(addmm, input, mat1, mat2, beta=beta, alpha=alpha)
    a, b = mat1.array, mat2.array
    for name, matrix in (("mat1", a), ("mat2", b)):
        if matrix.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix, got {matrix.ndim}-D tensor")
    if input.array.dtype != a.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {word(input.array)} and {word(b)}"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {word(a)} and {word(b)}"
        )
    if a.shape[1] != b.shape[0]:
        raise explain_products(a, b)
    expand(input, (a.shape[0], b.shape[1]))  # raises where the shapes do not fit
    if a.dtype.kind == "b" and a.size and b.size:
        raise no_bools("addmm_impl_cpu_")
    if a.dtype.kind in "iu":
        beta, alpha = int(beta), int(alpha)
    return Addmm.apply(input, mat1, mat2, beta, alpha)
