"""The Kullback-Leibler divergence of two distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..nn.functional.activation import softplus
from ..ops.broadcasting import broadcast_shapes
from ..ops.linalg import solve_triangular
from .categorical import Categorical, OneHotCategorical
from .continuous import Exponential, Laplace, Normal, Uniform
from .discrete import Bernoulli, Geometric
from .distribution import Distribution
from .folded import HalfNormal
from .independent import Independent, sum_rightmost
from .multivariate_normal import MultivariateNormal, mahalanobis
from .transformed import LogNormal, TransformedDistribution

Formula = Callable[[Any, Any], Any]

_FORMULAS: dict[tuple[type, type], Formula] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """A decorator: the function computes the divergence of two such distributions.

    Of several functions for classes that two distributions have among their bases, the one for the
    closest of them is used.

    Raises:
        TypeError: something is no class of distributions.
    """
    for name, cls in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {cls}")

    def decorate(function: Formula) -> Formula:
        _FORMULAS[type_p, type_q] = function
        return function

    return decorate


def _formula(type_p: type, type_q: type) -> Formula | None:
    found = [
        pair for pair in _FORMULAS if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])
    ]
    if not found:
        return None
    distances = {
        pair: type_p.__mro__.index(pair[0]) + type_q.__mro__.index(pair[1]) for pair in found
    }
    return _FORMULAS[min(found, key=distances.__getitem__)]


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """``KL(p || q)``: the mean of ``log p(x) - log q(x)`` over samples x of p.

    Raises:
        NotImplementedError: there is no formula for such distributions.

    >>> from gpugrad.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    formula = _formula(type(p), type(q))
    if formula is None:
        raise NotImplementedError(
            "No KL(p || q) is implemented for p type "
            f"{type(p).__name__} and q type {type(q).__name__}"
        )
    return formula(p, q)


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Any:
    at_one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    at_zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    at_one = _never(at_one, p.probs == 0, q.probs == 0)
    at_zero = _never(at_zero, p.probs == 1, q.probs == 1)
    return at_one + at_zero


def _never(term: Any, impossible: Any, unexpected: Any) -> Any:
    """A term of the sum: infinite where q has no place for what p does, 0 where p does not."""
    term = term.where(~unexpected, term.new_full((), math.inf))
    return term.where(~impossible, term.new_zeros(()))


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = _never(terms, (p.probs == 0).expand(terms.shape), (q.probs == 0).expand(terms.shape))
    return terms.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Any:
    ratio = p.scale / q.scale
    distance = (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Any:
    found = ((q.high - q.low) / (p.high - p.low)).log()
    outside = (q.low > p.low) | (q.high < p.high)
    return found.where(~outside, found.new_full((), math.inf))


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Any:
    width = p.high - p.low
    own = (math.sqrt(math.pi * 2) * q.scale / width).log()
    square = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return own + 0.5 * square / q.scale.pow(2)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with"
            + " " * 26
            + "different event shapes cannot be computed"
        )
    n = p.event_shape[0]
    batch = broadcast_shapes(tuple(p.batch_shape), tuple(q.batch_shape))
    factor_p, factor_q = (d._factor.expand((*batch, n, n)) for d in (p, q))
    half_dets = q._half_log_det() - p._half_log_det()
    trace = solve_triangular(factor_q, factor_p, upper=False).pow(2).sum((-2, -1))
    return half_dets + 0.5 * (trace + mahalanobis(factor_q, q.loc - p.loc) - n)


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(HalfNormal, HalfNormal)
@register_kl(LogNormal, LogNormal)
@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Any:
    if list(map(type, p.transforms)) != list(map(type, q.transforms)):
        raise NotImplementedError
    if p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)
