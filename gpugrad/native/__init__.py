"""C code for the CPU, compiled by this machine's own compiler where there is one.

Everything here is an addition: without a compiler, or with ``GPUGRAD_NATIVE=0`` in the environment,
NumPy computes the same.
"""
