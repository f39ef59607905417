"""Fused primitives of the rows of a matrix in composed form: softmax, cross entropy, layer norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

Array = Any


class ComposedRows:
    """The part of :class:`~gpugrad.backend.composed.ComposedForms` that works along dimensions."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """``exp(x - max) / sum(exp(x - max))`` along ``axis``."""
        shifted = self.exp(self.sub(x, self.amax(x, axis, True)))
        return self.into(self.div(shifted, self.sum(shifted, axis, True)), out)

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        """``y * (grad - sum(grad * y))`` for ``y = softmax(x)``."""
        return self.into(self.mul(y, self.sub(grad, self.sum(self.mul(grad, y), axis, True))), out)

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        """``x - max - log(sum(exp(x - max)))`` along ``axis``."""
        shifted = self.sub(x, self.amax(x, axis, True))
        return self.into(self.sub(shifted, self.log(self.sum(self.exp(shifted), axis, True))), out)

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        """``grad - exp(y) * sum(grad)`` for ``y = log_softmax(x)``."""
        return self.into(self.sub(grad, self.mul(self.exp(y), self.sum(grad, axis, True))), out)

    def cross_entropy(
        self,
        x: Array,
        target: Array,
        ignore_index: int | None,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """``-log_softmax(x)[i, target[i]]`` for every row i of a matrix, and ``softmax(x)``.

        The loss is 0 where ``target[i]`` is ``ignore_index``. None says that there is no such row.
        """
        log_probabilities = self.log_softmax(x, 1)
        column = self.reshape(self._classes(target, ignore_index), (-1, 1))
        picked = self.take_along_axis(log_probabilities, column, 1)
        losses, softmax = self.neg(self.reshape(picked, (-1,))), self.exp(log_probabilities)
        if ignore_index is not None:
            ignored = self.eq(target, ignore_index)
            losses = self.where(ignored, self.zeros_like(losses), losses)
        if out is None:
            return losses, softmax
        return self.into(losses, out[0]), self.into(softmax, out[1])

    def _classes(self, target: Array, ignore_index: int | None) -> Array:
        """The target with a class in place of ``ignore_index``."""
        if ignore_index is None:
            return target
        return self.where(self.eq(target, ignore_index), self.zeros_like(target), target)

    def cross_entropy_mean(
        self,
        losses: Array,
        target: Array,
        ignore_index: int,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """The mean of the losses whose target is not ``ignore_index``, and how many there are.

        The number is in the type of the arithmetic: float32 for the 16-bit types. The mean of none
        is nan.
        """
        kind = "float64" if losses.dtype.itemsize == 8 else "float32"
        count = self.asarray(self.sum(self.cast(self.ne(target, ignore_index), kind)))
        total = self.sum(self.cast(losses, kind))
        mean = self.cast(self.asarray(self.div(total, count)), losses.dtype)
        return (mean, count) if out is None else (self.into(mean, out[0]), self.into(count, out[1]))

    def cross_entropy_grad(
        self,
        softmax: Array,
        target: Array,
        grad: Array,
        count: Array | None,
        ignore_index: int | None,
        out: Array | None = None,
    ) -> Array:
        """``grad[i] * (softmax[i] - onehot(target[i]))`` for every row i, 0 for ignored ones.

        ``grad`` is one number for each row or one for all, and is divided by ``count`` if there
        is one.
        """
        rows = softmax.shape[0]
        if count is not None:
            share = self.asarray(self.div(self.cast(grad, count.dtype), count))
            grad = self.cast(share, grad.dtype)
        wide = self.broadcast_to(self.reshape(grad, (-1, 1)), (rows, 1))
        column = self.reshape(self._classes(target, ignore_index), (-1, 1))
        spread = self.mul(softmax, wide)
        result = self.sub(spread, self.scatter_along_axis(wide, column, 1, softmax.shape))
        if ignore_index is not None:
            ignored = self.reshape(self.eq(target, ignore_index), (-1, 1))
            result = self.where(ignored, self.zeros_like(result), result)
        return self.into(result, out)

    def layer_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        """``(x - mean) * rstd * weight + bias`` in every row of a matrix, mean and rstd.

        ``rstd = 1 / sqrt(variance + eps)``. Mean and rstd are of shape (rows, 1) and in the type of
        the arithmetic: float32 for the 16-bit types.
        """
        wide = x if x.dtype.itemsize > 2 else self.cast(x, "float32")
        mean = self.mean(wide, 1, True)
        centred = self.sub(wide, mean)
        rstd = self.rsqrt(self.add(self.mean(self.square(centred), 1, True), eps))
        y = self.mul(centred, rstd)
        if weight is not None:
            y = self.mul(y, weight)
        if bias is not None:
            y = self.add(y, bias)
        y = y if wide is x else self.cast(y, x.dtype)
        result: tuple[Array, Array, Array] = self._all_into((y, mean, rstd), out)
        return result

    def layer_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        wanted: tuple[bool, bool, bool],
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        """The gradients of :meth:`layer_norm` in x, weight and bias; None for those not wanted.

        With ``h = (x - mean) * rstd`` and ``g = grad * weight``: in x, in every row,
        ``(g - mean(g) - h * mean(g * h)) * rstd``; in weight ``sum(grad * h)`` and in bias
        ``sum(grad)``, over the rows.
        """
        kind, narrow = x.dtype, x.dtype.itemsize == 2
        if narrow:
            grad, x = self.cast(grad, "float32"), self.cast(x, "float32")
        normal = self.mul(self.sub(x, mean), rstd)
        found: list[Array | None] = [None, None, None]
        if wanted[0]:
            g = grad if weight is None else self.mul(grad, weight)
            along = self.mul(normal, self.mean(self.mul(g, normal), 1, True))
            across = self.sub(self.sub(g, self.mean(g, 1, True)), along)
            found[0] = self.mul(across, rstd)
        if wanted[1]:
            found[1] = self.sum(self.mul(grad, normal), 0)
        if wanted[2]:
            found[2] = self.sum(grad, 0)
        if narrow:
            found = [a if a is None else self.cast(a, kind) for a in found]
        result: tuple[Array | None, Array | None, Array | None] = self._all_into(found, out)
        return result
