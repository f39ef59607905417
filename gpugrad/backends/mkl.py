"""Intel's library of matrix products, which this library does not call itself."""


def is_available() -> bool:
    """Whether it is used: never."""
    return False
