"""OpenMP, which this library does not use."""


def is_available() -> bool:
    """Whether it is used: never."""
    return False
