"""Parameters and buffers without a size, which get one with the first input of their layer."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from ..autograd.grad_mode import no_grad
from ..creation import empty
from ..subclasses import OPERATORS
from ..tensor import Tensor
from .parameter import Parameter

_ALLOWED = frozenset(
    (
        *("is_complex", "is_floating_point", "is_inference", "requires_grad_", "register_hook"),
        *("to", "cpu", "cuda", "float", "double", "half", "bfloat16", "type", "get_device"),
        *("detach", "share_memory_", "is_shared", "dim", "size", "copy_"),
    )
)
"""Methods that need no values."""


class _WithoutSize(Tensor):
    """What parameters and buffers without a size have in common."""

    __slots__ = ()
    dispatches = False

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def detach(self) -> Any:
        """The tensor itself: it has no values that a copy could share."""
        return self

    # mypy forgets the names of special methods' arguments
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


class UninitializedParameter(  # type: ignore[misc]  # which __repr__ it has
    _WithoutSize, Parameter, printed_as="torch.nn.parameter.UninitializedParameter"
):
    """A parameter that has no shape and no values yet; it becomes a ``Parameter`` with them.

    An optimizer may be given it before: it stays the same object.
    """

    __slots__ = ()

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return Parameter.__new__(cls, empty((0,), dtype=dtype, device=device), requires_grad)

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a ``Parameter`` of this shape; its values are arbitrary.

        The device and the dtype are those of this one unless others are given.
        """
        place = self.device if device is None else device
        self.become(empty(shape, dtype=dtype or self.dtype, device=place), dtype)

    def become(self, values: Tensor, dtype: Any = None) -> None:
        """Take the values of another tensor, on this one's device and of its type."""
        self.__class__ = Parameter  # type: ignore[assignment]
        with no_grad():
            self.data = values.detach().to(device=self.device, dtype=dtype or self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]


class UninitializedBuffer(_WithoutSize, printed_as="torch.nn.parameter.UninitializedBuffer"):
    """A buffer that has no shape and no values yet; it becomes an ordinary tensor with them."""

    __slots__ = ()

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        made: Any = empty((0,), dtype=dtype, device=device)
        made.__class__ = cls
        made.persistent = persistent
        return made.requires_grad_(requires_grad)

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of this shape; its values are arbitrary.

        The device and the dtype are those of this one unless others are given.
        """
        place = self.device if device is None else device
        values = empty(shape, dtype=dtype or self.dtype, device=place)
        self.__class__ = Tensor  # type: ignore[assignment]
        self.data = values


def _refusing(name: str, method: Any) -> Any:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(
            f"Attempted to use an uninitialized parameter in <method '{name}' of "
            "'torch._C.TensorBase' objects>. This error happens when you are using a `LazyModule` "
            f"or explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When "
            "using LazyModules Call `forward` with a dummy batch to initialize the parameters "
            "before calling torch functions"
        )

    refuse.__name__, refuse.__doc__ = name, method.__doc__
    return refuse


for _name in (*dir(Tensor), "__len__"):
    _shown = OPERATORS.get(_name, _name)
    _method = getattr(Tensor, _name)
    _is_public = _name in OPERATORS or _name == "__len__" or not _name.startswith("_")
    if _is_public and isinstance(_method, FunctionType) and _name not in _ALLOWED:
        setattr(_WithoutSize, _name, _refusing(_shown, _method))
