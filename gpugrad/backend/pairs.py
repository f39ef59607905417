"""Functions that follow one another so often that they have one kernel, in composed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

Array = Any

ACTIVATIONS = ("none", "relu", "sigmoid", "tanh", "gelu", "gelu_tanh")
"""The functions of a sum with a bias; ``gelu_tanh`` is gelu's approximation by tanh."""

KEEP_OUTPUT = ("relu", "sigmoid", "tanh")
"""Those of whose result the gradient is computed; for gelu it is computed of the input."""


class FusedPairs:
    """Pairs of functions as one primitive; see :class:`ComposedForms`."""

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def column_sum(self, x: Array, out: Array | None = None) -> Array:
        """The sum over all dimensions but the last."""
        if x.ndim != 2:
            x = self.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return self.into(self.sum(x, 0), out)

    def linear_grad(
        self, grad: Array, x: Array, weight: Array, wanted: tuple[bool, bool, bool]
    ) -> tuple[Array | None, Array | None, Array | None]:
        """The gradients of ``x @ weight.T + bias`` in x, weight and bias, None where not wanted."""
        flat, rows = grad, x
        if grad.ndim != 2:
            flat = self.reshape(grad, (-1, grad.shape[-1]))
            rows = self.reshape(x, (-1, x.shape[-1]))
        return (
            self.matmul(grad, weight) if wanted[0] else None,
            self.matmul(self.permute(flat, (1, 0)), rows) if wanted[1] else None,
            self.column_sum(flat) if wanted[2] else None,
        )

    def bias_activation(
        self, x: Array, bias: Array, activation: str, out: Array | None = None
    ) -> Array:
        """``activation(x + bias)`` with one number of ``bias`` for each column, the last dimension.

        ``activation`` is one of :data:`ACTIVATIONS`.
        """
        total = self.add(x, bias)
        if activation.startswith("gelu"):
            total = self.gelu(total, _approximation(activation))
        elif activation != "none":
            total = getattr(self, activation)(total)
        return self.into(total, out)

    def bias_activation_grad(
        self,
        kept: Array | None,
        bias: Array | None,
        grad: Array,
        activation: str,
        wanted: tuple[bool, bool],
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """The gradients of :meth:`bias_activation` in x and bias; None for those not wanted.

        ``kept`` is the result for those in :data:`KEEP_OUTPUT`, and x for gelu, which alone needs
        ``bias``.
        """
        if activation.startswith("gelu"):
            approximate = _approximation(activation)
            in_x = self.gelu_grad(self.add(kept, bias), grad, approximate)
        elif activation == "none":
            in_x = grad
        else:
            in_x = getattr(self, f"{activation}_grad")(kept, grad)
        in_bias = self.column_sum(in_x) if wanted[1] else None
        return self._found(in_x if wanted[0] else None, in_bias, out)

    def sigmoid_mse(
        self,
        x: Array,
        y: Array,
        reduction: str,
        keep: bool = False,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """``(sigmoid(x) - y)**2``: each ("none"), their "sum" or their "mean"; and ``sigmoid(x)``.

        The latter is None unless ``keep`` asks for it.
        """
        p = self.sigmoid(x)
        return self._found(self.mse(p, y, reduction), p if keep else None, out)

    def sigmoid_mse_grad(
        self,
        x: Array,
        y: Array,
        grad: Array,
        scale: float,
        wanted: tuple[bool, bool],
        of_output: bool = False,
        out: tuple[Array, Array] | None = None,
    ) -> tuple[Array, Array]:
        """``g * p * (1 - p)`` and ``-g`` for ``g = scale * grad * (p - y)``; None if not wanted.

        These are the gradients of :meth:`sigmoid_mse` in x and y. ``p = sigmoid(x)``, or, with
        ``of_output``, ``x`` is p itself.
        """
        p = x if of_output else self.sigmoid(x)
        g = self.mse_grad(p, y, grad, scale)
        in_x = self.sigmoid_grad(p, g) if wanted[0] else None
        return self._found(in_x, self.neg(g) if wanted[1] else None, out)

    def _found(
        self, first: Array | None, second: Array | None, out: tuple[Array, Array] | None
    ) -> tuple[Array, Array]:
        """Two results, in the arrays that were given for them."""
        if out is None:
            return first, second
        return (
            first if first is None else self.into(first, out[0]),
            second if second is None else self.into(second, out[1]),
        )


def _approximation(activation: str) -> str:
    return "tanh" if activation == "gelu_tanh" else "none"
