"""Intel's graphics processors, which this library does not run on."""


def is_available() -> bool:
    """Whether tensors can be on the device ``"xpu"``: never."""
    return False


def device_count() -> int:
    """How many there are: none."""
    return 0
