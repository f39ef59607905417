"""Automatic casting: which ops run in which type while an ``autocast`` region is open.

:mod:`~gpugrad.autograd.autocast_mode` knows what each thread has asked for,
:mod:`~gpugrad.casting.lists` which
ops are cast how, :mod:`~gpugrad.casting.calls` carries out a call of a listed op. A listed function
begins with::

    if THREADS and (run := casting("linear")):
        return run(linear, input, weight, bias)

so that it costs the look at one set where no thread has a region open.
"""
