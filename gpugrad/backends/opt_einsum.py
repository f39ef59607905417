"""The package opt_einsum, which this library does not use: einsum multiplies from left to right."""

enabled = False
strategy = None


def is_available() -> bool:
    """Whether it is used: never."""
    return False
