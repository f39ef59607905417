"""Products of all factors of a place but one, without a division: any derivative of them exists."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import wrap
from ..backend import BACKENDS


def products_of_others(
    xp: Any, x: Any, y: Any, key: Any, hits: Any, include_self: bool
) -> tuple[Any, Any]:
    """For each element of the tensors ``x`` and ``y`` the product of the others of its place.

    ``y`` goes to the places ``key`` of ``x``, ``hits`` elements to each. Without ``include_self``
    the elements of ``x`` count only where nothing else goes.

    The factors are sorted by place. The product of those before a factor, and that of those after
    it, are scans over the neighbours of the same place (Hillis and Steele, "Data Parallel
    Algorithms", 1986).
    """
    arrays: Any = BACKENDS[type(x.array)]
    shape, count = x.array.shape, int(x.array.size)
    numbers = arrays.arange(0, count, 1, "int64")
    goal = arrays.getitem(numbers.reshape(shape), key)
    goal = arrays.reshape(arrays.broadcast_to(goal, y.array.shape), (-1,))
    place = arrays.concatenate([numbers, goal], 0)
    order = arrays.argsort(place, 0)
    place = arrays.getitem(place, order)
    if not include_self:
        x = xp.where(xp.gt(hits, 0), xp.ones_like(x), x)
    factors = xp.concatenate([xp.reshape(x, (-1,)), xp.reshape(y, (-1,))], 0)
    factors = xp.getitem(factors, order)
    before = _before(xp, arrays, factors, place)
    after = _before(xp, arrays, xp.flip(factors, (0,)), arrays.flip(place, (0,)))
    others = xp.mul(before, xp.flip(after, (0,)))
    others = xp.getitem(others, arrays.argsort(order, 0))
    return (
        xp.reshape(xp.getitem(others, slice(0, count)), shape),
        xp.reshape(xp.getitem(others, slice(count, None)), y.array.shape),
    )


def _before(xp: Any, arrays: Any, factors: Any, place: Any) -> Any:
    """For each factor the product of those before it that have the same place."""
    size = int(place.size)
    products, step = factors, 1
    while step < size:
        same = wrap(arrays.eq(place[step:], place[:-step]))
        own, former = (
            xp.getitem(products, slice(step, None)),
            xp.getitem(products, slice(0, size - step)),
        )
        joined = xp.where(same, xp.mul(own, former), own)
        products = xp.concatenate([xp.getitem(products, slice(0, step)), joined], 0)
        step *= 2
    if size < 2:
        return xp.ones_like(factors)
    same = wrap(arrays.eq(place[1:], place[:-1]))
    former = xp.getitem(products, slice(0, size - 1))
    first = xp.ones_like(xp.getitem(factors, slice(0, 1)))
    return xp.concatenate([first, xp.where(same, former, xp.ones_like(former))], 0)
