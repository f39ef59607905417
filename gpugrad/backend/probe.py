"""Whether CUDA can be used: found out by using it once, with the reason kept where it cannot.

A driver and a device count prove little. CuPy imports without a driver, counts devices without a
compiler and compiles without cuBLAS, and each failure would show up much later, in the middle of
a model. So a small kernel is compiled, launched and read back, once for each process, when CUDA is
first asked for.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any

KERNEL_NAME = "gpugrad_probe"
KERNEL = f"""
extern "C" __global__ void {KERNEL_NAME}(int* out) {{
    out[threadIdx.x] = 3 * threadIdx.x + 1;
}}
"""
THREADS = 32

FIRST_DRIVER_OF_CUDA_13 = 580


@dataclass(frozen=True)
class Probe:
    """What was found.

    Attributes:
        module: CuPy, or None where CUDA cannot be used.
        device_count: the number of devices, 0 where CUDA cannot be used.
        reason: why CUDA cannot be used, and what to do about it; None where it can.
    """

    module: Any = None
    device_count: int = 0
    reason: str | None = None


@functools.cache
def probe() -> Probe:
    """Try CUDA out, once; later calls give the same answer."""
    try:
        cupy = importlib.import_module("cupy")
    except ModuleNotFoundError as error:
        if error.name == "cupy":
            return Probe(reason=_without_cupy(_driver_without_cupy()))
        return Probe(reason=_broken_cupy(error))
    except ImportError as error:
        return Probe(reason=_broken_cupy(error))
    runtime = cupy.cuda.runtime
    # Whatever goes wrong in CuPy, the driver or the compiler, in whatever type of exception, is a
    # reason why CUDA cannot be used and not an error of a program that merely asks.
    driver = 0
    try:
        driver = runtime.driverGetVersion()
        count = runtime.getDeviceCount() if driver else 0
    except Exception as error:
        return Probe(reason=_no_device(error, driver, runtime.runtimeGetVersion()))
    if driver == 0:
        return Probe(reason=_NO_DRIVER)
    if count == 0:
        return Probe(reason=_no_device(None, driver, 0))
    try:
        kernel = cupy.RawKernel(KERNEL, KERNEL_NAME)
        kernel.compile()
    except Exception as error:
        return Probe(reason=_no_compiler(error, driver))
    try:
        _ = cupy.cuda.cublas  # loads the library
    except Exception as error:
        return Probe(reason=_missing("the matrix library cuBLAS", error, driver))
    try:
        out = cupy.zeros(THREADS, "int32")
        kernel((1,), (THREADS,), (out,))
        cupy.cuda.Device().synchronize()
        found = out.get().tolist()
    except Exception as error:
        return Probe(reason=f"a small kernel compiles but does not run: {_say(error)}")
    if found != [3 * i + 1 for i in range(THREADS)]:
        return Probe(reason="a small kernel runs but gives wrong numbers")
    return Probe(cupy, count)


# --- what to say ----------------------------------------------------------------------------------

_NO_DRIVER = (
    "there is no NVIDIA driver. Install it from https://www.nvidia.com/drivers, or, in a "
    "container, start the container with access to the GPU"
)


def install_line(driver: int | None) -> str:
    """The command that installs what CUDA needs, for a driver of this CUDA version.

    Args:
        driver: 1000 * major + 10 * minor, as the driver gives it; None or 0 if not known.
    """
    if driver and driver < 13000:
        return "pip install 'gpugrad[cuda12]'"
    line = "pip install 'gpugrad[cuda13]'"
    if driver:
        return line
    return (
        f"{line}, or with an NVIDIA driver older than {FIRST_DRIVER_OF_CUDA_13}: "
        "pip install 'gpugrad[cuda12]'"
    )


def _without_cupy(driver: int | None) -> str:
    missing = "CuPy is not installed" if driver else "CuPy is not installed (nor an NVIDIA driver)"
    return f"{missing}. Install it with: {install_line(driver)}"


def _broken_cupy(error: ImportError) -> str:
    return (
        f"CuPy is installed but cannot be imported: {_say(error)}. Install it anew with: "
        f"{install_line(_driver_without_cupy())}"
    )


def _no_device(error: Exception | None, driver: int, built_for: int) -> str:
    if 0 < driver // 1000 < built_for // 1000:
        return (
            f"the NVIDIA driver is too old: it knows CUDA {_version(driver)}, and the installed "
            f"CuPy is made for CUDA {_version(built_for)}. Install a newer driver, or, after "
            f"pip uninstall cupy-cuda{built_for // 1000}x, the CuPy that fits: "
            f"{install_line(driver)}"
        )
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hint = "" if visible is None else f" (CUDA_VISIBLE_DEVICES is set to {visible!r})"
    answer = "" if error is None else f": {_say(error)}"
    return f"the NVIDIA driver finds no CUDA device{hint}{answer}"


def _no_compiler(error: Exception, driver: int) -> str:
    text = str(error).lower()
    if "nvrtc" in text and ("no such file" in text or "not found" in text or "load" in text):
        return _missing("the CUDA compiler NVRTC", error, driver)
    if "headers" in text:
        return _missing("the CUDA runtime's folder of headers", error, driver)
    return f"a small kernel cannot be compiled: {_say(error)}"


def _missing(what: str, error: Exception, driver: int) -> str:
    return f"{what} was not found ({_say(error)}). Install it with: {install_line(driver)}"


def _say(error: Exception) -> str:
    """The type and first line of an error: compilers and importers write pages."""
    lines = [line for line in str(error).splitlines() if line.strip(" =")]
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _driver_without_cupy() -> int | None:
    """The CUDA version of the installed driver; None if there is no driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    version = ctypes.c_int(0)
    try:
        status = ctypes.CDLL(name).cuDriverGetVersion(ctypes.byref(version))
    except (OSError, AttributeError):
        return None
    return version.value if status == 0 else None
