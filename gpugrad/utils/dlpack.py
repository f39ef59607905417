"""DLPack under PyTorch's older names; :func:`gpugrad.from_dlpack` and its twin do the work."""

from ..interop import from_dlpack as from_dlpack
from ..interop import to_dlpack as to_dlpack
