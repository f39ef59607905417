"""CUDA devices: which there are, their memory, streams and events, under PyTorch's names.

>>> import gpugrad
>>> device = "cuda" if gpugrad.cuda.is_available() else "cpu"
>>> x = gpugrad.ones(3, device=device)
"""

from __future__ import annotations

from ..backend.out_of_memory import OutOfMemoryError as OutOfMemoryError
from ..elementwise import Elementwise as Elementwise
from ..elementwise import elementwise as elementwise
from ..legacy import ON_CUDA as _ON_CUDA
from . import amp as amp
from .devices import DeviceProperties as DeviceProperties
from .devices import can_device_access_peer as can_device_access_peer
from .devices import current_device as current_device
from .devices import device as device
from .devices import device_count as device_count
from .devices import device_of as device_of
from .devices import get_device_capability as get_device_capability
from .devices import get_device_name as get_device_name
from .devices import get_device_properties as get_device_properties
from .devices import init as init
from .devices import is_available as is_available
from .devices import is_bf16_supported as is_bf16_supported
from .devices import is_initialized as is_initialized
from .devices import set_device as set_device
from .devices import synchronize as synchronize
from .devices import unavailable_reason as unavailable_reason
from .memory import empty_cache as empty_cache
from .memory import ipc_collect as ipc_collect
from .memory import max_memory_allocated as max_memory_allocated
from .memory import max_memory_cached as max_memory_cached
from .memory import max_memory_reserved as max_memory_reserved
from .memory import mem_get_info as mem_get_info
from .memory import memory_allocated as memory_allocated
from .memory import memory_cached as memory_cached
from .memory import memory_reserved as memory_reserved
from .memory import memory_stats as memory_stats
from .memory import memory_summary as memory_summary
from .memory import reset_max_memory_allocated as reset_max_memory_allocated
from .memory import reset_max_memory_cached as reset_max_memory_cached
from .memory import reset_peak_memory_stats as reset_peak_memory_stats
from .memory import set_per_process_memory_fraction as set_per_process_memory_fraction
from .random import get_rng_state as get_rng_state
from .random import get_rng_state_all as get_rng_state_all
from .random import initial_seed as initial_seed
from .random import manual_seed as manual_seed
from .random import manual_seed_all as manual_seed_all
from .random import seed as seed
from .random import seed_all as seed_all
from .random import set_rng_state as set_rng_state
from .random import set_rng_state_all as set_rng_state_all
from .raw_kernel import RawKernel as RawKernel
from .streams import Event as Event
from .streams import Stream as Stream
from .streams import StreamContext as StreamContext
from .streams import current_stream as current_stream
from .streams import default_stream as default_stream
from .streams import set_stream as set_stream
from .streams import stream as stream

HalfTensor = _ON_CUDA["HalfTensor"]
FloatTensor = _ON_CUDA["FloatTensor"]
DoubleTensor = _ON_CUDA["DoubleTensor"]
ByteTensor = _ON_CUDA["ByteTensor"]
CharTensor = _ON_CUDA["CharTensor"]
ShortTensor = _ON_CUDA["ShortTensor"]
IntTensor = _ON_CUDA["IntTensor"]
LongTensor = _ON_CUDA["LongTensor"]
BoolTensor = _ON_CUDA["BoolTensor"]
BFloat16Tensor = _ON_CUDA["BFloat16Tensor"]
