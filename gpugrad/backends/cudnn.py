"""The switches of cuDNN, which this library does not use."""

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Whether cuDNN is used: never."""
    return False


def version() -> int | None:
    """The version of cuDNN: none."""
    return None
