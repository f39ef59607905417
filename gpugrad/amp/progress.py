"""What a gradient scaler knows of each optimizer, and how it looks at the gradients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..autograd.grad_mode import no_grad
from ..backend import backend_of
from ..creation import zeros
from ..device import device as Device
from ..dtypes import float16, float32
from ..gradient_lists import arrays_to_write, by_kind
from ..tensor import Tensor


class OptState(Enum):
    """How far an optimizer has come since the last :meth:`GradScaler.update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


@dataclass
class Progress:
    """Of one optimizer: its stage and, for each device, the flag of infinite gradients."""

    stage: OptState = OptState.READY
    found_inf: dict[Device, Tensor] = field(default_factory=dict)


def check_gradients(
    optimizer: Any, inverse: Tensor | None, allow_float16: bool
) -> dict[Device, Tensor]:
    """Multiply all gradients by ``inverse``, if given; a flag for each device, as float32.

    The flag is 1 where a gradient was infinite or nan, else 0.
    """
    with no_grad():
        params = [p for group in optimizer.param_groups for p in group["params"]]
        kinds = by_kind(p.grad for p in params if p.grad is not None)
        lists = [grads for of_device in kinds.values() for grads in of_device]
        if not allow_float16 and any(grads[0].dtype is float16 for grads in lists):
            raise ValueError("Attempting to unscale FP16 gradients.")
        flags = {device: zeros((), dtype=float32, device=device) for device in kinds}
        for device, of_device in kinds.items():
            flag = flags[device].array
            for grads in of_device:
                if inverse is None:
                    backend_of(flag).unscale([g.array for g in grads], flag)
                else:
                    factor = inverse.to(device).array
                    backend_of(flag).unscale(arrays_to_write(grads), flag, factor)
        return flags


def refuse_unchecked(progress: Progress) -> None:
    if not progress.found_inf:
        raise AssertionError("No inf checks were recorded for this optimizer.")


def any_of(flags: Iterable[Tensor], device: Device) -> Tensor:
    """The flags' sum on one device: 0 if none is set."""
    total, *others = (flag.to(device) for flag in flags)
    for flag in others:
        total = total + flag
    result: Tensor = total
    return result
