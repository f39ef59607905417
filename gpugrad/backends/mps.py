"""Apple's graphics processors, which this library does not run on."""


def is_available() -> bool:
    """Whether tensors can be on the device ``"mps"``: never."""
    return False


def is_built() -> bool:
    """Whether this library knows the device: no."""
    return False
