"""The optimizers' steps over lists of arrays in C: ``kernels/native_steps.c``.

Each says whether it has been done; if not, nothing has been touched, and NumPy is to do it.
"""

from __future__ import annotations

from typing import Any

from .families import Family
from .threads import THREADS

Array = Any
Arrays = list[Any]

_MAXIMIZE, _DECOUPLED, _AMSGRAD, _NESTEROV, _MOMENTUM, _DAMPENING = (1 << n for n in range(6))

_functions = Family("native_steps", {"adam_step": "aaaaaaaaddddii", "sgd_step": "aaaadddii"})


def adam_step(
    lists: tuple[Arrays, Arrays, Arrays, Arrays, Arrays],
    scalars: Arrays,
    weight_decay: float,
    betas: tuple[float, float],
    eps: float,
    decoupled: bool,
    amsgrad: bool,
    maximize: bool,
) -> bool:
    """``adam_step`` of the primitives, with what ``adam_scalars`` gives."""
    function = _functions.of("adam_step", lists[0][0])
    if function is None:
        return False
    flags = _MAXIMIZE * maximize | _DECOUPLED * decoupled | _AMSGRAD * amsgrad
    # Copies: nobody else changes them while C reads them.
    held = [list(arrays) for arrays in lists]
    places = [id(x) for x in (*held, *scalars)]
    return bool(function(*places, weight_decay, *betas, eps, flags, THREADS.number))


def sgd_step(
    params: Arrays,
    grads: Arrays,
    buffers: Arrays,
    lr: Array,
    weight_decay: float,
    momentum: float,
    dampening: float,
    nesterov: bool,
    maximize: bool,
) -> bool:
    """``sgd_step`` of the primitives."""
    function = _functions.of("sgd_step", params[0])
    if function is None:
        return False
    flags = _MAXIMIZE * maximize | _NESTEROV * nesterov
    flags |= _MOMENTUM * bool(momentum) | _DAMPENING * bool(dampening)
    held = [list(arrays) for arrays in (params, grads, buffers)]
    places = [id(x) for x in (*held, lr)]
    numbers = weight_decay, momentum, dampening
    return bool(function(*places, *numbers, flags, THREADS.number))
