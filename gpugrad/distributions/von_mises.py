"""The normal distribution's counterpart on a circle."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.grad_mode import no_grad
from ..random import rand
from ..tensor import Tensor
from . import constraints
from .constraints import Constraints
from .distribution import Broadcast, Centred, Shape, broadcast_all


class VonMises(Broadcast, Centred):
    """Angles around ``loc``, the closer the larger the ``concentration``.

    ``p(x) = exp(k cos(x - loc)) / (2 pi I0(k))``. Samples are drawn by rejection from a wrapped
    Cauchy distribution (D. Best and N. Fisher, "Efficient simulation of the von Mises
    distribution", 1979).

    >>> import gpugrad
    >>> from gpugrad.distributions import VonMises
    >>> VonMises(gpugrad.tensor([0.0]), gpugrad.tensor([1.0])).log_prob(gpugrad.tensor([0.0]))
    tensor([-1.0738])
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def variance(self) -> Any:
        from ..special import i0e, i1e

        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def log_prob(self, value: Any) -> Any:
        from ..special import i0e

        self._check_sample(value)
        k = self.concentration
        log_bessel = k + i0e(k).log()
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - log_bessel

    def sample(self, sample_shape: Shape = ()) -> Any:
        with no_grad():
            return self._drawn(tuple(self._extended_shape(sample_shape)))

    def _drawn(self, shape: tuple[int, ...]) -> Any:
        loc, k = self.loc.double(), self.concentration.double()
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        near_uniform = 1 / k + k
        r = near_uniform.where(k < 1e-5, (1 + rho**2) / (2 * rho))
        x: Tensor = loc.new_empty(shape)
        done = x.new_zeros(shape).bool()
        while not done.all():
            u1, u2, u3 = rand((3, *shape), dtype=loc.dtype, device=loc.device).unbind()
            z = (math.pi * u1).cos()
            f = (1 + r * z) / (r + z)
            c = k * (r - f)
            accepted = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
            x = ((u3 - 0.5).sign() * f.acos()).where(accepted, x)
            done = done | accepted
        return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
