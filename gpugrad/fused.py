"""Pairs of functions that a GPU computes by one kernel each way; PyTorch has no names for them.

They work on every device, and can be differentiated any number of times.

>>> import gpugrad
>>> x, bias = gpugrad.zeros(4, 2), gpugrad.ones(2, requires_grad=True)
>>> gpugrad.fused.bias_activation(x, bias, "relu").sum().backward()
>>> bias.grad
tensor([4., 4.])
"""

from __future__ import annotations

from .ops.fused import bias_activation as bias_activation
from .ops.fused import sigmoid_mse_loss as sigmoid_mse_loss

__all__ = ["bias_activation", "sigmoid_mse_loss"]
