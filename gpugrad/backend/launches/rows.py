"""Functions along the last dimension by one launch each way."""

from __future__ import annotations

from ..step_scratch import Array
from .launcher import Launcher


class Rows(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("softmax_forward", [x], axis, out)
        return super().softmax(x, axis, out) if found is None else found

    def softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("softmax_backward", [grad, y], axis, out)
        return super().softmax_grad(y, grad, axis, out) if found is None else found

    def log_softmax(self, x: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("log_softmax_forward", [x], axis, out)
        return super().log_softmax(x, axis, out) if found is None else found

    def log_softmax_grad(self, y: Array, grad: Array, axis: int, out: Array | None = None) -> Array:
        found = self.launch_over_rows("log_softmax_backward", [grad, y], axis, out)
        return super().log_softmax_grad(y, grad, axis, out) if found is None else found
