"""Transposes of convolutions: ``ConvTranspose1d``, ``ConvTranspose2d``, ``ConvTranspose3d``."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .conv import ConvNd, Sizes


class _ConvTranspose(ConvNd):
    """The transpose of a convolution, which maps its outputs to its inputs."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            name = type(self).__name__
            raise ValueError(f'Only "zeros" padding mode is supported for {name}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        assert not isinstance(self.padding, str)  # refused on construction
        added = self._added(input, output_size)
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dims - 1]
        return function(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            added,
            self.groups,
            self.dilation,
        )

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            raise TypeError(
                f"conv_transpose{self.dims}d(): argument 'padding' must be tuple of ints, not str"
            )

    def _added(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives a result of ``output_size``."""
        if output_size is None:
            return self.output_padding
        wanted = list(output_size)
        spatial = self.dims + (input.dim() == self.dims + 2) + 1
        if len(wanted) == spatial:
            wanted = wanted[spatial - self.dims :]
        if len(wanted) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.dim()}D input, output_size must have "
                f"{self.dims} or {spatial} elements (got {len(output_size)})"
            )
        assert not isinstance(self.padding, str)
        lows = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.dims :],
                self.stride,
                self.padding,
                self.dilation,
                self.kernel_size,
                strict=True,
            )
        ]
        highs = [low + s - 1 for low, s in zip(lows, self.stride, strict=True)]
        if any(not a <= n <= b for n, a, b in zip(wanted, lows, highs, strict=True)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {lows} to "
                f"{highs} (for an input of {input.shape[-self.dims :]})"
            )
        return tuple(n - low for n, low in zip(wanted, lows, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """The transpose of ``Conv1d``; see ``ConvTranspose2d``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose1d(4, 2, 3, stride=2)(gpugrad.zeros(5, 4, 10)).shape
    torch.Size([5, 2, 21])
    """

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Every element of the input times the kernel, added up where it lies.

    Args:
        padding: elements cut off on both sides of the result.
        output_padding: elements added on one side of the result; ``forward`` computes it from
            ``output_size`` if that is given.

    Shape:
        input (N, in_channels, H, W) or (in_channels, H, W), output (N, out_channels, H', W') or
        (out_channels, H', W') with H' = (H - 1) · stride - 2 · padding
        + dilation · (kernel_size - 1) + output_padding + 1.

    Attributes:
        weight: of shape (in_channels, out_channels / groups, kh, kw).
        bias: of shape (out_channels,); ``None`` with ``bias=False``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose2d(4, 2, 3, stride=2)(gpugrad.zeros(5, 4, 8, 8)).shape
    torch.Size([5, 2, 17, 17])
    """

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """The transpose of ``Conv3d``; see ``ConvTranspose2d``.

    >>> import gpugrad
    >>> gpugrad.nn.ConvTranspose3d(4, 2, 2)(gpugrad.zeros(5, 4, 3, 3, 3)).shape
    torch.Size([5, 2, 4, 4, 4])
    """

    dims = 3
