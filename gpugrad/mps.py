"""Apple's graphics processors, which this library does not run on."""

from .backends.mps import is_available as is_available


def device_count() -> int:
    """How many there are: none."""
    return 0
