"""Classes that print under PyTorch's names: ``print(type(x))`` says ``<class 'torch.Tensor'>``."""

from __future__ import annotations

from typing import Any


class PrintedAs(type):
    """A class with ``printed_as="torch.Name"`` prints so; its subclasses under their own names."""

    printed_as: str | None

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        printed_as: str | None = None,
        **options: Any,
    ) -> Any:
        return super().__new__(mcs, name, bases, body, **options)

    def __init__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        printed_as: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, bases, body, **options)
        cls.printed_as = printed_as

    def __repr__(cls) -> str:
        return super().__repr__() if cls.printed_as is None else f"<class '{cls.printed_as}'>"
