"""The class of sparse tensors."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .. import creation
from ..functions import FUNCTIONS
from ..memory_layout import layout as layout_type
from ..memory_layout import sparse_coo, sparse_csr
from ..ops.shape import wrap_dim
from ..size import Size
from ..tensor import Tensor
from .arithmetic import Arithmetic
from .printing import sparse_repr

LARGEST_DENSE = 1 << 22
"""Elements up to which the dense form is made and kept for products."""


class SparseTensor(Arithmetic, Tensor, printed_as="torch.Tensor"):
    """A tensor of which only some elements are stored, the others being zero.

    ``indices`` (sparse dimensions, entries) says where the entries are and ``values`` (entries,
    dense dimensions…) what they are; entries of one place add up, until :meth:`coalesce` does it.
    In the layout CSR, which is that of coalesced matrices, printing and ``crow_indices`` differ.

    What this class does not define works on the dense form, which is made when it is needed.
    Functions that would change that form in place are refused.
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
        self.__dict__.update(
            _at=indices, _held=values, _size=Size(size), _coalesced=coalesced, _kind=layout
        )
        return self

    # --- what the engine reads --------------------------------------------------------------------

    def _dense(self) -> Any:
        """The dense form; kept for as long as the values are what they are now.

        Never where gradients are wanted: its graph belongs to one backward pass.
        """
        held = self._held
        if held.requires_grad:
            return self.to_dense()
        stamp = held.version[0]
        kept: tuple[Any, int] | None = self.__dict__.get("_kept")
        if kept is None or kept[1] != stamp:
            kept = self.__dict__["_kept"] = self.to_dense(), stamp
            memory = kept[0].array
            while type(memory) is np.ndarray:  # writing to it would not change the values
                memory.flags.writeable = False
                memory = memory.base
        return kept[0]

    array = property(lambda self: self._dense().array)
    node = property(lambda self: self._dense().node)
    needs_grad = property(lambda self: self._held.requires_grad)

    # --- what it is -------------------------------------------------------------------------------

    is_sparse = property(lambda self: self._kind is sparse_coo)
    is_sparse_csr = property(lambda self: self._kind is sparse_csr)
    layout = property(lambda self: self._kind)
    shape = property(lambda self: self._size)
    dtype = property(lambda self: self._held.dtype)
    device = property(lambda self: self._held.device)
    ndim = property(lambda self: len(self._size))
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

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """False: the elements do not lie side by side."""
        return False

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

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseTensor:
        twin = memo[id(self)] = self._with(copy.deepcopy(self._held, memo))
        return twin

    def __copy__(self) -> SparseTensor:
        return self._with(self._held)

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

    def _require(self, kind: layout_type, what: str) -> None:
        if self._kind is not kind:
            wanted, found = "coordinate", "SparseCsr"
            if kind is sparse_csr:
                wanted, found = "row compressed", "Sparse"
            raise RuntimeError(f"{what} expected sparse {wanted} tensor layout but got {found}")

    def _require_coalesced(self, what: str) -> None:
        if not self._coalesced:
            raise RuntimeError(
                f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
            )

    def indices(self) -> Any:
        """Where the entries are: (sparse dimensions, entries).

        Raises:
            RuntimeError: the tensor is not coalesced, or not in the layout COO.
        """
        self._require(sparse_coo, "indices")
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
        self._require(sparse_csr, "crow_indices")
        counts = self._at[0].bincount(minlength=self._size[0])
        start = creation.zeros(1, dtype=counts.dtype, device=self.device)
        return FUNCTIONS["cat"]([start, counts.cumsum(0)])

    def col_indices(self) -> Any:
        """The column of each entry of a CSR matrix."""
        self._require(sparse_csr, "col_indices")
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

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.numpy()

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
        """The same matrix in the layout CSR.

        Raises:
            RuntimeError: it is no matrix of single numbers; there are no batches in this layout.
        """
        if self.dim() != 2 or self.dense_dim():
            raise RuntimeError(f"to_sparse_csr: only matrices, got a shape of {list(self._size)}")
        whole = self.coalesce()
        return whole._with(whole._held, sparse_csr)

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

    # --- its place in the graph: that of its values -----------------------------------------------

    is_leaf = property(lambda self: self._held.is_leaf)
    grad_fn = property(lambda self: self._held.grad_fn)
    retains_grad = property(lambda self: self._held.retains_grad)
    requires_grad = property(
        lambda self: self._held.requires_grad, lambda self, value: self.requires_grad_(value)
    )

    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        if requires_grad and not self._held.requires_grad:
            # The tensor that the values were given as, of the same memory, wants none.
            self.__dict__["_held"] = self._held.detach()
        self._held.requires_grad_(requires_grad)
        return self

    @property
    def grad(self) -> Any:
        gradient = self._held.grad
        return None if gradient is None else self._with(gradient)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and not isinstance(value, SparseTensor):
            raise RuntimeError("assigned grad of a sparse tensor must be sparse, or None")
        self._held.grad = None if value is None else value._held

    def retain_grad(self) -> None:
        self._held.retain_grad()

    def register_hook(self, hook: Callable[[Any], Any]) -> Any:
        """Call ``hook(grad)`` with the sparse gradient, which it may replace by another one."""

        def of_values(gradient: Any) -> Any:
            returned = hook(self._with(gradient))
            return None if returned is None else returned._held

        return self._held.register_hook(of_values)

    def detach_(self) -> Any:
        self.__dict__["_held"] = self._held.detach()
        return self
