"""The Kullback-Leibler divergences of counts, gamma numbers, probabilities and long tails."""

from __future__ import annotations

import math
from typing import Any

from .continuous import Cauchy, Exponential, Laplace, Normal
from .continuous_bernoulli import ContinuousBernoulli
from .counts import Binomial, Poisson
from .extremes import EULER, Gumbel, Pareto
from .gammas import Gamma
from .kl import register_kl
from .simplex import Beta, Dirichlet


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Any:
    return (
        q.concentration * (p.rate / q.rate).log()
        + q.concentration.lgamma()
        - p.concentration.lgamma()
        + (p.concentration - q.concentration) * p.concentration.digamma()
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Any:
    ratio = q.rate / p.rate
    return (
        -q.concentration * ratio.log()
        + ratio
        + q.concentration.lgamma()
        + q.concentration * EULER
        - (1 + EULER)
    )


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Any:
    total_p = p.concentration1 + p.concentration0
    total_q = q.concentration1 + q.concentration0
    norms = (
        q.concentration1.lgamma()
        + q.concentration0.lgamma()
        + total_p.lgamma()
        - (p.concentration1.lgamma() + p.concentration0.lgamma() + total_q.lgamma())
    )
    return (
        norms
        + (p.concentration1 - q.concentration1) * p.concentration1.digamma()
        + (p.concentration0 - q.concentration0) * p.concentration0.digamma()
        + (total_q - total_p) * total_p.digamma()
    )


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Any:
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    norms = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    means = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    moved = ((p.concentration - q.concentration) * means).sum(-1)
    return total_p.lgamma() - total_q.lgamma() - norms + moved


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    found = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    return found.masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Any:
    square = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return square - (4 * p.scale * q.scale).log()


@register_kl(Pareto, Pareto)
def _pareto(p: Pareto, q: Pareto) -> Any:
    ratio = p.scale / q.scale
    share = q.alpha / p.alpha
    found = q.alpha * ratio.log() - share.log() + share - 1
    return found.masked_fill(p.support.lower_bound < q.support.lower_bound, math.inf)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Gumbel, q: Gumbel) -> Any:
    ratio = p.scale / q.scale
    own, other = q.loc / q.scale, p.loc / q.scale
    shift = other - own
    tail = (-shift + (1 + ratio).lgamma()).exp() - (1 + EULER)
    return -ratio.log() + shift + ratio * EULER + tail


@register_kl(Laplace, Normal)
def _laplace_normal(p: Laplace, q: Normal) -> Any:
    square = q.scale.pow(2)
    ratio = p.scale.pow(2) / square
    own = 0.5 * (2 * ratio / math.pi).log()
    return (
        -own
        + 0.5 * p.loc.pow(2) / square
        - p.loc * q.loc / square
        + (0.5 * q.loc.pow(2) / square + ratio - 1)
    )


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Any:
    distance = p.loc - q.loc
    ratio = p.scale / q.scale
    in_units = distance / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * (-0.5 * in_units.pow(2)).exp()
    far = distance * (math.sqrt(0.5) * in_units).erf()
    return -ratio.log() + (near + far) / q.scale - (0.5 + 0.5 * math.log(0.5 * math.pi))


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Normal, q: Gumbel) -> Any:
    mean = p.loc / q.scale
    square = (p.scale / q.scale).pow(2)
    loc = q.loc / q.scale
    tail = (-mean + 0.5 * square + loc).exp()
    return mean - loc + tail - 0.5 * (1 + (2 * math.pi * square).log())


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Any:
    norms = p.log_norm() - q.log_norm()
    return p.mean * (p.logits - q.logits) + norms + (-p.probs).log1p() - (-q.probs).log1p()
