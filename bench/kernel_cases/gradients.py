"""What is done to a model's gradients before the step: one launch over a list of arrays."""

from __future__ import annotations

from typing import Any

from .work import Array, Call, Case, Maker, Work, called

MOST_TENSORS = 16
MOST_NORM = 0.999
"""Just under the norm that is given, so that gradients are scaled and stay ordinary numbers."""

INVERSE_SCALE = 0.999
FACTORS, INTERVAL = (2.0, 0.5), 2000


def tensors(work: Work) -> list[Array]:
    """A model's worth of arrays, of n elements together."""
    count = max(1, min(MOST_TENSORS, work.n // 64))
    return [work.uniform(i, work.n // count) for i in range(count)]


def _single(work: Work, value: float, dtype: str = "float32") -> Array:
    return work.xp.full((), value, dtype)


def _read_and_written(arrays: list[Array], *rest: Any) -> int:
    return 2 * sum(int(a.nbytes) for a in arrays)


def _torch_clip(o: Any, *given: Any) -> Call:
    *grads, norm = given
    parameters = [o.nn.Parameter(o.empty_like(g)) for g in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad
    return lambda: o.nn.utils.clip_grads_with_norm_(parameters, MOST_NORM, norm)


def _torch_unscale(o: Any, *given: Any) -> Call:
    *grads, found, factor = given
    unscale = o._amp_foreach_non_finite_check_and_unscale_
    return lambda: unscale(grads, found, factor)


def update_scale(work: Work) -> Case | None:
    """Works on three numbers, so there is only one size of it."""
    if work.n * work.dtype.itemsize > 1024:
        return None

    args = _single(work, 2.0**16), _single(work, 0, "int32"), _single(work, 0)
    how = {
        "growth_factor": FACTORS[0],
        "backoff_factor": FACTORS[1],
        "growth_interval": INTERVAL,
    }

    def call(xp: Any) -> Array:
        xp.update_scale(*args, **how)
        return args[0]

    return Case(
        lambda: call(work.xp),
        lambda: call(work.plain),
        list(args),
        lambda o, *t: lambda: o._amp_update_scale_(*t, *FACTORS, INTERVAL),
        moved=sum(int(a.nbytes) for a in args),
    )


CASES: dict[str, Maker] = {
    "total_norm": called(
        "total_norm",
        lambda work: (tensors(work), 2.0),
        lambda o, *grads: o.nn.utils.get_total_norm(grads),
    ),
    "clip_by_norm": called(
        "clip_by_norm",
        lambda work: (tensors(work), work.xp.full((), 1.0, work.dtype), MOST_NORM),
        bind=_torch_clip,
        changes=0,
        moved=_read_and_written,
    ),
    "unscale": called(
        "unscale",
        lambda work: (tensors(work), _single(work, 0), _single(work, INVERSE_SCALE)),
        bind=_torch_unscale,
        changes=0,
        moved=_read_and_written,
    ),
    "update_scale": update_scale,
}
