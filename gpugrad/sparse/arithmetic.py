"""What sparse tensors are to operators: results that keep to what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.grad_mode import mode
from ..functions import FUNCTIONS
from ..memory_layout import sparse_coo, sparse_csr
from ..tensor import Tensor

if TYPE_CHECKING:
    from .tensor import SparseTensor


class Arithmetic:
    """The part of :class:`SparseTensor` that calculates."""

    __slots__ = ()

    # Of SparseTensor, at run time.
    _at: Any
    _held: Any
    _size: Any
    _kind: Any
    _coalesced: Any
    _with: Callable[..., SparseTensor]
    coalesce: Callable[[], SparseTensor]

    def _mapped(self, function: Callable[[Any], Any]) -> SparseTensor:
        """``function``, which leaves zero alone, of every element."""
        whole = self.coalesce()
        return whole._with(function(whole._held), self._kind)

    def __neg__(self) -> Any:
        return self._with(-self._held)

    neg = negative = __neg__

    def add(self, other: Any, *, alpha: float = 1) -> Any:
        """``self + alpha * other`` of two sparse tensors of one shape."""
        if not isinstance(other, Arithmetic):
            if isinstance(other, Tensor):
                raise RuntimeError(
                    "add(sparse, dense) is not supported. Use add(dense, sparse) instead."
                )
            raise TypeError(f"add(sparse, other): other must be sparse, not {type(other).__name__}")
        if self._size != other._size:
            raise RuntimeError(
                "add: expected sizes of 'self' and 'other' to match, but "
                f"{list(self._size)} != {list(other._size)}"
            )
        cat = FUNCTIONS["cat"]
        its = other._held if alpha == 1 else other._held * alpha
        joined = _made(cat([self._at, other._at], 1), cat([self._held, its]), self._size)
        return joined.to_sparse_csr() if self._kind is sparse_csr else joined.coalesce()

    def __add__(self, other: Any) -> Any:
        return self.add(other) if isinstance(other, Tensor) else NotImplemented

    def sub(self, other: Any, *, alpha: float = 1) -> Any:
        """``self - alpha * other`` of two sparse tensors of one shape."""
        return self.add(other, alpha=-alpha)

    def __sub__(self, other: Any) -> Any:
        return self.sub(other) if isinstance(other, Tensor) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Arithmetic):
            return self._times_sparse(other)
        if isinstance(other, Tensor) and other.dim():
            whole = self.coalesce()
            spread = other.expand(self._size)
            return whole._with(whole._held * spread[tuple(whole._at)])
        return self._with(self._held * other)

    __rmul__ = mul = multiply = __mul__

    def _times_sparse(self, other: Any) -> Any:
        if self._size != other._size:
            raise RuntimeError(
                "mul: expects sparse inputs with equal dimensionality, number of sparse "
                "dimensions, and shape of sparse dimensions, but got "
                f"{list(self._size)} and {list(other._size)}"
            )
        mine, its = self.coalesce(), other.coalesce()
        both = FUNCTIONS["isin"](mine._places(), its._places())
        at, held = mine._at[:, both], mine._held[both]
        return _made(at, held * its.to_dense()[tuple(at)], self._size, True, self._kind)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Tensor) and other.dim():
            raise RuntimeError(
                "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
                f"{list(other.shape)} for divisor)"
            )
        return self._with(self._held / other)

    div = divide = __truediv__

    def pow(self, exponent: Any) -> Any:
        if not isinstance(exponent, Tensor) and exponent == 0:
            raise RuntimeError(
                "pow: cannot raise to zeroth power on sparse tensor; it would make the result "
                "tensor dense"
            )
        return self._mapped(lambda held: held.pow(exponent))

    __pow__ = pow

    def sum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        from .functions import sum as sparse_sum

        found = sparse_sum(self, dim, dtype)  # type: ignore[arg-type]
        if not keepdim or dim is None:
            return found
        from .functions import with_dims

        return with_dims(found, dim, len(self._size))

    def matmul(self, other: Any) -> Any:
        """The product with a matrix or a vector, sparse if that is."""
        from .functions import product

        return product(self, other)  # type: ignore[arg-type]

    __matmul__ = mm = mv = matmul

    # --- in place ---------------------------------------------------------------------------------

    def _become(self, result: Any) -> Any:
        """Hold what ``result`` holds."""
        if mode.enabled and self._held.requires_grad and self._held.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        names = "_at", "_held", "_coalesced"
        self.__dict__.update({name: result.__dict__[name] for name in names}, _kept=None)
        return self

    def _scaled(self, result: Any) -> Any:
        """Hold ``result``, which has the same places if these come once each."""
        if not self._coalesced:
            return self._become(result)
        self._held.copy_(result._held)
        return self

    def add_(self, other: Any, *, alpha: float = 1) -> Any:
        """:meth:`add` in place."""
        return self._become(self.add(other, alpha=alpha))

    def sub_(self, other: Any, *, alpha: float = 1) -> Any:
        """:meth:`sub` in place."""
        return self._become(self.sub(other, alpha=alpha))

    def mul_(self, other: Any) -> Any:
        """``self * other`` in place: in the values' own memory if they are coalesced."""
        return self._scaled(self * other)

    def div_(self, other: Any) -> Any:
        """``self / other`` in place: in the values' own memory if they are coalesced."""
        return self._scaled(self / other)

    def neg_(self) -> Any:
        """``-self`` in place."""
        return self.mul_(-1)

    def zero_(self) -> Any:
        """No entries are left."""
        return self._become(_made(self._at[:, :0], self._held[:0].detach(), self._size, True))

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        """Hold copies of the entries of ``src``, a sparse tensor of this shape and type."""
        if not isinstance(src, Arithmetic):
            raise RuntimeError("copy_() between dense and sparse Tensors is not implemented!")
        if src._size != self._size:
            raise RuntimeError(f"copy_: shapes {list(self._size)} and {list(src._size)} differ")
        return self._become(src.clone().to(self._held))  # type: ignore[attr-defined]

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_


def _made(at: Any, held: Any, size: Any, coalesced: bool = False, kind: Any = sparse_coo) -> Any:
    from .tensor import SparseTensor

    return SparseTensor(at, held, size, coalesced, kind)


def _kept(name: str) -> Callable[..., SparseTensor]:
    """The method ``name`` of dense tensors, which leaves zero alone, for the elements."""
    dense = getattr(Tensor, name)

    def method(self: Arithmetic, *args: Any, **kwargs: Any) -> SparseTensor:
        return self._mapped(lambda held: dense(held, *args, **kwargs))

    method.__name__ = name
    return method


def _converted(name: str) -> Callable[[Arithmetic], SparseTensor]:
    """The method ``name`` of dense tensors for each entry, several of one place included."""
    dense = getattr(Tensor, name)

    def method(self: Arithmetic) -> SparseTensor:
        return self._with(dense(self._held))

    method.__name__ = name
    return method


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Arithmetic, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{name} is not implemented for sparse tensors: it would change the dense form only"
        )

    method.__name__ = name
    return method


for _name in ("abs", "__abs__", "relu", "sign", "sin", "sqrt", "square", "tanh", "bool"):
    setattr(Arithmetic, _name, _kept(_name))
for _name in ("bfloat16", "byte", "char", "double", "float", "half", "int", "long", "short"):
    setattr(Arithmetic, _name, _converted(_name))

_WRITING = (
    *("__iand__", "__ifloordiv__", "__ilshift__", "__imod__", "__ior__", "__ipow__"),
    *("__irshift__", "__ixor__", "__setitem__"),
    *(name for name in dir(Tensor) if name.endswith("_") and not name.endswith("__")),
)
_ELSEWHERE = "detach_", "requires_grad_", "share_memory_"
for _name in _WRITING:
    if _name not in _ELSEWHERE and _name not in vars(Arithmetic):
        setattr(Arithmetic, _name, _refused(_name))
