"""Pruning: parts of a parameter held at zero.

The parameter becomes ``<name>_orig``, and ``<name>_mask`` is a buffer of ones and zeros. Before
each call the module gets their product under the old name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...creation import ones_like
from ...ops.joining import cat
from ...tensor import Tensor
from ..module import Module
from .prune_methods import BasePruningMethod as BasePruningMethod
from .prune_methods import CustomFromMask as CustomFromMask
from .prune_methods import Identity as Identity
from .prune_methods import L1Unstructured as L1Unstructured
from .prune_methods import LnStructured as LnStructured
from .prune_methods import PruningContainer as PruningContainer
from .prune_methods import RandomStructured as RandomStructured
from .prune_methods import RandomUnstructured as RandomUnstructured
from .prune_methods import find as _find


def identity(module: Module, name: str) -> Module:
    """Make the mask of a tensor, of ones.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> sorted(prune.identity(gpugrad.nn.Linear(2, 1), "bias").state_dict())
    ['bias_mask', 'bias_orig', 'weight']
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune elements at random: ``amount`` of them, a whole number or a share.

    Raises:
        ValueError: an amount below 0, or more than there is.
        TypeError: an amount that is no number.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = prune.random_unstructured(gpugrad.nn.Linear(2, 3), "weight", amount=2)
    >>> layer.weight_mask.sum()
    tensor(4.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Tensor | None = None
) -> Module:
    """Prune the elements of least size: ``amount`` of them, a whole number or a share.

    Args:
        importance_scores: sizes that decide in the place of the elements' own.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = prune.l1_unstructured(gpugrad.nn.Linear(2, 3), "weight", amount=0.5)
    >>> layer.weight_mask.sum()
    tensor(3.)
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune slices along ``dim`` at random: ``amount`` of them, a whole number or a share.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = prune.random_structured(gpugrad.nn.Linear(4, 3), "weight", amount=1, dim=1)
    >>> layer.weight_mask.sum()
    tensor(9.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module,
    name: str,
    amount: float,
    n: Any,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Module:
    """Prune the slices along ``dim`` of least n-norm: ``amount`` of them, a number or a share.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = prune.ln_structured(gpugrad.nn.Linear(4, 3), "weight", amount=1, n=2, dim=0)
    >>> layer.weight_mask.sum(1).sort()[0]
    tensor([0., 4., 4.])
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune by a mask.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = gpugrad.nn.Linear(2, 2)
    >>> prune.custom_from_mask(layer, "bias", gpugrad.tensor([0, 1])).bias == 0
    tensor([ True, False])
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: Any,
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune elements of several tensors that are judged together.

    Args:
        parameters: pairs of a module and the name of a tensor of its own.
        pruning_method: an unstructured method, for example :class:`L1Unstructured`.
        importance_scores: for some pairs, what decides in the place of the values.
        kwargs: arguments of the method, for example ``amount``.

    Raises:
        TypeError: ``parameters`` are no iterable, or the method is no unstructured one.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> first, second = gpugrad.nn.Linear(2, 2), gpugrad.nn.Linear(2, 4)
    >>> pairs = [(first, "weight"), (second, "weight")]
    >>> prune.global_unstructured(pairs, prune.L1Unstructured, amount=5)
    >>> first.weight_mask.sum() + second.weight_mask.sum()
    tensor(7.)
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    parameters = list(parameters)
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    values, masks = [], []
    for module, name in parameters:
        tensor = getattr(module, name).detach()
        values.append(scores.get((module, name), tensor).detach().reshape(-1))
        masks.append(getattr(module, name + "_mask", ones_like(tensor)).reshape(-1))
    container = PruningContainer(method)
    mask = container.compute_mask(cat(values), default_mask=cat(masks))
    start = 0
    for module, name in parameters:
        tensor = getattr(module, name)
        part = mask[start : start + tensor.numel()].reshape(tensor.shape)
        custom_from_mask(module, name, part)
        start += tensor.numel()


def remove(module: Module, name: str) -> Module:
    """Make a pruned tensor an ordinary parameter again, zeros included.

    Raises:
        ValueError: it is not pruned.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> layer = prune.l1_unstructured(gpugrad.nn.Linear(2, 3), "weight", amount=0.5)
    >>> list(prune.remove(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    key = _find(module, name)
    if key is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    method: Any = module._ensure_hooks().forward_pre.pop(key).function
    method.remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a tensor of the module, or of one within it, is pruned.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> prune.is_pruned(gpugrad.nn.Linear(2, 3))
    False
    """
    return any(
        isinstance(hook.function, BasePruningMethod)
        for m in module.modules()
        for hook in m._ensure_hooks().forward_pre.values()
    )
