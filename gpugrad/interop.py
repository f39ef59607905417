"""Sharing memory with other libraries: DLPack, the CUDA array interface, buffers.

Nothing is copied unless a type, a device or the caller asks for it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .backend import BACKENDS, get_backend
from .creation import as_tensor, from_numpy, leaf, tensor
from .device import device as Device
from .tensor import Tensor

__all__ = ["asarray", "from_dlpack", "frombuffer", "to_dlpack"]

DLPACK_CPU, DLPACK_CUDA, DLPACK_CUDA_HOST, DLPACK_CUDA_MANAGED = 1, 2, 3, 13
"""DLPack's numbers for the kinds of memory that arrays here can have."""

INVALID = (
    "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only "
    "once, so you might have already constructed a tensor from it once."
)


# --- DLPack ---------------------------------------------------------------------------------------


def dlpack(
    self: Any,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """The tensor as a DLPack capsule, for ``from_dlpack`` of other libraries.

    Args:
        stream: on a CUDA device, the stream that the receiver works on.
        max_version, dl_device, copy: as in the array API standard.

    Raises:
        BufferError: for a tensor that requires gradients, or a type that DLPack cannot hand over.
    """
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    array = self.array
    options: dict[str, Any] = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
    given = {name: value for name, value in options.items() if value is not None}
    if type(array) is not np.ndarray:
        return array.__dlpack__(stream=stream, **given)
    if stream is not None:
        raise AssertionError("stream should be None on cpu.")
    if not array.flags.writeable and max_version is None and copy is not False:
        # The unversioned form cannot say that memory is read-only, as that of expand() is.
        array = array.copy()
    return array.__dlpack__(**given)


def dlpack_device(self: Any) -> tuple[int, int]:
    """DLPack's numbers for the device: its kind and its index."""
    kind, index = self.array.__dlpack_device__()
    return int(kind), int(index)


class _Capsule:
    """A bare capsule in the form that array libraries take."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLPACK_CPU, 0


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of the tensor, without copying; it can be consumed once.

    >>> import gpugrad
    >>> gpugrad.from_dlpack(gpugrad.to_dlpack(gpugrad.ones(2)))
    tensor([1., 1.])
    """
    return dlpack(tensor)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor over the memory of another library's array.

    Args:
        ext_tensor: anything with ``__dlpack__`` (arrays and tensors of NumPy, CuPy, PyTorch, JAX),
            or a DLPack capsule.
        device: where the tensor is wanted; default: where the memory is.
        copy: True always copies, False never does, None only if ``device`` asks for it.

    Raises:
        RuntimeError: for an object without DLPack, a used capsule, or memory of another kind than
            the CPU's and CUDA's.
        ValueError: if ``copy`` is False and ``device`` is another one.
        TypeError: for types that tensors do not have, complex numbers for example.

    >>> import gpugrad, numpy
    >>> array = numpy.zeros(2)
    >>> gpugrad.from_dlpack(array).add_(1)
    tensor([1., 1.], dtype=torch.float64)
    >>> array
    array([1., 1.])
    """
    if isinstance(ext_tensor, TensorBase):
        result = wrap(ext_tensor.array)
    else:
        result = _over(_received(ext_tensor))
    return _placed(result, None, device, copy)


def _received(source: Any) -> Any:
    """The array of the right array library over the memory of ``source``."""
    if type(source).__name__ == "PyCapsule":
        try:
            return np.from_dlpack(_Capsule(source))
        except ValueError:
            raise RuntimeError(INVALID) from None
        except RuntimeError as error:
            if "device" not in str(error):
                raise
            return get_backend(Device("cuda")).module.from_dlpack(source)
    if not hasattr(source, "__dlpack__"):
        raise RuntimeError(INVALID)
    kind, index = source.__dlpack_device__()
    if kind in (DLPACK_CPU, DLPACK_CUDA_HOST):
        return np.from_dlpack(source)
    if kind in (DLPACK_CUDA, DLPACK_CUDA_MANAGED):
        return get_backend(Device("cuda", int(index))).module.from_dlpack(source)
    raise RuntimeError(f"from_dlpack: memory of DLPack's device type {int(kind)} is not supported")


def _over(array: Any) -> Any:
    """A tensor over an array, if tensors have its type."""
    if isinstance(array, np.ndarray):
        return from_numpy(array)
    dtypes.from_numpy(array.dtype)
    return wrap(array)


# --- the CUDA array interface ---------------------------------------------------------------------


def cuda_array_interface(self: Any) -> dict[str, Any]:
    """Address, shape, type and strides of memory on a CUDA device, for Numba and others.

    The attribute exists on CUDA tensors only.
    """
    if not self.is_cuda:
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: {self.type()} If CUDA "
            "data is required use tensor.cuda() to copy tensor to device memory."
        )
    if self.requires_grad:
        raise RuntimeError(
            "Can't get __cuda_array_interface__ on Variable that requires grad. If gradients "
            "aren't required, use var.detach() to get Variable that doesn't require grad."
        )
    return dict(self.array.__cuda_array_interface__)


# --- from anything --------------------------------------------------------------------------------


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A flat tensor over the bytes of an object with Python's buffer protocol.

    Args:
        buffer: a ``bytearray``, ``array.array``, ``memoryview``, ...
        dtype: the type that the bytes are read as.
        count: how many elements to take, all if negative.
        offset: how many bytes to leave out at the start.
        requires_grad: whether gradients are wanted.

    Raises:
        ValueError: if nothing is left, or the bytes do not fill whole elements.

    >>> import gpugrad
    >>> gpugrad.frombuffer(bytearray([1, 2, 3]), dtype=gpugrad.uint8, offset=1)
    tensor([2, 3], dtype=torch.uint8)
    """
    kind = dtypes.as_dtype(dtype).numpy
    view = memoryview(buffer)
    size = view.nbytes
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % kind.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({kind.itemsize})"
        )
    if count > 0 and offset + count * kind.itemsize > size:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({size} bytes)"
        )
    if view.readonly:
        warnings.warn(
            "The given buffer is not writable: writing to the tensor is an error. Copy the buffer "
            "to make it writable.",
            UserWarning,
            stacklevel=2,
        )
    return leaf(np.frombuffer(buffer, kind, count, offset), requires_grad)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Any:
    """Anything as a tensor, over the same memory where that is possible.

    Args:
        obj: a tensor, an array of NumPy, an object with DLPack or the buffer protocol, a number, or
            nested sequences of numbers.
        dtype: the type wanted. A buffer without a type of its own is read as this one, by default
            as the default type.
        device: the device wanted.
        copy: True always copies; False never does; None only if type, device or ``obj`` require it.
        requires_grad: whether gradients are wanted. False takes a tensor out of its graph, True and
            None leave it there.

    Raises:
        ValueError: if ``copy`` is False and a copy is needed.

    >>> import gpugrad, numpy
    >>> array = numpy.zeros(2, dtype=numpy.float32)
    >>> gpugrad.asarray(array).add_(1)
    tensor([1., 1.])
    >>> array
    array([1., 1.], dtype=float32)
    """
    if isinstance(obj, TensorBase):
        return _from_tensor(obj, dtype, device, copy, requires_grad)
    wants = bool(requires_grad)
    shared = _shared(obj, dtype)
    if shared is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=dtype, device=device, requires_grad=wants)
    return leaf(_placed(shared, dtype, device, copy).array, wants)


def _from_tensor(
    given: Any, dtype: Any, device: Any, copy: bool | None, requires_grad: bool | None
) -> Any:
    if requires_grad is None and given.requires_grad:
        warnings.warn(
            "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of "
            "False. Pass requires_grad=False explicitly to get the old behavior and silence this "
            "warning.",
            UserWarning,
            stacklevel=3,
        )
    result = _placed(given, dtype, device, copy)
    if requires_grad is False and result.requires_grad:
        return result.detach()
    if requires_grad and not result.requires_grad:
        return result.requires_grad_()
    return result


def _shared(obj: Any, dtype: Any) -> Any:
    """A tensor over the memory of ``obj``, None if it has none that a tensor could use."""
    if isinstance(obj, np.generic):
        return from_numpy(np.asarray(obj))
    if isinstance(obj, np.ndarray):
        return from_numpy(obj)
    if type(obj) in BACKENDS or hasattr(obj, "__dlpack__"):
        return _over(_received(obj))
    try:
        memoryview(obj)
    except TypeError:
        return None
    return frombuffer(obj, dtype=dtype or dtypes.get_default_dtype())


def _placed(given: Any, dtype: Any, device: Any, copy: bool | None) -> Any:
    """``given`` in a type and on a device, by a copy only if needed and allowed."""
    result = as_tensor(given, dtype=dtype, device=device)
    if result is given:
        return result.clone() if copy else result
    if copy is False:
        if result.dtype != given.dtype:
            names = [d.word for d in (given.dtype, result.dtype)]
            raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
        raise ValueError(f"can't alias tensor from device '{given.device}' to '{result.device}'.")
    return result


# An assignment to the class would be to a name that type checkers look up in it.
for _name, _value in {
    "__dlpack__": dlpack,
    "__dlpack_device__": dlpack_device,
    "__cuda_array_interface__": property(cuda_array_interface),
}.items():
    setattr(Tensor, _name, _value)
