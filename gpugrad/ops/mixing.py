"""Functions of several operands, element by element: ``lerp``, ``addcmul``, ``cross``."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

from .. import dtypes
from ..autograd.engine import Node, TensorBase
from ..autograd.inplace import apply_inplace
from ..casting.calls import THREADS, casting
from ..native.pointwise import LARGE_BYTES
from .arguments import c_name, require_tensor, word
from .broadcasting import broadcast_shapes
from .old_signatures import takes_value_first
from .operands import cast, explain, rank, sum_to
from .overwriting import overwritten
from .shape import wrap_dim
from .unary import no_bools


class Broadcast(Node):
    """An op whose operands broadcast; ``partials`` gives the gradients before that is undone."""

    __slots__ = ("shapes",)

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        xp = _sized(xp, grad)
        return tuple(
            None if edge is None else sum_to(xp, partial, shape)
            for edge, partial, shape in zip(
                self.edges, self.partials(xp, grad), self.shapes, strict=True
            )
        )


def _times(xp: Any, x: Any, number: float) -> Any:
    """``x * number`` in the type of ``x``: beside a bare number NumPy would widen bfloat16."""
    return xp.mul(x, xp.full((), number, x.dtype) if x.dtype.kind == "V" else number)


def _sized(xp: Any, x: Any) -> Any:
    """The primitives for an array of its size."""
    return xp.large if x.nbytes >= LARGE_BYTES else xp


class Lerp(Broadcast):
    """``x + weight * (y - x)`` for a number ``weight``."""

    __slots__ = ("weight",)

    def forward(self, xp: Any, x: Any, y: Any, weight: float) -> Any:
        self.shapes, self.weight = (x.shape, y.shape), weight
        return _sized(xp, x).lerp(x, y, weight)

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        return _times(xp, grad, 1 - self.weight), _times(xp, grad, self.weight)


class LerpTensor(Broadcast):
    """``x + weight * (y - x)`` for a tensor ``weight``."""

    __slots__ = ("weight", "x", "y")
    saves = {"x": 0, "y": 1, "weight": 2}
    torch_name = "LerpBackward1"

    def forward(self, xp: Any, x: Any, y: Any, weight: Any) -> Any:
        self.x, self.y, self.weight = x, y, weight
        self.shapes = x.shape, y.shape, weight.shape
        distance = xp.sub(y, x)
        return xp.where(
            xp.lt(xp.abs(weight), 0.5),
            xp.add(x, xp.mul(distance, weight)),
            xp.sub(y, xp.mul(distance, xp.sub(1, weight))),
        )

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        return (
            xp.mul(grad, xp.sub(1, self.weight)),
            xp.mul(grad, self.weight),
            xp.mul(grad, xp.sub(self.y, self.x)),
        )


class Addcmul(Broadcast):
    """``x + value * y * z``"""

    __slots__ = ("value", "y", "z")
    saves = {"y": 1, "z": 2}

    def forward(self, xp: Any, x: Any, y: Any, z: Any, value: float) -> Any:
        self.y, self.z, self.value = y, z, value
        self.shapes = x.shape, y.shape, z.shape
        return _sized(xp, x).addcmul(x, y, z, value)

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        scaled = grad if self.value == 1 else xp.mul(grad, self.value)
        return grad, xp.mul(scaled, self.z), xp.mul(scaled, self.y)


class Addcdiv(Broadcast):
    """``x + value * y / z``"""

    __slots__ = ("value", "y", "z")
    saves = {"y": 1, "z": 2}

    def forward(self, xp: Any, x: Any, y: Any, z: Any, value: float) -> Any:
        self.y, self.z, self.value = y, z, value
        self.shapes = x.shape, y.shape, z.shape
        return _sized(xp, x).addcdiv(x, y, z, value)

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        over = xp.div(grad if self.value == 1 else xp.mul(grad, self.value), self.z)
        return grad, over, xp.neg(xp.mul(over, xp.div(self.y, self.z)))


class LinalgCross(Broadcast):
    """The vector product along a dimension of size three."""

    __slots__ = ("axis", "x", "y")
    saves = {"x": 0, "y": 1}

    def forward(self, xp: Any, x: Any, y: Any, axis: int) -> Any:
        self.x, self.y, self.axis = x, y, axis
        self.shapes = x.shape, y.shape
        return _cross(xp, x, y, axis)

    def partials(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        return _cross(xp, self.y, grad, self.axis), _cross(xp, grad, self.x, self.axis)


def _cross(xp: Any, x: Any, y: Any, axis: int) -> Any:
    def turned(v: Any, by: int) -> Any:
        before = (slice(None),) * axis
        parts = [xp.getitem(v, (*before, s)) for s in (slice(by, None), slice(0, by))]
        return xp.concatenate(parts, axis)

    return xp.sub(xp.mul(turned(x, 1), turned(y, 2)), xp.mul(turned(x, 2), turned(y, 1)))


# --- functions -----------------------------------------------------------------------------------


def common_type(*tensors: Any) -> dtypes.dtype:
    """The type that several tensors are promoted to: dimensioned ones outrank 0-d ones."""
    ranks: dict[int, dtypes.dtype] = {}
    for tensor in tensors:
        own, level = dtypes.from_numpy(tensor.array.dtype), rank(tensor)
        ranks[level] = dtypes.promote_types(ranks.get(level, own), own)
    if len(ranks) == 1:
        return next(iter(ranks.values()))
    return dtypes.result_dtype(ranks[2], 2, ranks[1], 1)


def _apply(cls: type[Node], form: str, *operands: Any) -> Any:
    try:
        if form == "inplace":
            return apply_inplace(cls, *operands)
        return cls.apply(*operands)
    except ValueError as error:
        arrays = [o.array for o in operands if isinstance(o, TensorBase)]
        for a, b in itertools.pairwise(arrays):
            explained = explain(cls, a, b, error)
            if "non-singleton" in str(explained):
                raise explained from None
        raise explained from None


def _lerp(form: str, x: Any, end: Any, weight: Any) -> Any:
    require_tensor("lerp", "end", 2, end)
    for name, other in (("end", end), ("weight", weight)):
        if isinstance(other, TensorBase) and other.array.dtype != x.array.dtype:
            raise RuntimeError(
                f"expected dtype {c_name(x.array)} for `{name}` but got dtype {c_name(other.array)}"
            )
    if x.array.dtype.kind not in "fV":
        kind = "tensor" if isinstance(weight, TensorBase) else "scalar"
        raise NotImplementedError(f"\"lerp_kernel_{kind}\" not implemented for '{word(x.array)}'")
    if form == "inplace" and weight.__class__ is float and overwritten(x, "lerp", end, weight):
        return x
    return _apply(LerpTensor if isinstance(weight, TensorBase) else Lerp, form, x, end, weight)


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input + weight * (end - input)``: ``weight`` of the way from one to the other.

    Args:
        end: of the type of ``input``.
        weight: a number or a tensor of the type of ``input``.

    >>> import gpugrad
    >>> gpugrad.lerp(gpugrad.tensor([0.0, 1.0]), gpugrad.tensor([10.0, 2.0]), 0.5)
    tensor([5.0000, 1.5000])
    """
    return _lerp("apply", input, end, weight)


def lerp_(input: Any, end: Any, weight: Any) -> Any:
    """:func:`lerp` in place."""
    return _lerp("inplace", input, end, weight)


def _fused(
    cls: type[Node], function: str, form: str, x: Any, tensor1: Any, tensor2: Any, value: float
) -> Any:
    require_tensor(function, "tensor1", 2, tensor1)
    require_tensor(function, "tensor2", 3, tensor2)
    kind = common_type(x, tensor1, tensor2)
    if not kind.is_floating_point:
        if kind is dtypes.bool_ and cls is Addcmul:
            raise no_bools("addcmul_cpu_out")
        value = int(value)
        if cls is Addcdiv:
            raise RuntimeError(
                "Integer division with addcdiv is no longer supported, and in a future  release "
                "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
                "behavior can be implemented as (input + value * torch.trunc(tensor1 / "
                "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
                "tensor2) for float inputs. The future addcdiv behavior is just the latter "
                "implementation: (input + value * tensor1 / tensor2), for all dtypes."
            )
    if form == "inplace" and overwritten(x, function, tensor1, tensor2, value):
        return x
    first = x if form == "inplace" else cast(x, kind)
    return _apply(cls, form, first, cast(tensor1, kind), cast(tensor2, kind), value)


@takes_value_first
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """``input + value * tensor1 * tensor2``, broadcast and promoted.

    >>> import gpugrad
    >>> gpugrad.addcmul(gpugrad.ones(2), gpugrad.ones(2), gpugrad.ones(2), value=3)
    tensor([4., 4.])
    """
    if THREADS and (run := casting("addcmul")):
        return run(addcmul, input, tensor1, tensor2, value=value)
    return _fused(Addcmul, "addcmul", "apply", input, tensor1, tensor2, value)


@takes_value_first
def addcmul_(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """:func:`addcmul` in place."""
    return _fused(Addcmul, "addcmul", "inplace", input, tensor1, tensor2, value)


@takes_value_first
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """``input + value * tensor1 / tensor2``, broadcast and promoted; floating point only.

    >>> import gpugrad
    >>> gpugrad.addcdiv(gpugrad.ones(2), gpugrad.ones(2), gpugrad.full((2,), 4.0))
    tensor([1.2500, 1.2500])
    """
    if THREADS and (run := casting("addcdiv")):
        return run(addcdiv, input, tensor1, tensor2, value=value)
    return _fused(Addcdiv, "addcdiv", "apply", input, tensor1, tensor2, value)


@takes_value_first
def addcdiv_(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """:func:`addcdiv` in place."""
    return _fused(Addcdiv, "addcdiv", "inplace", input, tensor1, tensor2, value)


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The vector product along ``dim``, without it the first dimension of size three.

    >>> import gpugrad
    >>> gpugrad.cross(gpugrad.tensor([1, 0, 0]), gpugrad.tensor([0, 1, 0]), dim=0)
    tensor([0, 0, 1])
    """
    if THREADS and (run := casting("cross")):
        return run(cross, input, other, dim)
    if dim is None:
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass "
            "the dim explicitly or simply use torch.linalg.cross.\nThe default value of dim will "
            "change to agree with that of linalg.cross in a future release.",
            UserWarning,
            stacklevel=2,
        )
        found = [i for i, n in enumerate(input.array.shape) if n == 3]
        if not found:
            raise RuntimeError("no dimension of size 3 in input")
        dim = found[0]
    return linalg_cross(input, other, dim=dim)


def linalg_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector product along ``dim``, of size three; the other dimensions broadcast.

    >>> import gpugrad
    >>> gpugrad.linalg.cross(gpugrad.tensor([1.0, 0, 0]), gpugrad.tensor([0.0, 1, 0]))
    tensor([0., 0., 1.])
    """
    if THREADS and (run := casting("cross")):
        return run(linalg_cross, input, other, dim=dim)
    a, b = input.array.shape, other.array.shape
    if len(a) != len(b):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, len(a))
    if a[axis] != 3 or b[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[axis]} and {b[axis]}"
        )
    broadcast_shapes(a, b)
    kind = common_type(input, other)
    if kind is dtypes.bool_:
        raise no_bools("cross")
    return LinalgCross.apply(cast(input, kind), cast(other, kind), axis)
