"""Placeholder until the CUDA helper's module lands (to be replaced)."""


def is_available() -> bool:
    return False


def unavailable_reason() -> str:
    return "not yet"


def device_count() -> int:
    return 0
