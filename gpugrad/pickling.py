"""Tensors as Python's pickle sees them: between processes, and inside of whole saved modules.

Files of weights need no pickle, see :mod:`gpugrad.serialization`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd.tensor_base import OWN_ATTRIBUTES, wrap
from .backend import BACKENDS, device_of
from .creation.from_data import from_numpy


def reduced(tensor: Any) -> tuple[Any, ...]:
    """What ``__reduce_ex__`` gives: :func:`rebuilt` with the values on the host.

    An array goes beside the pickle where the protocol allows it, so that nobody copies it.
    """
    array = BACKENDS[type(tensor.array)].to_host(tensor.array)
    kind = array.dtype
    if kind.kind == "V":  # a foreign type, which the pickle of an array would not put beside it
        array = np.ascontiguousarray(array).view(np.uint16)
    where = device_of(tensor.array)
    attributes = {k: v for k, v in tensor.__dict__.items() if k not in OWN_ATTRIBUTES} or None
    arguments = (array, kind.name, str(where), tensor.requires_grad, type(tensor), attributes)
    return rebuilt, arguments


def rebuilt(
    array: Any, kind: str, where: str, requires_grad: bool, cls: type, attributes: Any
) -> Any:
    """The tensor that :func:`reduced` was given, as a leaf."""
    from . import dtypes

    found = getattr(dtypes, "bool_" if kind == "bool" else kind)
    if array.dtype != found.numpy:
        array = array.view(found.numpy)
    tensor = from_numpy(array)
    if where != "cpu":
        tensor = tensor.to(where)
    tensor = wrap(tensor.array)
    tensor.__class__ = cls
    tensor.needs_grad = requires_grad
    if attributes:
        tensor.__dict__.update(attributes)
    return tensor
