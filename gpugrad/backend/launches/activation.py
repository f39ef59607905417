"""Activation functions by one launch each way."""

from __future__ import annotations

from ..step_scratch import Array
from .launcher import Launcher


class Activations(Launcher):
    """Every method's composed form in ``ComposedForms`` says what it computes."""

    def sigmoid(self, x: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("sigmoid_forward", [x], (), out)
        return super().sigmoid(x, out) if found is None else found

    def sigmoid_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("sigmoid_backward", [grad, y], (), out)
        return super().sigmoid_grad(y, grad, out) if found is None else found

    def tanh(self, x: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("tanh_forward", [x], (), out)
        return self.module.tanh(x, out=out) if found is None else found

    def tanh_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("tanh_backward", [grad, y], (), out)
        return super().tanh_grad(y, grad, out) if found is None else found

    def relu(self, x: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("relu_forward", [x], (), out)
        return super().relu(x, out) if found is None else found

    def relu_grad(self, y: Array, grad: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("relu_backward", [grad, y], (), out)
        return super().relu_grad(y, grad, out) if found is None else found

    def leaky_relu(self, x: Array, slope: float, out: Array | None = None) -> Array:
        found = self.launch_elementwise("leaky_relu_forward", [x], (float(slope),), out)
        return super().leaky_relu(x, slope, out) if found is None else found

    def leaky_relu_grad(
        self, x: Array, grad: Array, slope: float, out: Array | None = None
    ) -> Array:
        found = self.launch_elementwise("leaky_relu_backward", [grad, x], (float(slope),), out)
        return super().leaky_relu_grad(x, grad, slope, out) if found is None else found

    def softplus(self, x: Array, beta: float, threshold: float, out: Array | None = None) -> Array:
        numbers = (float(beta), float(threshold))
        found = self.launch_elementwise("softplus_forward", [x], numbers, out)
        return super().softplus(x, beta, threshold, out) if found is None else found

    def softplus_grad(
        self, x: Array, grad: Array, beta: float, threshold: float, out: Array | None = None
    ) -> Array:
        numbers = (float(beta), float(threshold))
        found = self.launch_elementwise("softplus_backward", [grad, x], numbers, out)
        return super().softplus_grad(x, grad, beta, threshold, out) if found is None else found

    def silu(self, x: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("silu_forward", [x], (), out)
        return super().silu(x, out) if found is None else found

    def silu_grad(self, x: Array, grad: Array, out: Array | None = None) -> Array:
        found = self.launch_elementwise("silu_backward", [grad, x], (), out)
        return super().silu_grad(x, grad, out) if found is None else found

    def gelu(self, x: Array, approximate: str, out: Array | None = None) -> Array:
        name = "gelu_tanh_forward" if approximate == "tanh" else "gelu_forward"
        found = self.launch_elementwise(name, [x], (), out)
        return super().gelu(x, approximate, out) if found is None else found

    def gelu_grad(self, x: Array, grad: Array, approximate: str, out: Array | None = None) -> Array:
        name = "gelu_tanh_backward" if approximate == "tanh" else "gelu_backward"
        found = self.launch_elementwise(name, [grad, x], (), out)
        return super().gelu_grad(x, grad, approximate, out) if found is None else found
