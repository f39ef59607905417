"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ...ops.joining import cat
from ...tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other; differentiable.

    >>> import gpugrad
    >>> gpugrad.nn.utils.parameters_to_vector(gpugrad.nn.Linear(2, 3).parameters()).shape
    torch.Size([9])
    """
    result: Tensor = cat([parameter.reshape(-1) for parameter in parameters])
    return result


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make the parameters views of consecutive pieces of ``vec``.

    Raises:
        TypeError: ``vec`` is no tensor.
        RuntimeError: ``vec`` is too short.

    >>> import gpugrad
    >>> layer = gpugrad.nn.Linear(1, 1)
    >>> gpugrad.nn.utils.vector_to_parameters(gpugrad.tensor([1.0, 2.0]), layer.parameters())
    >>> layer.bias
    Parameter containing:
    tensor([2.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        size = parameter.numel()
        parameter.data = vec[start : start + size].view_as(parameter).data
        start += size
