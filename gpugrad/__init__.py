"""gpugrad: automatic differentiation for NumPy and CuPy arrays with PyTorch's API."""

from __future__ import annotations

import warnings as _warnings
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import TYPE_CHECKING, Any

from . import autograd as autograd
from . import later as _later
from . import methods as _methods  # noqa: F401  # binds methods on import
from . import version as version
from .autograd.grad_mode import enable_grad as enable_grad
from .autograd.grad_mode import inference_mode as inference_mode
from .autograd.grad_mode import is_grad_enabled as is_grad_enabled
from .autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd.grad_mode import no_grad as no_grad
from .autograd.grad_mode import set_grad_enabled as set_grad_enabled
from .creation.from_data import tensor as tensor
from .device import device as device
from .device import get_default_device as get_default_device
from .device import set_default_device as set_default_device
from .dtypes import bfloat16 as bfloat16
from .dtypes import bool_
from .dtypes import dtype as dtype
from .dtypes import float16 as float16
from .dtypes import float32 as float32
from .dtypes import float64 as float64
from .dtypes import get_default_dtype as get_default_dtype
from .dtypes import int8 as int8
from .dtypes import int16 as int16
from .dtypes import int32 as int32
from .dtypes import int64 as int64
from .dtypes import promote_types as promote_types
from .dtypes import set_default_dtype as set_default_dtype
from .dtypes import uint8 as uint8
from .functions import FUNCTIONS as _FUNCTIONS
from .memory_layout import channels_last as channels_last
from .memory_layout import channels_last_3d as channels_last_3d
from .memory_layout import contiguous_format as contiguous_format
from .memory_layout import layout as layout
from .memory_layout import memory_format as memory_format
from .memory_layout import preserve_format as preserve_format
from .memory_layout import sparse_coo as sparse_coo
from .memory_layout import sparse_csr as sparse_csr
from .memory_layout import strided as strided
from .size import Size as Size
from .tensor import Tensor as Tensor
from .version import __version__ as __version__

bool = bool_
newaxis = None
half, double, short, int, long, float = float16, float64, int16, int32, int64, float32

# Overflow to inf and 0/0 to nan are results, not mishaps, as in PyTorch. The filter touches only
# what NumPy reports from inside this package.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gpugrad\.")

_PARTS = (
    "_dynamo accelerator amp backends compiler cpu cuda distributed distributions func fused "
    "jit linalg masked mps multiprocessing nn optim overrides profiler random return_types "
    "signal sparse special testing types utils viz xpu"
)
_HOMES = _later.homes(
    {
        **{name: name for name in _PARTS.split()},
        "amp": "amp GradScaler autocast",
        "autograd.anomaly": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
        "autograd.autocast_mode": (
            "autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache "
            "get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype "
            "is_autocast_cache_enabled is_autocast_cpu_enabled is_autocast_enabled "
            "set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled "
            "set_autocast_dtype set_autocast_enabled set_autocast_gpu_dtype"
        ),
        "backend.out_of_memory": "OutOfMemoryError",
        "compiler": "compile",
        "creation.filled": "empty eye full ones zeros",
        "creation.from_data": "as_tensor from_numpy",
        "creation.like": "empty_like full_like ones_like zeros_like",
        "creation.ranges": "arange linspace logspace range",
        "creation.strided": "empty_permuted empty_strided scalar_tensor",
        "creation.windows": (
            "bartlett_window blackman_window hamming_window hann_window kaiser_window"
        ),
        "func": "func vmap",
        "interop": "asarray from_dlpack frombuffer to_dlpack",
        "legacy": (
            "BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
            "LongTensor ShortTensor"
        ),
        "limits": "finfo iinfo",
        "low_rank": "pca_lowrank svd_lowrank",
        "model_summary": "summary",
        "nn.functional": (
            "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout avg_pool1d bilinear celu "
            "channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
            "conv_transpose3d cosine_similarity dropout feature_alpha_dropout group_norm "
            "hardshrink layer_norm max_pool1d max_pool2d max_pool3d pairwise_distance pdist "
            "pixel_shuffle pixel_unshuffle prelu rms_norm rrelu selu threshold"
        ),
        "printing": "get_printoptions set_printoptions",
        "profiling": "profile",
        "questions": (
            "can_cast is_complex is_floating_point is_inference is_same_size is_signed is_tensor "
            "numel result_type typename"
        ),
        "random": "random multinomial",
        "random.functions": "normal rand rand_like randint randint_like randn randn_like randperm",
        "random.generator": (
            "Generator default_generator get_rng_state initial_seed manual_seed seed set_rng_state"
        ),
        "random.rejection": (
            "_dirichlet_grad _sample_dirichlet _standard_gamma _standard_gamma_grad binomial "
            "poisson"
        ),
        "random.sampling": "bernoulli",
        "serialization": "load save",
        "settings": (
            "are_deterministic_algorithms_enabled get_deterministic_debug_mode "
            "get_float32_matmul_precision get_num_interop_threads get_num_threads "
            "is_deterministic_algorithms_warn_only_enabled is_strict_shapes_enabled "
            "is_warn_always_enabled set_default_tensor_type set_deterministic_debug_mode "
            "set_float32_matmul_precision set_flush_denormal set_num_interop_threads "
            "set_num_threads set_strict_shapes set_warn_always use_deterministic_algorithms"
        ),
        "sparse": "sparse sparse_coo_tensor sparse_csr_tensor spmm",
    }
)
"""Where names are at home that are imported when first asked for; some are modules themselves."""

if TYPE_CHECKING:
    from . import accelerator as accelerator
    from . import amp as amp
    from . import backends as backends
    from . import compiler as compiler
    from . import cpu as cpu
    from . import cuda as cuda
    from . import distributed as distributed
    from . import distributions as distributions
    from . import func as func
    from . import fused as fused
    from . import jit as jit
    from . import linalg as linalg
    from . import masked as masked
    from . import mps as mps
    from . import multiprocessing as multiprocessing
    from . import nn as nn
    from . import optim as optim
    from . import overrides as overrides
    from . import profiler as profiler
    from . import random as random
    from . import return_types as return_types
    from . import settings as settings
    from . import signal as signal
    from . import sparse as sparse
    from . import special as special
    from . import testing as testing
    from . import types as types
    from . import utils as utils
    from . import viz as viz
    from . import xpu as xpu
    from .amp import autocast as autocast
    from .autograd.anomaly import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
    from .autograd.anomaly import is_anomaly_enabled as is_anomaly_enabled
    from .autograd.anomaly import set_anomaly_enabled as set_anomaly_enabled
    from .autograd.autocast_mode import autocast_decrement_nesting as autocast_decrement_nesting
    from .autograd.autocast_mode import autocast_increment_nesting as autocast_increment_nesting
    from .autograd.autocast_mode import clear_autocast_cache as clear_autocast_cache
    from .autograd.autocast_mode import get_autocast_cpu_dtype as get_autocast_cpu_dtype
    from .autograd.autocast_mode import get_autocast_dtype as get_autocast_dtype
    from .autograd.autocast_mode import get_autocast_gpu_dtype as get_autocast_gpu_dtype
    from .autograd.autocast_mode import is_autocast_cache_enabled as is_autocast_cache_enabled
    from .autograd.autocast_mode import is_autocast_cpu_enabled as is_autocast_cpu_enabled
    from .autograd.autocast_mode import is_autocast_enabled as is_autocast_enabled
    from .autograd.autocast_mode import set_autocast_cache_enabled as set_autocast_cache_enabled
    from .autograd.autocast_mode import set_autocast_cpu_dtype as set_autocast_cpu_dtype
    from .autograd.autocast_mode import set_autocast_cpu_enabled as set_autocast_cpu_enabled
    from .autograd.autocast_mode import set_autocast_dtype as set_autocast_dtype
    from .autograd.autocast_mode import set_autocast_enabled as set_autocast_enabled
    from .autograd.autocast_mode import set_autocast_gpu_dtype as set_autocast_gpu_dtype
    from .backend.out_of_memory import OutOfMemoryError as OutOfMemoryError
    from .compiler import compile as compile
    from .creation import arange as arange
    from .creation import as_tensor as as_tensor
    from .creation import bartlett_window as bartlett_window
    from .creation import blackman_window as blackman_window
    from .creation import empty as empty
    from .creation import empty_like as empty_like
    from .creation import empty_permuted as empty_permuted
    from .creation import empty_strided as empty_strided
    from .creation import eye as eye
    from .creation import from_numpy as from_numpy
    from .creation import full as full
    from .creation import full_like as full_like
    from .creation import hamming_window as hamming_window
    from .creation import hann_window as hann_window
    from .creation import kaiser_window as kaiser_window
    from .creation import linspace as linspace
    from .creation import logspace as logspace
    from .creation import ones as ones
    from .creation import ones_like as ones_like
    from .creation import range as range
    from .creation import scalar_tensor as scalar_tensor
    from .creation import zeros as zeros
    from .creation import zeros_like as zeros_like
    from .interop import asarray as asarray
    from .interop import from_dlpack as from_dlpack
    from .interop import frombuffer as frombuffer
    from .interop import to_dlpack as to_dlpack
    from .legacy import BoolTensor as BoolTensor
    from .legacy import ByteTensor as ByteTensor
    from .legacy import CharTensor as CharTensor
    from .legacy import DoubleTensor as DoubleTensor
    from .legacy import FloatTensor as FloatTensor
    from .legacy import HalfTensor as HalfTensor
    from .legacy import IntTensor as IntTensor
    from .legacy import LongTensor as LongTensor
    from .legacy import ShortTensor as ShortTensor
    from .limits import finfo as finfo
    from .limits import iinfo as iinfo
    from .low_rank import pca_lowrank as pca_lowrank
    from .low_rank import svd_lowrank as svd_lowrank
    from .model_summary import summary as summary
    from .nn.functional import cosine_similarity as cosine_similarity
    from .printing import get_printoptions as get_printoptions
    from .printing import set_printoptions as set_printoptions
    from .profiling import profile as profile
    from .questions import can_cast as can_cast
    from .questions import is_complex as is_complex
    from .questions import is_floating_point as is_floating_point
    from .questions import is_inference as is_inference
    from .questions import is_same_size as is_same_size
    from .questions import is_signed as is_signed
    from .questions import is_tensor as is_tensor
    from .questions import numel as numel
    from .questions import result_type as result_type
    from .questions import typename as typename
    from .random import Generator as Generator
    from .random import bernoulli as bernoulli
    from .random import binomial as binomial
    from .random import default_generator as default_generator
    from .random import get_rng_state as get_rng_state
    from .random import initial_seed as initial_seed
    from .random import manual_seed as manual_seed
    from .random import multinomial as multinomial
    from .random import normal as normal
    from .random import poisson as poisson
    from .random import rand as rand
    from .random import rand_like as rand_like
    from .random import randint as randint
    from .random import randint_like as randint_like
    from .random import randn as randn
    from .random import randn_like as randn_like
    from .random import randperm as randperm
    from .random import seed as seed
    from .random import set_rng_state as set_rng_state
    from .serialization import load as load
    from .serialization import save as save
    from .settings import (
        are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
    )
    from .settings import get_deterministic_debug_mode as get_deterministic_debug_mode
    from .settings import get_float32_matmul_precision as get_float32_matmul_precision
    from .settings import get_num_interop_threads as get_num_interop_threads
    from .settings import get_num_threads as get_num_threads
    from .settings import is_strict_shapes_enabled as is_strict_shapes_enabled
    from .settings import is_warn_always_enabled as is_warn_always_enabled
    from .settings import set_default_tensor_type as set_default_tensor_type
    from .settings import set_deterministic_debug_mode as set_deterministic_debug_mode
    from .settings import set_float32_matmul_precision as set_float32_matmul_precision
    from .settings import set_flush_denormal as set_flush_denormal
    from .settings import set_num_interop_threads as set_num_interop_threads
    from .settings import set_num_threads as set_num_threads
    from .settings import set_strict_shapes as set_strict_shapes
    from .settings import set_warn_always as set_warn_always
    from .settings import use_deterministic_algorithms as use_deterministic_algorithms

    is_deterministic_algorithms_warn_only_enabled = (  # too long to be imported in one line
        settings.is_deterministic_algorithms_warn_only_enabled
    )


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        found = globals()[name] = _FUNCTIONS[name]
        return found
    if name.startswith("_foreach_"):
        from .foreach import FUNCTIONS

        if name in FUNCTIONS:
            return FUNCTIONS[name]
    found = _later.found(__name__, _HOMES, name)
    if name == "__all__":  # without modules, such as random
        return [n for n in (*found, *_FUNCTIONS) if _HOMES.get(n) != n]
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_FUNCTIONS})
