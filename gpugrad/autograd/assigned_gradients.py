"""What may be assigned to ``grad``, and the warning where it is read in vain."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..backend import device_of
from ..dtypes import from_numpy

if TYPE_CHECKING:
    from .engine import TensorBase


def check_gradient(tensor: TensorBase, gradient: Any) -> None:
    """Refuse what cannot be a tensor's gradient."""
    if not hasattr(gradient, "needs_grad"):
        raise TypeError(
            "assigned grad expected to be a Tensor or None but got grad of type "
            + type(gradient).__name__
        )
    if gradient is tensor:
        raise RuntimeError("can't assign Variable as its own grad")
    mine, given = tensor.array, gradient.array
    if mine.dtype != given.dtype:
        names = [from_numpy(a.dtype).word for a in (given, mine)]
        raise RuntimeError(
            f"attempting to assign a gradient with dtype '{names[0].lower()}' to a tensor with "
            f"grad_dtype '{names[1]}'. The gradient must match the tensor's grad_dtype (defaults "
            "to the tensor's dtype). You can set the tensor's grad_dtype attribute with a specific "
            "dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the dtypes "
            "of a tensor and its gradient may break downstream systems that assume they match."
        )
    if type(mine) is not type(given):
        raise RuntimeError(
            f"attempting to assign a gradient with device type '{device_of(given).type}' to a "
            f"tensor with device type '{device_of(mine).type}'. Please ensure that the gradient "
            "and the tensor are on the same device"
        )
    if mine.shape != given.shape:
        raise RuntimeError(
            f"attempting to assign a gradient of size '{list(given.shape)}' to a tensor of size "
            f"'{list(mine.shape)}'. Please ensure that the gradient and the tensor are the same "
            "size"
        )


def warn_of_no_gradient(tensor: TensorBase) -> None:
    """PyTorch's warning where a tensor has no gradient and never will."""
    if "_retained" not in tensor.__dict__:
        warnings.warn(
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
            ".grad attribute won't be populated during autograd.backward(). If you indeed want the "
            ".grad field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf "
            "Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
            "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.",
            UserWarning,
            stacklevel=3,
        )
