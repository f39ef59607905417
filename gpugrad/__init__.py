"""gpugrad: automatic differentiation for NumPy and CuPy arrays with PyTorch's API."""

from __future__ import annotations

import importlib as _importlib
import warnings as _warnings
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import TYPE_CHECKING, Any

from . import autograd as autograd
from . import functions as _functions
from . import methods as _methods  # noqa: F401  # binds methods on import
from . import older_methods as _older_methods  # noqa: F401  # binds methods on import
from . import random as random
from . import return_types as return_types
from . import selection_methods as _selection_methods
from . import version as version
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
from .autograd.grad_mode import enable_grad as enable_grad
from .autograd.grad_mode import inference_mode as inference_mode
from .autograd.grad_mode import is_grad_enabled as is_grad_enabled
from .autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd.grad_mode import no_grad as no_grad
from .autograd.grad_mode import set_grad_enabled as set_grad_enabled
from .backend.out_of_memory import OutOfMemoryError as OutOfMemoryError
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
from .creation import tensor as tensor
from .creation import zeros as zeros
from .creation import zeros_like as zeros_like
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
from .memory_layout import channels_last as channels_last
from .memory_layout import channels_last_3d as channels_last_3d
from .memory_layout import contiguous_format as contiguous_format
from .memory_layout import layout as layout
from .memory_layout import memory_format as memory_format
from .memory_layout import preserve_format as preserve_format
from .memory_layout import sparse_coo as sparse_coo
from .memory_layout import sparse_csr as sparse_csr
from .memory_layout import strided as strided
from .printing import get_printoptions as get_printoptions
from .printing import set_printoptions as set_printoptions
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
from .random import methods as _random_methods  # noqa: F401  # binds methods on import
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
from .settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
from .settings import get_deterministic_debug_mode as get_deterministic_debug_mode
from .settings import get_float32_matmul_precision as get_float32_matmul_precision
from .settings import get_num_interop_threads as get_num_interop_threads
from .settings import get_num_threads as get_num_threads
from .settings import (
    is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,
)
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
from .size import Size as Size
from .tensor import Tensor as Tensor
from .version import __version__ as __version__

bool = bool_
newaxis = None
half, double, short, int, long, float = float16, float64, int16, int32, int64, float32

globals().update(_functions.FUNCTIONS)
globals().update(_selection_methods.FUNCTIONS)
globals().update(random.rejection.FUNCTIONS)

# Overflow to inf and 0/0 to nan are results, not mishaps, as in PyTorch. The filter touches only
# what NumPy reports from inside this package.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gpugrad\.")

_MODULES = {"amp", "backends", "compiler", "cpu", "cuda", "func", "fused", "linalg", "nn", "optim"}
_MODULES |= {"distributions", "masked", "profiler", "special", "utils", "viz"}
_MODULES |= {"accelerator", "distributed", "jit", "mps", "multiprocessing", "sparse", "testing"}
_MODULES |= {"types", "xpu", "_dynamo", "signal", "overrides"}
_SAME_IN_FUNCTIONAL = (
    "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout avg_pool1d bilinear celu "
    "channel_shuffle "
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity "
    "dropout feature_alpha_dropout group_norm hardshrink layer_norm max_pool1d max_pool2d "
    "max_pool3d pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu rms_norm rrelu selu "
    "threshold"
)
"""Functions of :mod:`gpugrad.nn.functional` that PyTorch has at both places."""

_HOMES = {
    **dict.fromkeys(_SAME_IN_FUNCTIONAL.split(), "nn.functional"),
    "GradScaler": "amp",
    "autocast": "amp",
    "compile": "compiler",
    "load": "serialization",
    "pca_lowrank": "low_rank",
    "profile": "profiling",
    "save": "serialization",
    **dict.fromkeys(("sparse_coo_tensor", "sparse_csr_tensor", "spmm"), "sparse"),
    "summary": "model_summary",
    "svd_lowrank": "low_rank",
    "vmap": "func",
}
"""Parts that are imported when first asked for, and the modules of those functions."""

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
    from . import signal as signal
    from . import sparse as sparse
    from . import special as special
    from . import testing as testing
    from . import types as types
    from . import utils as utils
    from . import viz as viz
    from . import xpu as xpu
    from .amp import autocast as autocast
    from .compiler import compile as compile
    from .low_rank import pca_lowrank as pca_lowrank
    from .low_rank import svd_lowrank as svd_lowrank
    from .model_summary import summary as summary
    from .nn.functional import cosine_similarity as cosine_similarity
    from .profiling import profile as profile
    from .serialization import load as load
    from .serialization import save as save


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return _importlib.import_module(f"{__name__}.{name}")
    if name.startswith("_foreach_"):
        functions = _importlib.import_module(f"{__name__}.foreach").FUNCTIONS
        if name in functions:
            return functions[name]
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _importlib.import_module(f"{__name__}.{_HOMES[name]}")
    found = globals()[name] = getattr(home, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_HOMES})
