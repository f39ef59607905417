"""Benchmarks: ``python -m bench`` measures gpugrad and its peers interleaved in one run."""

import os

# Toy steps lose from a second BLAS thread. NumPy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
