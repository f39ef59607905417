"""Names for how elements lie in memory."""

from __future__ import annotations

from .class_names import PrintedAs


class _Named:
    """A constant that prints as PyTorch's."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> str:
        return self.name


class layout(_Named, metaclass=PrintedAs, printed_as="torch.layout"):  # noqa: N801
    """The type of ``Tensor.layout``."""

    __slots__ = ()


class memory_format(_Named, metaclass=PrintedAs, printed_as="torch.memory_format"):  # noqa: N801
    """The type of the argument ``memory_format``."""

    __slots__ = ()


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
