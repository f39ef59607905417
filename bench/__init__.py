"""Benchmarks: ``python -m bench`` measures gpugrad and its peers interleaved in one run."""
