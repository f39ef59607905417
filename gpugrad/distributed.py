"""Training by several processes, which this library does not have: programs can ask for it.

As in a PyTorch without it, :func:`is_available` says no, and there is nothing else to call.
"""


def is_available() -> bool:
    """Whether processes can train together: no."""
    return False


def is_initialized() -> bool:
    """Whether this process is one of several: no."""
    return False


is_nccl_available = is_gloo_available = is_mpi_available = is_torchelastic_launched = is_available
