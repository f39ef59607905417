"""Which elements of a tensor are pruned: masks of ones and zeros."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ...creation import ones_like, zeros_like
from ...random.functions import rand, rand_like
from ...tensor import Tensor
from ..module import Module
from .computing_hooks import key_of


class BasePruningMethod(ABC):
    """A way to choose what is pruned, and the hook that prunes before each call of the module.

    A method of your own sets ``PRUNING_TYPE`` and defines :meth:`compute_mask`.

    Attributes:
        PRUNING_TYPE: what a further pruning of the same tensor looks at: ``"unstructured"`` the
            elements that are left, ``"structured"`` the slices along ``dim`` that are left,
            ``"global"`` everything.
    """

    PRUNING_TYPE: ClassVar[str]
    _tensor_name: str

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask of ``t``'s shape, zero where it is pruned or ``default_mask`` is zero already."""

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Tensor:
        """The module's tensor times its mask."""
        name = self._tensor_name
        mask = getattr(module, name + "_mask")
        original = getattr(module, name + "_orig")
        result: Tensor = mask.to(original.dtype) * original
        return result

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: Any,
        importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Prune ``module``'s tensor ``name``; ``args`` and ``kwargs`` go to the class.

        Args:
            importance_scores: what decides in the place of the tensor's own values.

        Returns:
            The method that is now at work there.
        """
        method: Any = cls(*args, **kwargs)
        hooks = module._ensure_hooks().forward_pre
        former = find(module, name)
        if former is not None:
            old: Any = hooks[former].function
            container = PruningContainer(*(old if isinstance(old, PruningContainer) else (old,)))
            container.add_pruning_method(method)
            method = container
        method._tensor_name = name
        original = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}"
            )
        if former is None:
            mask = ones_like(original, requires_grad=False)
        else:
            mask = getattr(module, name + "_mask").detach().clone()
        mask = method.compute_mask(importance_scores.detach(), default_mask=mask)
        # Nothing is changed up to here: what is refused leaves the former pruning at work.
        if former is None:
            delattr(module, name)
            module.register_parameter(name + "_orig", original)
        else:
            del hooks[former]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self,
        t: Tensor,
        default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:
        """``t`` with zeros where it is pruned."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        mask = ones_like(t) if default_mask is None else default_mask
        result: Tensor = t * self.compute_mask(scores, default_mask=mask)
        return result

    def remove(self, module: Module) -> None:
        """Make the tensor an ordinary parameter again, of its pruned values."""
        name = self._tensor_name
        weight = self.apply_mask(module).detach()
        original = getattr(module, name + "_orig")
        original.data = weight
        for end in ("", "_orig", "_mask"):
            delattr(module, name + end)
        module.register_parameter(name, original)


def find(module: Module, name: str) -> int | None:
    """The key of the hook that prunes this tensor of the module itself."""
    return key_of(module, BasePruningMethod, name, "_tensor_name")


class PruningContainer(BasePruningMethod):
    """Several methods that prune one tensor one after the other."""

    def __init__(self, *args: BasePruningMethod | Iterable[BasePruningMethod]) -> None:
        several = len(args) == 1 and not isinstance(args[0], BasePruningMethod)
        methods: Any = args[0] if several else args
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for method in methods:
            if not self._pruning_methods:
                self._tensor_name = getattr(method, "_tensor_name", "")
            self._pruning_methods += (method,)

    def add_pruning_method(self, method: Any) -> None:
        """Prune by a further method, from now on.

        Raises:
            TypeError: it is no pruning method.
            ValueError: it works on another tensor.
        """
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        name = getattr(method, "_tensor_name", self._tensor_name)
        if name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """What is left after the last method has looked at what was left before."""
        method: Any = self._pruning_methods[-1]
        kind = method.PRUNING_TYPE
        if kind == "global":
            result: Tensor = method.compute_mask(t, default_mask)
            return result
        mask = default_mask.clone()
        if kind == "unstructured":
            left: Any = default_mask == 1
        elif kind == "structured":
            dim = method.dim + t.dim() if method.dim < 0 else method.dim
            if not 0 <= dim < t.dim():
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
            others = tuple(d for d in range(t.dim()) if d != dim)
            left = (slice(None),) * dim + (default_mask.sum(others) != 0,)
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {kind}")
        mask[left] = method.compute_mask(t[left], default_mask[left])
        remaining: Tensor = mask
        return remaining


class Identity(BasePruningMethod):
    """Prunes nothing, but makes a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class _ByRank(BasePruningMethod):
    """Prunes the elements that :meth:`_ranks` gives the greatest numbers.

    Args:
        amount: how many, a whole number, or a share between 0 and 1.
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    @abstractmethod
    def _ranks(self, t: Tensor) -> Tensor:
        """A number for each element."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _count(self.amount, t.numel())
        mask: Tensor = default_mask.clone()
        if count:
            mask.reshape(-1)[self._ranks(t).reshape(-1).topk(count)[1]] = 0
        return mask


class RandomUnstructured(_ByRank):
    """Prunes elements at random: ``amount`` of them, a whole number or a share."""

    def _ranks(self, t: Tensor) -> Tensor:
        ranks: Tensor = rand_like(t)
        return ranks


class L1Unstructured(_ByRank):
    """Prunes the elements of least size: ``amount`` of them, a whole number or a share.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import prune
    >>> method = prune.L1Unstructured(1)
    >>> method.compute_mask(gpugrad.tensor([3.0, -1.0, 2.0]), gpugrad.ones(3))
    tensor([1., 0., 1.])
    """

    def _ranks(self, t: Tensor) -> Tensor:
        ranks: Tensor = -t.abs()
        return ranks


class RandomStructured(BasePruningMethod):
    """Prunes slices along one dimension at random.

    Args:
        amount: how many, a whole number, or a share between 0 and 1.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        _check_structure(t, self.dim)
        count = _count(self.amount, t.size(self.dim))
        if count == 0:
            return default_mask
        chances = rand(t.size(self.dim))
        kept = (chances > chances.sort()[0][count - 1]).nonzero().squeeze(1)
        return _only_slices(t, self.dim, kept.to(t.device), default_mask)


class LnStructured(BasePruningMethod):
    """Prunes the slices along one dimension that have the least norms.

    Args:
        amount: how many, a whole number, or a share between 0 and 1.
        n: which norm, as in ``torch.norm``.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        _check_structure(t, self.dim)
        slices = t.size(self.dim)
        count = _count(self.amount, slices)
        if count == 0:
            return default_mask
        others = tuple(d for d in range(t.dim()) if d != self.dim % t.dim())
        kept = t.norm(self.n, others).topk(slices - count)[1]
        return _only_slices(t, self.dim, kept, default_mask)


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError("mask shape must match")
        result: Tensor = default_mask * self.mask.to(default_mask.dtype)
        return result


def _only_slices(t: Tensor, dim: int, kept: Tensor, default_mask: Tensor) -> Tensor:
    mask = zeros_like(t, requires_grad=False).index_fill(dim, kept, 1)
    result: Tensor = mask * default_mask.to(mask.dtype)
    return result


def _check_amount(amount: Any) -> None:
    whole = isinstance(amount, numbers.Integral)
    if not whole and not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    share: Any = amount
    if share < 0 or (not whole and share > 1):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def _count(amount: float, size: int) -> int:
    """How many of ``size`` things are pruned."""
    if not isinstance(amount, numbers.Integral):
        return round(amount * size)
    if amount > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )
    return int(amount)


def _check_structure(t: Tensor, dim: int) -> None:
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.dim()} dims"
        )
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")
