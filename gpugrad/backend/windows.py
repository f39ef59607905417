"""Windows that slide over the last dimensions: convolution, its two gradients, and pooling.

A convolution is one product of matrices: :meth:`Windows.conv` writes down the elements under the
kernel at every place (its *columns*: Chellapilla, Puri and Simard, "High Performance Convolutional
Neural Networks for Document Processing", 2006) and multiplies them with the kernel. It is linear in
both operands, so its gradients, :meth:`Windows.conv_transpose` and :meth:`Windows.conv_weight`, are
each other's gradients too: three functions are closed under differentiation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

Array = Any
Sizes = tuple[int, ...]


class Geometry(NamedTuple):
    """Where the windows lie: one entry for each dimension that they slide over.

    Attributes:
        kernel: how many elements of the input a window holds.
        stride: the steps from one window to the next.
        padding: how many elements are added before and after the input; negative ones are cut off.
        dilation: the steps from one element of a window to the next.
    """

    kernel: Sizes
    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes

    def padded(self, size: Sizes) -> Sizes:
        """The size of an input of size ``size`` with its padding."""
        return tuple(n + low + high for n, (low, high) in zip(size, self.padding, strict=True))

    def windows(self, size: Sizes) -> Sizes:
        """How many windows there are over an input of size ``size``."""
        return tuple(
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(
                self.padded(size), self.kernel, self.stride, self.dilation, strict=True
            )
        )

    def along(self, d: int, count: Sizes) -> list[slice]:
        """For each element of the kernel in dimension ``d``: where it lies in all windows."""
        step, space = self.stride[d], self.dilation[d]
        return [
            slice(p * space, p * space + (count[d] - 1) * step + 1, step)
            for p in range(self.kernel[d])
        ]

    def positions(self, count: Sizes) -> Iterator[tuple[slice, ...]]:
        """For each element of the kernel in row-major order: where it lies in ``count`` windows."""
        return itertools.product(*(self.along(d, count) for d in range(len(count))))


class Windows:
    """The window functions of :class:`~gpugrad.backend.primitives.Primitives`.

    Inputs have the shape (N, C, \\*size), and a window runs over ``size``.
    """

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def pad(
        self,
        x: Array,
        widths: tuple[tuple[int, int], ...],
        value: float = 0,
        out: Array | None = None,
    ) -> Array:
        """``x`` with so many elements of ``value`` before and after each dimension.

        Negative widths cut elements off.
        """
        shape = tuple(n + low + high for n, (low, high) in zip(x.shape, widths, strict=True))
        out = self.full(shape, value, x.dtype, out=out)
        inner, kept = (
            tuple(
                slice(max(sign * low, 0), n - max(sign * high, 0))
                for n, (low, high) in zip(sizes, widths, strict=True)
            )
            for sign, sizes in ((1, shape), (-1, x.shape))
        )
        return self.setitem(out, inner, x[kept])

    def _widened(self, x: Array, g: Geometry, value: float = 0) -> Array:
        """``x`` with the padding that the windows ask for."""
        if not any(low or high for low, high in g.padding):
            return x
        return self.pad(x, ((0, 0),) * (x.ndim - len(g.padding)) + g.padding, value)

    def _columns(self, x: Array, g: Geometry) -> Array:
        """What lies under the windows, without a copy: (C, \\*kernel, N, \\*windows)."""
        count = g.windows(x.shape[2:])
        x = self._widened(x, g)
        batch, channel, *steps = x.strides
        return self.module.lib.stride_tricks.as_strided(
            x,
            (x.shape[1], *g.kernel, x.shape[0], *count),
            (
                channel,
                *(step * d for step, d in zip(steps, g.dilation, strict=True)),
                batch,
                *(step * s for step, s in zip(steps, g.stride, strict=True)),
            ),
        )

    def _folded(self, columns: Array, g: Geometry, size: Sizes, out: Array | None) -> Array:
        """Every element of the columns added to where it came from; (N, C, \\*size)."""
        ndim, padded = len(size), g.padded(size)
        count = columns.shape[2 + ndim :]
        # One dimension after the other, the first one first: its rows are the longest.
        total = columns
        for d in range(ndim):
            # (C, *kernel from d on, N, *padded before d, *windows from d on)
            behind = total.ndim - ndim + d
            shape = (total.shape[0], *total.shape[2:behind], padded[d], *total.shape[behind + 1 :])
            part = total
            total = self.zeros(shape, columns.dtype)
            inside = (slice(None),) * (behind - 1)
            for position, where in enumerate(g.along(d, count)):
                target = total[(*inside, where)]
                self.add(target, part[:, position], out=target)
        undo = tuple((-low, -high) for low, high in g.padding)
        if any(low or high for low, high in undo):
            return self.pad(_exchanged(total), ((0, 0), (0, 0), *undo), 0, out)
        return self.copy(_exchanged(total), out=out)

    # --- convolution ----------------------------------------------------------------------------

    def conv(
        self,
        x: Array,
        weight: Array,
        bias: Array | None,
        g: Geometry,
        groups: int,
        out: Array | None = None,
    ) -> Array:
        """``out[n, o, p] = bias[o] + sum over c, k of weight[o, c, k] * x[n, c, p * stride + k *
        dilation - padding]``, each of ``groups`` equal parts of the channels by itself."""
        columns = self._columns(x, g)
        batch, count = x.shape[0], g.windows(x.shape[2:])
        kernels = weight.reshape(groups, weight.shape[0] // groups, math.prod(weight.shape[1:]))
        product = self._product(kernels, columns.reshape(*self._column_shape(columns, groups, g)))
        product = product.reshape(weight.shape[0], math.prod((batch, *count)))
        if bias is not None:
            self.add(product, bias.reshape(-1, 1), out=product)
        return self.copy(_exchanged(product.reshape(weight.shape[0], batch, *count)), out=out)

    def conv_transpose(
        self,
        x: Array,
        weight: Array,
        g: Geometry,
        groups: int,
        size: Sizes,
        out: Array | None = None,
    ) -> Array:
        """The gradient of :meth:`conv` in its input of size ``size``, for the gradient ``x``."""
        kernels = weight.reshape(groups, weight.shape[0] // groups, math.prod(weight.shape[1:]))
        product = self._product(kernels.transpose(0, 2, 1), self._by_channel(x, groups))
        shape = (weight.shape[1] * groups, *g.kernel, x.shape[0], *x.shape[2:])
        return self._folded(product.reshape(shape), g, size, out)

    def conv_weight(
        self, x: Array, grad: Array, g: Geometry, groups: int, out: Array | None = None
    ) -> Array:
        """The gradient of :meth:`conv` in its weight, for the input ``x`` and the gradient."""
        columns = self._columns(x, g)
        flat = columns.reshape(*self._column_shape(columns, groups, g))
        product = self._product(self._by_channel(grad, groups), flat.transpose(0, 2, 1))
        shape = (grad.shape[1], x.shape[1] // groups, *g.kernel)
        return self.into(product.reshape(shape), out)

    def _column_shape(self, columns: Array, groups: int, g: Geometry) -> Sizes:
        rows = columns.shape[0] // groups * math.prod(g.kernel)
        return groups, rows, math.prod(columns.shape[1 + len(g.kernel) :])

    def _by_channel(self, x: Array, groups: int) -> Array:
        """(N, C, \\*size) as matrices (groups, C / groups, N * size)."""
        shape = groups, x.shape[1] // groups, x.shape[0] * math.prod(x.shape[2:])
        return _exchanged(x).reshape(shape)

    def _product(self, a: Array, b: Array) -> Array:
        if len(a) == 1:
            product = self.matmul(a[0], b[0])
            return product.reshape(1, *product.shape)
        return self.matmul(a, b)

    # --- columns as a result ----------------------------------------------------------------------

    def unfold(self, x: Array, g: Geometry, out: Array | None = None) -> Array:
        """What lies under each window, as columns: (N, C * kernel, windows)."""
        columns = self._columns(x, g)
        order = columns.ndim // 2
        moved = columns.transpose(order, *range(order), *range(order + 1, columns.ndim))
        shape = x.shape[0], x.shape[1] * math.prod(g.kernel), math.prod(columns.shape[order + 1 :])
        return self.into(moved.reshape(shape), out)

    def fold(self, x: Array, g: Geometry, size: Sizes, out: Array | None = None) -> Array:
        """Columns added up where :meth:`unfold` took them from; the gradient of that."""
        channels = x.shape[1] // math.prod(g.kernel)
        columns = x.reshape(x.shape[0], channels, *g.kernel, *g.windows(size))
        order = len(size) + 1
        moved = columns.transpose(*range(1, order + 1), 0, *range(order + 1, columns.ndim))
        return self._folded(moved, g, size, out)

    # --- pooling ----------------------------------------------------------------------------------

    def window_sum(self, x: Array, g: Geometry, out: Array | None = None) -> Array:
        """The sum of the elements in each window."""
        count = g.windows(x.shape[-len(g.kernel) :])
        x = self._widened(x, g)
        first, *rest = (x[(..., *where)] for where in g.positions(count))
        out = self.copy(first, out=out)
        for part in rest:
            self.add(out, part, out=out)
        return out

    def window_spread(
        self, grad: Array, g: Geometry, size: Sizes, out: Array | None = None
    ) -> Array:
        """Each number added to all elements of its window: the gradient of :meth:`window_sum`."""
        lead = grad.shape[: -len(size)]
        total = self.zeros((*lead, *g.padded(size)), grad.dtype)
        for where in g.positions(grad.shape[-len(size) :]):
            part = total[(..., *where)]
            self.add(part, grad, out=part)
        undo = tuple((-low, -high) for low, high in g.padding)
        if any(low or high for low, high in undo):
            return self.pad(total, ((0, 0),) * len(lead) + undo, 0, out)
        return self.into(total, out)

    def window_max(self, x: Array, g: Geometry, out: Array | None = None) -> Array:
        """The largest element of each window; nan counts as the largest."""
        count = g.windows(x.shape[-len(g.kernel) :])
        best = self._widened(x, g, _lowest(x.dtype))
        for parts in self._along_each(g, count):
            first, *rest = (best[where] for where in parts)
            best = self.copy(first)
            for part in rest:
                self.maximum(best, part, out=best)
        return self.into(best, out)

    def window_argmax(
        self, x: Array, g: Geometry, out: tuple[Array, Array] | None = None
    ) -> tuple[Array, Array]:
        """The largest element of each window, and its row-major number in the unpadded plane.

        The first of equal elements counts; nan is the largest, and the last of them counts.
        """
        size = x.shape[-len(g.kernel) :]
        count = g.windows(size)
        best = self._widened(x, g, _lowest(x.dtype))
        places: list[Array] = []  # for each dimension that is done: the element of the kernel
        for parts in self._along_each(g, count):
            # Copies, since rows this short are slow to go over several times.
            first, *rest = (self.copy(best[where]) for where in parts)
            before = places
            best = first
            places = [self.copy(p[parts[0]]) for p in before]
            element = self.zeros(best.shape, "uint8" if len(parts) < 256 else "int64")
            for number, part in enumerate(rest, 1):
                larger = self.gt(part, best)
                if x.dtype.kind in "fV":
                    self.logical_or(larger, self.ne(part, part), out=larger)
                self.maximum(best, part, out=best)
                for place, wide in zip((element, *places), (None, *before), strict=True):
                    value = number if wide is None else wide[parts[number]]
                    self.module.copyto(place, value, "unsafe", larger)
            places.insert(0, element)
        index = self._number_in_plane(places, g, size, count)
        if out is None:
            return best, index
        return self.copy(best, out=out[0]), self.copy(index, out=out[1])

    def _along_each(self, g: Geometry, count: Sizes) -> Iterator[list[Any]]:
        """For each dimension, from the last: where each element of the kernel lies along it."""
        for d in reversed(range(len(count))):
            behind = (slice(None),) * (len(count) - 1 - d)
            yield [(..., where, *behind) for where in g.along(d, count)]

    def _number_in_plane(
        self, elements: list[Array], g: Geometry, size: Sizes, count: Sizes
    ) -> Array:
        """The row-major number in the plane, from each dimension's element of the kernel."""
        total = None
        for d, element in enumerate(elements):
            start = -g.padding[d][0]
            starts = self.arange(start, start + count[d] * g.stride[d], g.stride[d], "int64")
            column = starts.reshape(-1, *(1,) * (len(size) - 1 - d))
            place = self.add(self.mul(self.cast(element, "int64"), g.dilation[d]), column)
            if start < 0:
                # Where all is -inf the padding came first: the first element in the input counts.
                self.maximum(place, self.remainder(column, g.dilation[d]), out=place)
            total = place if total is None else self.add(self.mul(total, size[d]), place)
        return total


def _exchanged(x: Array) -> Array:
    """The first two dimensions exchanged."""
    return x.transpose(1, 0, *range(2, x.ndim))


def _lowest(dtype: Any) -> float:
    """The value that is no larger than any other of the type."""
    if dtype.kind in "fV":
        return -math.inf
    return 0 if dtype.kind == "u" else -(2 ** (8 * dtype.itemsize - 1))
