"""Expressions of one element as trees, and the CUDA kernels that are written from them.

An expression is a tree (``expression``) of functions (``functions``), written out in C (``text``),
as a kernel (``source``); ``program`` puts several of them into one kernel, or computes them array
by array.
"""
