"""Operators whose samples differ from PyTorch's results, each with the reason."""

KNOWN: dict[str, str] = {}
