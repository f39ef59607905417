"""Draws by rejection: gamma, Dirichlet, Poisson and binomial numbers.

On a CUDA device the parameters are copied to the host, where the numbers are drawn by a generator
that the device's own one seeds. So these wait for the device, and cannot be compiled there.
"""

from __future__ import annotations

from typing import Any

from ..autograd.engine import wrap
from ..autograd.grad_mode import is_grad_enabled
from ..backend import device_of, get_backend, recording
from ..backend.random import CPUStream
from ..backend.stream import DIGITS
from ..ops.arguments import require_tensor, word
from ..ops.broadcasting import Expand, broadcast_shapes
from ..ops.gamma_samples import Dirichlet, DirichletGrad, StandardGamma, StandardGammaGrad
from .generator import Generator, stream_of

Tensor = Any
Array = Any


def _drawn(name: str, arrays: list[Array], generator: Generator | None) -> Array:
    """What a stream draws by its method ``name`` for parameters of one shape and dtype."""
    where = device_of(arrays[0])
    stream = stream_of(where, generator)
    if where.type == "cpu":
        return getattr(stream, name)(*arrays)
    backend = get_backend(where)
    hosted = [backend.to_host(a) for a in arrays]
    with stream.on_device():
        seed = int(backend.to_host(stream.words(1))[0])
    host = CPUStream()
    host.manual_seed(seed)
    return backend.from_host(getattr(host, name)(*hosted), where)


def _of_floats(kernel: str, array: Array, kinds: Any = ("float32", "float64")) -> None:
    if array.dtype.name not in kinds:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(array)}'")


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """How many events happen in one unit of time, for the rates in ``input``.

    Args:
        input: rates of a floating-point dtype, not negative.
        generator: the default one of the device unless given.

    Raises:
        RuntimeError: a rate is negative or nan.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.poisson(gpugrad.tensor([0.0, 3.0, 100.0]))
    tensor([ 0.,  6., 96.])
    """
    require_tensor("poisson", "input", 1, input)
    rates = input.array
    _of_floats("poisson_cpu", rates, DIGITS)
    with recording.unnoted():
        valid = bool((rates >= 0).all())
    if not valid:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return wrap(_drawn("poisson", [rates], generator))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of ``count`` trials succeed, each with probability ``prob``.

    Args:
        count: numbers of trials, of a floating-point dtype.
        prob: probabilities, of the same dtype; the shapes broadcast.
        generator: the default one of the device unless given.

    Raises:
        ValueError: a dtype is no floating-point one.
        RuntimeError: the dtypes differ.

    >>> import gpugrad
    >>> gpugrad.binomial(gpugrad.tensor([5.0, 5.0]), gpugrad.tensor([0.0, 1.0]))
    tensor([0., 5.])
    """
    for position, (name, value) in enumerate((("count", count), ("prob", prob)), 1):
        require_tensor("binomial", name, position, value)
    for name, value in (("count", count), ("prob", prob)):
        if value.array.dtype.name not in DIGITS:
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {word(value.array)}"
            )
    if count.array.dtype != prob.array.dtype:
        raise RuntimeError(f"Found dtype {word(prob.array)} but expected {word(count.array)}")
    shape = broadcast_shapes(tuple(count.shape), tuple(prob.shape))
    arrays = [Expand.apply(t.detach(), shape).array for t in (count, prob)]
    return wrap(_drawn("binomial", arrays, generator))


def standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma numbers of the shapes in ``input`` and the rate 1, differentiable in these.

    >>> import gpugrad
    >>> from gpugrad.random.rejection import standard_gamma
    >>> standard_gamma(gpugrad.full((3,), 2.0)).shape
    torch.Size([3])
    """
    require_tensor("_standard_gamma", "input", 1, input)
    alpha = input.array
    _of_floats("gamma_cpu", alpha)
    drawn = _drawn("gamma", [alpha], generator)
    return StandardGamma.apply(input, drawn) if _wants(input) else wrap(drawn)


def sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Points on the simplex of the last dimension, differentiable in the concentrations.

    Gamma numbers divided by their sum, kept off 0 and 1.
    """
    require_tensor("_sample_dirichlet", "input", 1, input)
    alpha = input.array
    _of_floats("dirichlet", alpha)
    drawn = _drawn("dirichlet", [alpha], generator)
    return Dirichlet.apply(input, drawn) if _wants(input) else wrap(drawn)


def standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """How gamma numbers ``output`` move with the shapes ``input`` that they were drawn with.

    PyTorch approximates it to 5 parts in 10,000; this is exact to 8 digits.
    """
    return StandardGammaGrad.apply(input, output)


def dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """How coordinates ``x`` move with their concentrations ``alpha``, divided by ``1 - x``.

    ``total`` is the sum of the concentrations. PyTorch approximates it to 8 parts in 10,000.
    """
    return DirichletGrad.apply(x, alpha, total)


def _wants(input: Tensor) -> bool:
    return bool(input.requires_grad and is_grad_enabled())


# PyTorch's names of what its distributions call.
_standard_gamma = standard_gamma
_sample_dirichlet = sample_dirichlet
_standard_gamma_grad = standard_gamma_grad
_dirichlet_grad = dirichlet_grad
