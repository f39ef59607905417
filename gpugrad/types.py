"""Names for type hints that programs import from ``torch.types``."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence

from . import dtypes
from .device import device
from .size import Size
from .tensor import Tensor

Number = builtins.int | builtins.float | builtins.bool
Device = device | str | int | None
DeviceLikeType = str | device | int
FileLike = str | os.PathLike[str]

_TensorOrTensors = Tensor | Sequence[Tensor]
_dtype, _device, _size = dtypes.dtype, device, Size | list[int] | tuple[int, ...]
_int, _float, _bool = builtins.int, builtins.float, builtins.bool
