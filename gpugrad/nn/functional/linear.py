"""Linear maps and look-ups: ``linear``, ``bilinear``, ``embedding``, ``one_hot``."""

from __future__ import annotations

from contextlib import nullcontext

from ...autograd.composed import shown_as
from ...backend.recording import unnoted
from ...casting.calls import THREADS, casting
from ...dtypes import int32, int64
from ...ops.embedding import NO_PADDING
from ...ops.embedding import embedding as pick_rows
from ...ops.linear import linear as linear
from ...tensor import Tensor
from .vector_norm import vector_norm


@shown_as("ViewBackward0")
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x₁ᵀ A_k x₂ + b_k.

    Shape:
        input1 (*, in1), input2 (*, in2), weight (out, in1, in2), output (*, out).

    Raises:
        RuntimeError: the sizes do not fit.

    >>> import gpugrad
    >>> x, y, weight = gpugrad.ones(5, 2), gpugrad.ones(5, 3), gpugrad.ones(4, 2, 3)
    >>> gpugrad.nn.functional.bilinear(x, y, weight).shape
    torch.Size([5, 4])
    """
    if THREADS and (run := casting("bilinear")):
        return run(bilinear, input1, input2, weight, bias)
    for dim, (n1, n2) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=False)):
        if n1 != n2:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {dim}: got {n1} and {n2}"
            )
    for name, tensor, dim in (("input1", input1, 1), ("input2", input2, 2)):
        if tensor.size(-1) != weight.size(dim):
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {tensor.size(-1)} but "
                f"expected {weight.size(dim)}"
            )
    # (*, 1, 1, in1) @ (out, in1, in2) @ (*, 1, in2, 1) -> (*, out, 1, 1)
    left = input1.unsqueeze(-2).unsqueeze(-2)
    right = input2.unsqueeze(-2).unsqueeze(-1)
    result: Tensor = (left @ weight @ right).squeeze(-1).squeeze(-1)
    return result if bias is None else result + bias


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` with the indices ``input``.

    On a GPU, which does not stop at a wrong index, that gives a row of nan.

    Shape:
        input (*) of int64 or int32, weight (rows, size), output (*, size).

    Args:
        padding_idx: this row gets no gradient.
        max_norm: rows that are looked up are first shortened to this length, in place.
        norm_type: the p of the norm that ``max_norm`` limits.
        scale_grad_by_freq: divide a row's gradient by how often it was looked up.
        sparse: accepted; the gradient is dense, with zeros in the rows that were not looked up.
            Only then ``optim.SparseAdam`` takes it.

    Raises:
        IndexError: an index is negative or too large.
        AssertionError: ``padding_idx`` is no row.
        RuntimeError: ``input`` is of another type, or ``weight`` is no matrix.

    >>> import gpugrad
    >>> gpugrad.nn.functional.embedding(gpugrad.tensor([2, 0]), gpugrad.eye(3))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if sparse and weight.requires_grad:
        weight.looked_up_by_rows = True
    if input.dtype not in (int32, int64):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {input.type()} instead (while checking arguments for embedding)"
        )
    padding = NO_PADDING
    if padding_idx is not None:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding = padding_idx % rows
    if max_norm is not None:
        _shorten_rows(weight, input.reshape(-1), max_norm, norm_type)
    result: Tensor = pick_rows(weight, input, padding, scale_grad_by_freq)
    return result


def _shorten_rows(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    weight = weight.detach()
    rows = pick_rows(weight, indices)
    norms = vector_norm(rows, norm_type, 1, True)
    scale = (max_norm / (norms + 1e-7)).where(norms > max_norm, norms.new_ones(()))
    weight[indices] = rows * scale  # a row that comes twice is written twice with one value


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For every index a vector of zeros with a one at that index.

    Shape:
        tensor (*) of int64, output (*, num_classes); ``num_classes`` -1 for the largest index + 1.

    Raises:
        RuntimeError: an index is negative, or not less than ``num_classes``.

    >>> import gpugrad
    >>> gpugrad.nn.functional.one_hot(gpugrad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.type() != "torch.LongTensor" and tensor.type() != "torch.cuda.LongTensor":
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        nothing: Tensor = tensor.new_zeros((*tensor.shape, num_classes))
        return nothing
    with unnoted() if num_classes != -1 else nullcontext():
        if tensor.min() < 0:
            raise RuntimeError("Class values must be non-negative.")
        if num_classes == -1:
            num_classes = int(tensor.max()) + 1
        elif num_classes < 1:
            raise RuntimeError("num_classes should be positive")
        elif tensor.max() >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    result: Tensor = tensor.new_zeros((*tensor.shape, num_classes))
    result.scatter_(-1, tensor.unsqueeze(-1), 1)
    return result
