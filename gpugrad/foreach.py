"""PyTorch's functions over lists of tensors: ``_foreach_add`` and its kin.

Each does to every tensor of a list what the function without the prefix does to one. An argument
that is a list has one element for each of them. Those that end with an underscore work in place
and return nothing.

>>> import gpugrad
>>> gpugrad._foreach_mul([gpugrad.ones(2), gpugrad.ones(1)], [2.0, 3.0])
(tensor([2., 2.]), tensor([3.]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .tensor import Tensor

Tensors = Sequence[Any]

_UNARY = (
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 "
    "neg reciprocal round rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"
)
_MORE = "add sub mul div pow addcmul addcdiv lerp"
_BOUNDS = {
    "clamp_max": "clamp_max",
    "clamp_min": "clamp_min",
    "maximum": "clamp_min",
    "minimum": "clamp_max",
}


def _each(name: str, method: str, returns: bool) -> Callable[..., Any]:
    apply = getattr(Tensor, method)

    def function(self: Tensors, *args: Any, **kwargs: Any) -> Any:
        _check(self)
        for given in (*args, *kwargs.values()):
            if isinstance(given, (list, tuple)) and len(given) != len(self):
                raise RuntimeError(
                    "Tensor lists must have the same number of tensors, got "
                    f"{len(self)} and {len(given)}"
                )
        results = [
            apply(t, *(_of(a, i) for a in args), **{k: _of(v, i) for k, v in kwargs.items()})
            for i, t in enumerate(self)
        ]
        return tuple(results) if returns else None

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``Tensor.{method}`` of every tensor of a list."
    return function


def _of(given: Any, place: int) -> Any:
    return given[place] if isinstance(given, (list, tuple)) else given


def _check(tensors: Tensors) -> None:
    if not tensors:
        raise RuntimeError("Tensor list must have at least one tensor.")


def _foreach_norm(self: Tensors, ord: float = 2, dtype: Any = None) -> tuple[Any, ...]:
    """The norm of every tensor of a list, taken as a vector."""
    from .ops.norm import vector_norm

    _check(self)
    return tuple(vector_norm(t, ord, dtype=dtype) for t in self)


FUNCTIONS: dict[str, Callable[..., Any]] = {"_foreach_norm": _foreach_norm}
for _source in (*_UNARY.split(), *_MORE.split(), "maximum", "minimum", "clamp_max", "clamp_min"):
    _method = _BOUNDS.get(_source, _source)
    for _suffix in ("", "_"):
        _name = f"_foreach_{_source}{_suffix}"
        FUNCTIONS[_name] = _each(_name, _method + _suffix, not _suffix)
for _source in ("zero_", "copy_"):
    FUNCTIONS[f"_foreach_{_source}"] = _each(f"_foreach_{_source}", _source, False)
