"""PyTorch's own operator samples, run through both libraries.

PyTorch describes each of its operators by an ``OpInfo``: the types it takes, sample arguments,
reference arguments, and arguments that it must refuse. :mod:`.cases` picks the operators and
samples, :mod:`.conversion` makes gpugrad's arguments of PyTorch's, :mod:`.comparison` runs one
sample in both libraries. ``python -m tests.oracle.operator_samples`` runs everything and prints a
summary; ``tests/oracle/test_operator_samples.py`` runs a fixed part of it.
"""
