"""Calls of listed ops inside an ``autocast`` region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from .. import dtypes
from ..autograd.autocast_mode import THREADS as THREADS
from ..autograd.autocast_mode import state
from ..autograd.engine import TensorBase
from ..autograd.grad_mode import mode
from ..backend import BACKENDS
from .lists import COMPOSED, FLOAT32, FLOAT32_RESULT, LOWER, POLICIES, REFUSED, WIDEST

P = ParamSpec("P")
R = TypeVar("R")

_UNSAFE = (
    "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\n"
    "Many models use a sigmoid layer right before the binary cross entropy layer.\n"
    "In this case, combine the two layers using "
    "torch.nn.functional.binary_cross_entropy_with_logits\n"
    "or torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\n"
    "safe to autocast."
)


def casting(name: str) -> Run | None:
    """How this thread is to call the op ``name`` now; None where nothing is to be done about it.

    That is outside of regions, and inside of another listed op.
    """
    if state.inside or not any(state.enabled.values()):
        return None
    return Run(name)


def composed(name: str, operands: Any) -> bool:
    """Whether the ops that ``name`` is made of are to be cast, and not its own operands."""
    if casting(name) is None:
        return False
    return POLICIES[_device_type(operands)].get(name) is COMPOSED


class Run:
    """Calls an op with its operands cast, and without any casting inside."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        device = _device_type((args, kwargs))
        policy = POLICIES[device].get(self.name) if state.enabled.get(device) else None
        if policy is REFUSED:
            raise RuntimeError(_UNSAFE)
        given, named = args, kwargs
        if policy is FLOAT32_RESULT:
            named = _with_dtype(args, kwargs)  # type: ignore[assignment]  # one more argument
        elif policy is not None:
            wanted = {LOWER: state.dtypes.get(device), FLOAT32: dtypes.float32}.get(policy)
            if policy is WIDEST:
                wanted = _widest((args, kwargs), state.dtypes[device])
            given = _cast(args, wanted, device)
            named = _cast(kwargs, wanted, device)
        state.inside = True
        try:
            return function(*given, **named)
        finally:
            state.inside = False


def _tensors(value: Any) -> Iterator[TensorBase]:
    if isinstance(value, TensorBase):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _device_type(arguments: Any) -> str:
    """The type of device of the operands; that of an accelerator, where there are both."""
    found = {BACKENDS[type(t.array)].device(t.array).type for t in _tensors(arguments)}
    return next(iter(found - {"cpu"}), "cpu")


def _eligible(tensor: TensorBase, device: str) -> bool:
    array = tensor.array
    if array.dtype.kind not in "fV" or array.dtype == dtypes.float64.numpy:
        return False
    where: str = BACKENDS[type(array)].device(array).type
    return where == device


def _cast(value: Any, wanted: Any, device: str) -> Any:
    if isinstance(value, TensorBase):
        if not _eligible(value, device) or value.array.dtype == wanted.numpy:
            return value
        return cached(value, wanted)
    if type(value) in (list, tuple):
        return type(value)(_cast(item, wanted, device) for item in value)
    if type(value) is dict:
        return {name: _cast(item, wanted, device) for name, item in value.items()}
    return value


def cached(tensor: Any, wanted: Any) -> Any:
    """``tensor`` in another type. A parameter is cast once in a region, unless it is changed.

    The cast is a node of the graph: the gradients of all its uses come together in the lower
    precision, and arrive in the parameter's own type.
    """
    from ..ops.copying import Cast  # ops that this module calls import it

    lasting = (
        state.cache_enabled
        and mode.enabled
        and tensor.needs_grad
        and tensor.node is None
        and tensor.view_of is None
        and tensor.array.dtype == dtypes.float32.numpy
    )
    if not lasting:
        return Cast.apply(tensor, wanted.numpy)
    # The entry holds the parameter: nobody else gets its number as long as it is there.
    at = (tensor.array, tensor.version[0], wanted)
    entry = state.cache.get(id(tensor))
    if entry is not None and entry[1] is at[0] and entry[2:4] == at[1:]:
        return entry[4]
    result = Cast.apply(tensor, wanted.numpy)
    state.cache[id(tensor)] = (tensor, *at, result)
    return result


def _widest(arguments: Any, lower: dtypes.dtype) -> dtypes.dtype:
    """The widest of the region's type and the operands' types, float64 left out."""
    widest = lower
    for tensor in _tensors(arguments):
        kind = dtypes.from_numpy(tensor.array.dtype)
        if kind.is_floating_point and kind is not dtypes.float64:
            widest = dtypes.promote_types(widest, kind)
    return widest


def _with_dtype(args: Any, kwargs: Any) -> dict[str, Any]:
    """The keyword arguments with ``dtype=float32``, for 16-bit operands and no ``dtype`` given."""
    kinds = [dtypes.from_numpy(t.array.dtype) for t in _tensors((args, kwargs))]
    given = kwargs.get("dtype") is not None or any(isinstance(a, dtypes.dtype) for a in args)
    if given or not all(kind in (dtypes.float16, dtypes.bfloat16) for kind in kinds):
        return dict(kwargs)
    return {**kwargs, "dtype": dtypes.float32}
