"""The class of sparse tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

from .. import creation
from ..functions import FUNCTIONS
from ..memory_layout import layout as layout_type
from ..memory_layout import sparse_coo, sparse_csr
from ..ops.shape import wrap_dim
from ..selection_methods import FUNCTIONS as SELECTIONS
from ..size import Size
from ..tensor import Tensor
from .printing import sparse_repr

LARGEST_DENSE = 1 << 22
"""Elements up to which the dense form is made and kept for products."""


class SparseTensor(Tensor, printed_as="torch.Tensor"):
    """A tensor of which only some elements are stored, the others being zero.

    ``indices`` (sparse dimensions, entries) says where the entries are and ``values`` (entries,
    dense dimensions…) what they are; entries of one place add up, until :meth:`coalesce` does it.
    In the layout CSR, which is that of coalesced matrices, printing and ``crow_indices`` differ.

    What this class does not define works on the dense form, which is made when it is needed: the
    slots ``array`` and ``node`` are left empty and filled then.
    """

    __slots__ = ()

    def __new__(
        cls,
        indices: Any,
        values: Any,
        size: Any,
        coalesced: bool = False,
        layout: layout_type = sparse_coo,
    ) -> Self:
        self: Self = object.__new__(cls)
        self.version, self.rebased = [0, 0], 0
        self.gradient = self.view_of = self.hooks = None
        self.needs_grad = values.requires_grad
        self.__dict__.update(
            _at=indices, _held=values, _size=Size(size), _coalesced=coalesced, _kind=layout
        )
        return self

    def __getattr__(self, name: str) -> Any:
        if name not in ("array", "node"):
            raise AttributeError(f"'Tensor' object has no attribute '{name}'")
        dense = self.to_dense()
        self.array, self.node = dense.array, dense.node
        return getattr(self, name)

    # --- what it is -------------------------------------------------------------------------------

    is_sparse = property(lambda self: self._kind is sparse_coo)
    is_sparse_csr = property(lambda self: self._kind is sparse_csr)
    layout = property(lambda self: self._kind)
    shape = property(lambda self: self._size)
    dtype = property(lambda self: self._held.dtype)
    device = property(lambda self: self._held.device)
    ndim = property(lambda self: len(self._size))
    grad_fn = property(lambda self: self._held.grad_fn)
    T = property(lambda self: self.t())

    def size(self, dim: int | None = None) -> Any:
        return self._size if dim is None else self._size[wrap_dim(dim, len(self._size))]

    def dim(self) -> int:
        return len(self._size)

    ndimension = dim

    def __len__(self) -> int:
        return int(self._size[0])

    def numel(self) -> int:
        """The number of elements, zeros included."""
        return math.prod(self._size)

    nelement = numel

    def sparse_dim(self) -> int:
        """How many dimensions the indices have."""
        return int(self._at.shape[0])

    def dense_dim(self) -> int:
        """How many dimensions each entry has."""
        return len(self._size) - self.sparse_dim()

    def is_coalesced(self) -> bool:
        """Whether each place comes once, in row-major order."""
        return bool(self._coalesced)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        if dtype is None:
            prefix, _, name = self._held.type().rpartition(".")
            return f"{prefix}.sparse.{name}"
        return self._with(self._held.type(dtype))

    def __repr__(self, *, tensor_contents: Any = None) -> Any:  # type: ignore[override]
        return sparse_repr(self)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        held = self._at, self._held.detach(), tuple(self._size), self._coalesced, self._kind
        return SparseTensor, held

    # --- what it holds ----------------------------------------------------------------------------

    def _nnz(self) -> int:
        """The number of entries."""
        return int(self._held.shape[0])

    def _indices(self) -> Any:
        """Where the entries are, coalesced or not."""
        return self._at

    def _values(self) -> Any:
        """What the entries are, coalesced or not."""
        return self._held.detach()

    def _require_coalesced(self, what: str) -> None:
        if not self._coalesced:
            raise RuntimeError(
                f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
            )

    def indices(self) -> Any:
        """Where the entries are: (sparse dimensions, entries).

        Raises:
            RuntimeError: the tensor is not coalesced.
        """
        self._require_coalesced("indices")
        return self._at

    def values(self) -> Any:
        """What the entries are: (entries, dense dimensions…).

        Raises:
            RuntimeError: the tensor is not coalesced.
        """
        self._require_coalesced("values")
        return self._held

    def crow_indices(self) -> Any:
        """For each row of a CSR matrix, and past the last, where its entries begin."""
        counts = self._at[0].bincount(minlength=self._size[0])
        start = creation.zeros(1, dtype=counts.dtype, device=self.device)
        return FUNCTIONS["cat"]([start, counts.cumsum(0)])

    def col_indices(self) -> Any:
        """The column of each entry of a CSR matrix."""
        return self._at[1]

    # --- other forms ------------------------------------------------------------------------------

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """All elements, as an ordinary tensor."""
        size, places = self._size, self._places()
        count = math.prod(size[: self.sparse_dim()])
        rest = tuple(size[self.sparse_dim() :])
        empty = creation.zeros((count, *rest), dtype=self.dtype, device=self.device)
        dense = empty.index_add(0, places, self._held).reshape(size)
        return dense if dtype is None else dense.to(dtype)

    def _places(self, dims: tuple[int, ...] | None = None) -> Any:
        """One number for each entry: its place in row-major order, in ``dims`` only if given."""
        dims = tuple(range(self.sparse_dim())) if dims is None else dims
        place = creation.zeros(self._nnz(), dtype=self._at.dtype, device=self.device)
        for dim in dims:
            place = place * self._size[dim] + self._at[dim]
        return place

    def coalesce(self) -> SparseTensor:
        """The same tensor with each place once, in row-major order."""
        if self._coalesced:
            return self
        places, inverse = self._places().unique(return_inverse=True)
        rest = tuple(self._held.shape[1:])
        held = creation.zeros((places.numel(), *rest), dtype=self.dtype, device=self.device)
        held = held.index_add(0, inverse, self._held)
        rows = []
        for length in reversed(self._size[: self.sparse_dim()]):
            rows.append(places % length)
            places = places // length
        return SparseTensor(FUNCTIONS["stack"](rows[::-1]), held, self._size, True)

    def to_sparse(self, *args: Any, **kwargs: Any) -> SparseTensor:
        """This tensor, in the layout COO."""
        return self._with(self._held, sparse_coo)

    to_sparse_coo = to_sparse

    def to_sparse_csr(self, dense_dim: int | None = None) -> SparseTensor:
        """The same matrix in the layout CSR."""
        return self.coalesce()._with(self.coalesce()._held, sparse_csr)

    def _with(self, values: Any, kind: layout_type | None = None) -> SparseTensor:
        """The same places with other values."""
        at = self._at if values.device == self._at.device else self._at.to(values.device)
        return SparseTensor(at, values, self._size, self._coalesced, kind or self._kind)

    def detach(self) -> SparseTensor:
        return self._with(self._held.detach())

    data = property(detach)

    def clone(self, *, memory_format: Any = None) -> Any:
        return self._with(self._held.clone())

    def to(self, *args: Any, **kwargs: Any) -> Any:
        held = self._held.to(*args, **kwargs)
        return self if held is self._held else self._with(held)

    def cpu(self) -> Any:
        return self.to("cpu")

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Any:
        return self.to("cuda" if device is None else device)

    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        self._held.requires_grad_(requires_grad)
        self.needs_grad = requires_grad
        return self

    requires_grad = property(
        lambda self: self._held.requires_grad, lambda self, value: self.requires_grad_(value)
    )

    @property  # type: ignore[misc]
    def grad(self) -> Any:
        gradient = self._held.grad
        return None if gradient is None else self._with(gradient)

    def t(self) -> SparseTensor:
        """The transpose of a matrix."""
        return self.transpose(0, 1)

    def transpose(self, dim0: int, dim1: int) -> SparseTensor:
        """Two sparse dimensions exchanged; the result is not coalesced."""
        dims = list(range(len(self._size)))
        one, other = wrap_dim(dim0, len(dims)), wrap_dim(dim1, len(dims))
        dims[one], dims[other] = dims[other], dims[one]
        if max(one, other) >= self.sparse_dim():
            raise RuntimeError("transpose: dense dimensions of a sparse tensor stay where they are")
        at = self._at[dims[: self.sparse_dim()]]
        turned = SparseTensor(at, self._held, [self._size[d] for d in dims])
        return turned.to_sparse_csr() if self._kind is sparse_csr else turned

    # --- arithmetic -------------------------------------------------------------------------------

    def _mapped(self, function: Callable[[Any], Any]) -> SparseTensor:
        """``function``, which leaves zero alone, of every element."""
        whole = self.coalesce()
        return whole._with(function(whole._held), self._kind)

    def __neg__(self) -> Any:
        return self._with(-self._held)

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, SparseTensor):
            if isinstance(other, Tensor):
                raise RuntimeError(
                    "add(sparse, dense) is not supported. Use add(dense, sparse) instead."
                )
            return NotImplemented
        cat = FUNCTIONS["cat"]
        at, held = cat([self._at, other._at], 1), cat([self._held, other._held])
        return SparseTensor(at, held, self._size).coalesce()

    add = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other

    sub = __sub__

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, SparseTensor):
            mine, its = self.coalesce(), other.coalesce()
            both = SELECTIONS["isin"](mine._places(), its._places())
            met = SparseTensor(mine._at[:, both], mine._held[both], self._size, True)
            return met * its.to_dense()
        if isinstance(other, Tensor) and other.dim():
            whole = self.coalesce()
            spread = other.expand(self._size)
            return whole._with(whole._held * spread[tuple(whole._at)])
        return self._with(self._held * other)

    __rmul__ = mul = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with(self._held / other)

    div = __truediv__

    def pow(self, exponent: Any) -> Any:
        return self._mapped(lambda held: held.pow(exponent))

    __pow__ = pow  # type: ignore[assignment]

    def sum(self, dim: Any = None, **kwargs: Any) -> Any:
        from .functions import sum as sparse_sum

        return sparse_sum(self, dim, **kwargs)

    def matmul(self, other: Any) -> Any:
        """The product with a matrix or a vector, sparse if that is."""
        from .functions import product

        return product(self, other)

    __matmul__ = mm = mv = matmul


def _kept(name: str) -> Callable[..., SparseTensor]:
    """The method ``name`` of dense tensors, which leaves zero alone, for the entries."""
    dense = getattr(Tensor, name)

    def method(self: SparseTensor, *args: Any, **kwargs: Any) -> SparseTensor:
        return self._mapped(lambda held: dense(held, *args, **kwargs))

    return method


for _name in (
    *("abs", "__abs__", "neg", "relu", "sign", "sin", "sqrt", "square", "tanh"),
    *("bool", "double", "float", "half", "int", "long"),
):
    setattr(SparseTensor, _name, _kept(_name))
