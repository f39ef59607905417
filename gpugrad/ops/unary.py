"""The base class of elementwise ops with one operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import dtypes
from ..autograd.engine import (
    OUTPUT,
    Node,
    _new,
    _sequence,
    wrap,
)
from ..autograd.grad_mode import mode
from ..autograd.inplace import check_inplace, mark_changed, overwrite
from ..autograd.observers import OBSERVERS, observe
from ..autograd.views import refresh
from ..backend import BACKENDS
from ..backend.primitives import Array
from ..native.pointwise import LARGE, LARGE_BYTES
from .operands import to_default_float
from .overwriting import overwritten
from .selected import look_up

Function = Callable[..., Any]


def no_bools(kernel: str) -> Exception:
    """PyTorch's error for bools: the message itself, or one with the name of a kernel."""
    if " " in kernel:
        return RuntimeError(kernel)
    return NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def no_kernel(kernel: str, array: Array) -> Exception:
    """PyTorch's error for a type that a kernel does not take."""
    word = dtypes.from_numpy(array.dtype).word
    return NotImplementedError(f"\"{kernel}\" not implemented for '{word}'")


class Unary(Node):
    """``y = primitive(x, *params)``, element by element."""

    __slots__ = ("out", "params", "x")

    x: Any
    out: Any
    params: tuple[Any, ...]

    saves: ClassVar[dict[str, int]] = {"x": 0, "out": OUTPUT}

    primitive: ClassVar[str]
    keeps_x: ClassVar[bool] = False
    keeps_out: ClassVar[bool] = False
    floating: ClassVar[bool] = True
    """Whether integers are converted to the default floating type first."""

    kernel: ClassVar[str | None] = None
    """The kernel's name for :func:`no_kernel`, where PyTorch refuses integers; else None."""

    bool_kernel: ClassVar[str | None] = None
    """For :func:`no_bools`, where PyTorch has no kernel for bools; None where it has one."""

    apply: ClassVar[Function]
    apply_: ClassVar[Function]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.saves = {n: s for n, s in (("x", 0), ("out", OUTPUT)) if getattr(cls, "keeps_" + n)}
        cls.guard()
        cls.apply = staticmethod(_unary_apply(cls))
        cls.apply_ = staticmethod(_unary_apply_inplace(cls))

    @classmethod
    def explain(cls, a: Array, error: TypeError) -> Exception:
        """PyTorch's error for a type that the array module refused."""
        return error

    def forward(self, xp: Any, x: Any, *params: Any) -> Any:
        self.params = params
        self.x = x
        self.out = getattr(xp, self.primitive)(x, *params)
        return self.out

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        if grad.nbytes >= LARGE_BYTES:
            xp = xp.large
        return (self.grad_x(xp, grad),)

    def release(self) -> None:
        self.x = self.out = self.guards = None


def _unary_apply(cls: type[Unary]) -> Function:
    floating = cls.floating
    keeps_x, keeps_out = cls.keeps_x, cls.keeps_out
    bool_kernel = cls.bool_kernel

    def apply(x: Any, *params: Any) -> Any:
        a = x.array
        if bool_kernel is not None and a.dtype.kind == "b":
            raise no_bools(bool_kernel)
        if floating and a.dtype.kind not in "fV":
            if cls.kernel is not None:
                raise no_kernel(cls.kernel, a)
            a = to_default_float(x).array
        kind = type(a)
        xp = BACKENDS[kind]
        if a.size >= LARGE:
            xp = xp.large
        function = xp.PRIMITIVE
        try:
            out = function(a, *params)
        except TypeError as error:
            raise cls.explain(a, error) from None
        if type(out) is not kind:
            out = xp.asarray(out)
        result = wrap(out)
        if not mode.enabled:
            return result
        if x.view_of is not None and x.version[1] != x.rebased:
            refresh(x)
        if x.needs_grad:
            node = _new(cls)
            node.edges = (x.node or x,)
            node.sequence = next(_sequence)
            node.hooks = None
            node.params = params
            if keeps_x:
                node.x = a
                node.guards = (("x", x.version, x.version[0]),)
            elif keeps_out:
                node.out = out
                node.guards = (("out", result.version, 0),)
            else:
                node.guards = ()
            result.node = node
            result.needs_grad = True
            if OBSERVERS:
                observe(node, result)
        return result

    return look_up(apply, cls.primitive)


def _unary_apply_inplace(cls: type[Unary]) -> Function:
    def apply_(x: Any, *params: Any) -> Any:
        check_inplace(x)
        a = x.array
        if cls.bool_kernel is not None and a.dtype.kind == "b":
            raise no_bools(cls.bool_kernel)
        xp = BACKENDS[type(a)]
        if a.nbytes >= LARGE_BYTES:
            if overwritten(x, cls.primitive, *params):
                return x
            xp = xp.large
        node = _new(cls)
        original = xp.copy(a) if cls.keeps_x and x.needs_grad else a
        source = original
        if cls.floating and a.dtype.kind not in "fV":
            if cls.kernel is not None:
                raise no_kernel(cls.kernel, a)
            source = xp.cast(a, dtypes.get_default_dtype().numpy)
        try:
            result = getattr(xp, cls.primitive)(source, *params)
        except TypeError as error:
            raise cls.explain(a, error) from None
        overwrite(x, xp.asarray(result))
        node.params, node.x, node.out = params, original, a
        mark_changed(x, node, (x,))
        return x

    return apply_
