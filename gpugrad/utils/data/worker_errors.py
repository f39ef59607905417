"""Errors of workers, raised again where the batches are wanted."""

from __future__ import annotations

import traceback
from typing import Any


class _KeyErrorText(str):
    """A text whose ``repr`` is itself: ``KeyError`` shows its argument's ``repr``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class WorkerError:
    """An error with its traceback as text, since frames do not travel between processes.

    Args:
        error: what was raised.
        where: in which worker.
    """

    def __init__(self, error: BaseException, where: str) -> None:
        self.kind = type(error)
        self.text = "".join(traceback.format_exception(error))
        self.where = where

    def reraise(self) -> Any:
        """Raise an error of the original type, whose text has the worker's traceback.

        An error that takes other arguments than a text becomes a RuntimeError.
        """
        text = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            raise KeyError(_KeyErrorText(text))
        kind: Any = self.kind
        try:
            error = kind(message=text) if getattr(kind, "message", None) else kind(text)
        except Exception:
            raise RuntimeError(text) from None
        raise error
