"""Convolution and its transpose over one, two and three dimensions; ``unfold`` and ``fold``."""

from __future__ import annotations

from ...backend.windows import Geometry
from ...casting.calls import THREADS, casting
from ...ops.conv import Convolution, ConvolutionTranspose
from ...tensor import Tensor
from .conv_arguments import Sizes, by, check, check_rank, each, is_batched, named_padding
from .padding import pad
from .promotion import refuse_bools


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The kernel laid over the input at every place along one dimension; see :func:`conv2d`.

    Shape:
        input (N, C, L) or (C, L), weight (O, C / groups, k), output (N, O, L') or (O, L').

    >>> import gpugrad
    >>> x, weight = gpugrad.tensor([[1.0, 2.0, 4.0]]), gpugrad.tensor([[[-1.0, 1.0]]])
    >>> gpugrad.nn.functional.conv1d(x, weight)
    tensor([[1., 2.]])
    """
    refuse_bools(input, "slow_conv2d_cpu")
    if THREADS and (run := casting("conv1d")):
        return run(conv1d, input, weight, bias, stride, padding, dilation, groups)
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The kernel laid over the input at every place of a plane:
    out[n, o, p] = bias[o] + Σ_{c, k} weight[o, c, k] · input[n, c, p · stride + k · dilation].

    Args:
        stride: steps between places, a number or one for each dimension, as the next two.
        padding: zeros added on both sides; ``"valid"`` for none, ``"same"`` for as many as keep
            the size.
        dilation: steps between the elements of the kernel.
        groups: so many equal parts of the channels are convolved each by itself.

    Shape:
        input (N, C, H, W) or (C, H, W), weight (O, C / groups, kh, kw), bias (O),
        output (N, O, H', W') or (O, H', W') with
        H' = (H + 2 · padding - dilation · (kh - 1) - 1) // stride + 1.

    Raises:
        RuntimeError: sizes or types do not fit, or the kernel is larger than the padded input.

    >>> import gpugrad
    >>> x, weight = gpugrad.ones(1, 1, 3, 3), gpugrad.ones(1, 1, 3, 3)
    >>> gpugrad.nn.functional.conv2d(x, weight, padding=1)
    tensor([[[[4., 6., 4.],
              [6., 9., 6.],
              [4., 6., 4.]]]])
    """
    refuse_bools(input, "slow_conv2d_cpu")
    if THREADS and (run := casting("conv2d")):
        return run(conv2d, input, weight, bias, stride, padding, dilation, groups)
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """The kernel laid over the input at every place of a space; see :func:`conv2d`.

    >>> import gpugrad
    >>> x, weight = gpugrad.ones(1, 1, 3, 3, 3), gpugrad.ones(2, 1, 2, 2, 2)
    >>> gpugrad.nn.functional.conv3d(x, weight).shape
    torch.Size([1, 2, 2, 2, 2])
    """
    refuse_bools(input, "slow_conv3d_cpu")
    if THREADS and (run := casting("conv3d")):
        return run(conv3d, input, weight, bias, stride, padding, dilation, groups)
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The transpose of :func:`conv1d`; see :func:`conv_transpose2d`.

    >>> import gpugrad
    >>> x, weight = gpugrad.tensor([[1.0, 2.0]]), gpugrad.tensor([[[1.0, 10.0]]])
    >>> gpugrad.nn.functional.conv_transpose1d(x, weight, stride=2)
    tensor([[ 1., 10.,  2., 20.]])
    """
    refuse_bools(input, "slow_conv_transpose2d_out_cpu")
    if THREADS and (run := casting("conv_transpose1d")):
        return run(
            conv_transpose1d, input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Every element of the input times the kernel, added up at the places where it lies.

    This is the gradient of :func:`conv2d` in its input, for the same weight and arguments.

    Args:
        padding: so many elements are cut off on both sides of the result.
        output_padding: so many elements are added on one side; a convolution with a stride has
            the same size for several inputs, and this says which of them is meant.

    Shape:
        input (N, C, H, W) or (C, H, W), weight (C, O / groups, kh, kw), bias (O),
        output (N, O, H', W') or (O, H', W') with
        H' = (H - 1) · stride - 2 · padding + dilation · (kh - 1) + output_padding + 1.

    Raises:
        RuntimeError: sizes or types do not fit, or nothing is left of the result.

    >>> import gpugrad
    >>> x, weight = gpugrad.ones(1, 2, 2), gpugrad.ones(1, 1, 2, 2)
    >>> gpugrad.nn.functional.conv_transpose2d(x, weight)
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    refuse_bools(input, "slow_conv_transpose2d_out_cpu")
    if THREADS and (run := casting("conv_transpose2d")):
        return run(
            conv_transpose2d, input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The transpose of :func:`conv3d`; see :func:`conv_transpose2d`.

    >>> import gpugrad
    >>> x, weight = gpugrad.ones(1, 1, 2, 2, 2), gpugrad.ones(1, 3, 2, 2, 2)
    >>> gpugrad.nn.functional.conv_transpose3d(x, weight).shape
    torch.Size([1, 3, 3, 3, 3])
    """
    refuse_bools(input, "slow_conv_transpose3d_out_cpu")
    if THREADS and (run := casting("conv_transpose3d")):
        return run(
            conv_transpose3d, input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """:func:`conv1d` of sequences whose first dimension is the time.

    Args:
        pad: so many steps of zeros on both sides.

    Shape:
        input (L, N, C), weight (k, C, O), bias (O), output (L', N, O).

    Raises:
        RuntimeError: other shapes.

    >>> import gpugrad
    >>> x, weight = gpugrad.ones(3, 1, 1), gpugrad.ones(2, 1, 1)
    >>> gpugrad.nn.functional.conv_tbc(x, weight, gpugrad.zeros(1)).reshape(-1)
    tensor([2., 2.])
    """
    for tensor, name, dims in ((input, "Input", 3), (weight, "Weight", 3), (bias, "Bias", 1)):
        if tensor.dim() != dims:
            raise RuntimeError(
                f"{name} must have {dims} dimension{'s' * (dims > 1)}, but got {tensor.dim()}"
            )
    channels_first = input.permute(1, 2, 0), weight.permute(2, 1, 0)
    result: Tensor = conv1d(*channels_first, bias, padding=pad).permute(2, 0, 1)
    return result


# --- what the dimensions have in common ----------------------------------------------------------


def _conv(
    ndim: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    batched = is_batched(f"conv{ndim}d", ndim, input)
    steps = each(ndim, "stride", stride)
    spacing = each(ndim, "dilation", dilation)
    check_rank(ndim, input, weight)
    kernel = tuple(weight.shape[2:])
    if isinstance(padding, str):
        widths = named_padding(padding, kernel, steps, spacing)
    else:
        widths = tuple((n, n) for n in each(ndim, "padding", padding))
    geometry = Geometry(kernel, steps, widths, spacing)
    if not batched:
        input = input.unsqueeze(0)
    check(input, weight, bias, geometry, groups, False)
    padded = geometry.padded(tuple(input.shape[2:]))
    if any(d * (k - 1) + 1 > n for n, k, d in zip(padded, kernel, spacing, strict=True)):
        reach = (d * (k - 1) + 1 for k, d in zip(kernel, spacing, strict=True))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({by(padded)}). Kernel size: "
            f"({by(reach)}). Kernel size can't be greater than actual input size"
        )
    operands = (input, weight) if bias is None else (input, weight, bias)
    result: Tensor = Convolution.apply(*operands, geometry, groups)
    return result if batched else result.squeeze(0)


def _transposed(
    ndim: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    batched = is_batched(f"conv_transpose{ndim}d", ndim, input)
    steps = each(ndim, "stride", stride)
    cut = each(ndim, "padding", padding)
    added = each(ndim, "output_padding", output_padding)
    spacing = each(ndim, "dilation", dilation)
    check_rank(ndim, input, weight)
    kernel = tuple(weight.shape[2:])
    if not batched:
        input = input.unsqueeze(0)
    geometry = Geometry(kernel, steps, tuple((n, n) for n in cut), spacing)
    if any(n < 0 for n in added):
        raise RuntimeError("negative output_padding is not supported")
    check(input, weight, bias, geometry, groups, True)
    size = tuple(input.shape[2:])
    result_size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + a + 1
        for n, s, p, d, k, a in zip(size, steps, cut, spacing, kernel, added, strict=True)
    )
    if any(n < 1 for n in result_size):
        raise RuntimeError(
            f"Given input size per channel: ({by(size)}). Calculated output size per channel: "
            f"({by(result_size)}). Output size is too small"
        )
    if any(a >= s and a >= d for a, s, d in zip(added, steps, spacing, strict=True)):
        names = ("depth", "height", "width")[3 - max(ndim, 2) :]
        listed = " ".join(
            f"{word}_{name}: {value}"
            for word, values in (
                ("output_padding", added),
                ("stride", steps),
                ("dilation", spacing),
            )
            for name, value in zip(names, (*(1,) * (2 - ndim), *values), strict=True)
        )
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got " + listed
        )
    beyond = [a // s for a, s in zip(added, steps, strict=True)]
    if any(beyond):
        # The result has room for further windows, with nothing in them.
        input = pad(input, [width for n in reversed(beyond) for width in (0, n)])
    operands = (input, weight) if bias is None else (input, weight, bias)
    result: Tensor = ConvolutionTranspose.apply(*operands, geometry, groups, result_size)
    return result if batched else result.squeeze(0)
