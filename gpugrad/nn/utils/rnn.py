"""Sequences of different lengths in one batch: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from ...creation import as_tensor, empty_like, tensor
from ...dtypes import int64
from ...ops.joining import cat, stack
from ...tensor import Tensor


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """The steps of several sequences one after the other: all first ones, all second ones, ...

    Made by :func:`pack_padded_sequence` and :func:`pack_sequence`; the recurrent layers take and
    return it.

    Attributes:
        data: the steps, (sum of the lengths, *).
        batch_sizes: for each step, how many sequences have it; int64, on the CPU.
        sorted_indices: which sequence is at which place, where packing has put the longest first.
        unsorted_indices: at which place each sequence is.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pack_sequence
    >>> pack_sequence([gpugrad.tensor([1, 2, 3]), gpugrad.tensor([4, 5])]).data
    tensor([1, 4, 2, 5, 3])
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError("batch_sizes should always be on CPU.")
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """:meth:`gpugrad.Tensor.to` of the data; the indices follow to its device."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = (
            None if t is None else t.to(data.device)
            for t in (self.sorted_indices, self.unsorted_indices)
        )
        return type(self)(data, self.batch_sizes, *indices)

    def cuda(self, device: Any = None) -> PackedSequence:
        """On a CUDA device."""
        return self.to("cuda" if device is None else device)

    def cpu(self) -> PackedSequence:
        """On the CPU."""
        return self.to("cpu")

    def _typed(self, name: str) -> PackedSequence:
        return self.to(getattr(self.data, name)().dtype)

    def double(self) -> PackedSequence:
        """With data of float64."""
        return self._typed("double")

    def float(self) -> PackedSequence:
        """With data of float32."""
        return self._typed("float")

    def half(self) -> PackedSequence:
        """With data of float16."""
        return self._typed("half")

    def long(self) -> PackedSequence:
        """With data of int64."""
        return self._typed("long")

    def int(self) -> PackedSequence:
        """With data of int32."""
        return self._typed("int")

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a CUDA device."""
        return bool(self.data.is_cuda)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one; None for None.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import invert_permutation
    >>> invert_permutation(gpugrad.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    numbers = as_tensor(list(range(permutation.numel())), device=permutation.device)
    inverse: Tensor = empty_like(permutation).scatter_(0, permutation, numbers)
    return inverse


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Take the padding out of a batch of padded sequences.

    Args:
        input: (L, B, *), or (B, L, *) with ``batch_first``.
        lengths: how many steps of each sequence count; a list, or a tensor on the CPU.
        enforce_sorted: whether the sequences come with falling lengths; otherwise they are sorted
            here, and in their order again where they are unpacked.

    Raises:
        RuntimeError: a length is not positive or longer than the input, there are not B of them,
            or they do not fall although ``enforce_sorted``.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pack_padded_sequence
    >>> packed = pack_padded_sequence(gpugrad.tensor([[1, 2], [3, 0]]), [2, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 3, 2]), tensor([2, 1]))
    """
    counts = lengths if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=int64)
    if counts.dim() != 1 or counts.device.type != "cpu":
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {counts.dim()}D "
            f"{counts.device} Long tensor"
        )
    sizes = counts.to(int64).tolist()
    order = None
    if not enforce_sorted:
        order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
        sizes = [sizes[i] for i in order]
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    steps, batch = (input.size(1), input.size(0)) if batch_first else input.shape[:2]
    _check_lengths(sizes, steps, batch)
    running = _batch_sizes(sizes)
    # Step t of the sequence at place p, in the input with its first two dimensions made one.
    places = list(range(batch)) if order is None else order
    rows = [
        places[p] * steps + t if batch_first else t * batch + places[p]
        for t, count in enumerate(running)
        for p in range(count)
    ]
    flat = input.reshape(steps * batch, *input.shape[2:])
    data = flat.index_select(0, tensor(rows, device=input.device))
    sorted_indices = None if order is None else tensor(order, device=input.device)
    return PackedSequence(data, tensor(running), sorted_indices)


def _check_lengths(sizes: list[int], steps: int, batch: int) -> None:
    if len(sizes) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} "
            f"(batch_size={batch})"
        )
    if min(sizes) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if sizes != sorted(sizes, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if sizes[0] > steps:
        raise RuntimeError(f"a length of {sizes[0]} is longer than the input of {steps} steps")


def _batch_sizes(lengths: list[int]) -> list[int]:
    """How many sequences have each step, from their falling lengths."""
    sizes, count = [], len(lengths)
    for t in range(lengths[0]):
        while lengths[count - 1] <= t:
            count -= 1
        sizes.append(count)
    return sizes


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The padded sequences, in the order in which they were packed, and their lengths.

    Args:
        batch_first: the result is (B, L, *) instead of (L, B, *).
        total_length: the number of steps L; that of the longest sequence by default.

    Raises:
        ValueError: ``total_length`` is less than that.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([gpugrad.tensor([1, 2]), gpugrad.tensor([3])])
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    running: list[int] = sequence.batch_sizes.tolist()
    steps = len(running) if total_length is None else total_length
    if steps < len(running):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but "
            f"got total_length={total_length} and max sequence length being {len(running)}"
        )
    data, order = sequence.data, sequence.unsorted_indices
    places = list(range(running[0])) if order is None else order.tolist()
    starts = [0, *accumulate(running)]
    lengths = [sum(count > place for count in running) for place in places]
    # The row behind the last one is a step of padding.
    rows = [
        [starts[t] + place if t < length else starts[-1] for t in range(steps)]
        for place, length in zip(places, lengths, strict=True)
    ]
    grid = tensor(rows, device=data.device)
    if not batch_first:
        grid = grid.t()
    padding = data.new_full((1, *data.shape[1:]), padding_value)
    flat = cat([data, padding]).index_select(0, grid.reshape(-1))
    padded: Tensor = flat.reshape(*grid.shape, *data.shape[1:])
    return padded, tensor(lengths)


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences of different lengths, filled up to the longest.

    Args:
        sequences: tensors (L_i, *).
        batch_first: the result is (B, L, *) instead of (L, B, *).
        padding_side: ``"right"`` or ``"left"``, where the padding goes.

    Raises:
        RuntimeError: no sequences, or another ``padding_side``.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pad_sequence
    >>> pad_sequence([gpugrad.tensor([1, 2]), gpugrad.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if padding_side not in ("right", "left"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    given = list(sequences)
    if not given:
        raise RuntimeError("received an empty list of sequences")
    longest = max(t.size(0) for t in given)
    filled = []
    for sequence in given:
        shape = (longest - sequence.size(0), *sequence.shape[1:])
        padding = given[0].new_full(shape, padding_value)
        whole = (sequence, padding) if padding_side == "right" else (padding, sequence)
        filled.append(cat([t.to(given[0].dtype) for t in whole]) if shape[0] else sequence)
    stacked: Tensor = stack(filled, 0 if batch_first else 1)
    return stacked


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The first steps of each padded sequence, as many as its length.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import unpad_sequence
    >>> unpad_sequence(gpugrad.tensor([[1, 2], [3, 0]]), gpugrad.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    rows = padded_sequences.unbind(0 if batch_first else 1)
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of tensors (L_i, *); see :func:`pack_padded_sequence`.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pack_sequence
    >>> pack_sequence([gpugrad.tensor([1]), gpugrad.tensor([2, 3])], enforce_sorted=False).data
    tensor([2, 1, 3])
    """
    lengths = [t.size(0) for t in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their order.

    >>> import gpugrad
    >>> from gpugrad.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> unpack_sequence(pack_sequence([gpugrad.tensor([1, 2]), gpugrad.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
