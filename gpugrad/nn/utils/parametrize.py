"""Parameters that are computed from others each time they are read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from ..container import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter


class _Cache:
    """What parametrizations gave, while inside :func:`cached`."""

    depth = 0
    values: dict[tuple[int, str], Tensor] = {}  # noqa: RUF012  # one for the process


@contextmanager
def cached() -> Iterator[None]:
    """Within it a parametrized tensor is computed once, when it is first read.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(gpugrad.nn.Linear(2, 3))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and what they compute it from.

    That is ``original``, or ``original0``, ``original1``, ... where ``right_inverse`` of the last
    parametrization gives several tensors.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            value: Any = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        value = module.right_inverse(value)
                    except NotImplementedError:
                        continue
        if not isinstance(value, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(value).__name__}"
            )
        self.is_tensor = isinstance(value, Tensor)
        self.ntensors = 1 if self.is_tensor else len(value)
        if isinstance(value, Tensor):
            if value.dtype is not original.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\n"
                    f"right_inverse(original).dtype: {value.dtype}"
                )
            _own(self, "original", _with_values(original, value))
        else:
            for number, part in enumerate(value):
                _own(self, f"original{number}", _alike(original, part))
        if not unsafe:
            self._check(original)

    def _check(self, original: Tensor) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(
                f"A parametrization must return a tensor. Got {type(result).__name__}."
            )
        for what, before, after in (
            ("dtype", original.dtype, result.dtype),
            ("shape", original.shape, result.shape),
        ):
            if before != after:
                raise ValueError(
                    f"Registering a parametrization may not change the {what} of the tensor, "
                    "unless `unsafe` flag is enabled.\n"
                    f"unparametrized {what}: {before}\n"
                    f"parametrized {what}: {after}"
                )

    def right_inverse(self, value: Any) -> None:
        """Set the originals so that the parametrizations give ``value``.

        Raises:
            RuntimeError: a parametrization has no ``right_inverse``.
            ValueError: what it gives does not fit the originals.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                _with_values(self.original, value)
                return
            if len(value) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(value)}."
                )
            for number, part in enumerate(value):
                _with_values(getattr(self, f"original{number}"), part)

    def forward(self) -> Tensor:
        first, *rest = self
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*(getattr(self, f"original{i}") for i in range(self.ntensors)))
        for module in rest:
            value = module(value)
        result: Tensor = value
        return result


def _with_values(target: Tensor, values: Tensor) -> Tensor:
    """``target`` with the values and the shape of another tensor."""
    if target is not values:
        target.data = values.detach()
    return target


def _alike(original: Tensor, value: Tensor) -> Tensor:
    if isinstance(original, Parameter):
        return Parameter(value, original.requires_grad)
    return value.requires_grad_(original.requires_grad)


def _own(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a module's tensor be what ``parametrization`` gives for the tensor that is there now.

    The module gets a class of its own, ``Parametrized...``, whose property computes the tensor;
    the original is ``module.parametrizations[tensor_name].original``. Registered again, the new
    parametrization works on what the one before gives. Assigning to the tensor sets the originals
    through ``right_inverse`` methods.

    Args:
        unsafe: whether the parametrization may change dtype and shape.

    Raises:
        ValueError: there is no such tensor, or the result has another dtype or shape.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> class Positive(nn.Module):
    ...     def forward(self, x):
    ...         return x.abs()
    >>> layer = nn.Linear(3, 2)
    >>> _ = nn.utils.parametrize.register_parametrization(layer, "weight", Positive())
    >>> bool((layer.weight >= 0).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        parametrizations = module.parametrizations[tensor_name]
        if not unsafe:
            ParametrizationList([parametrization], getattr(module, tensor_name).detach())
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _give_own_class(module)
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, _property(tensor_name))
    module.parametrizations[tensor_name] = parametrizations
    return module


def _give_own_class(module: Module) -> None:
    cls = type(module)

    def refuse(self: Module) -> None:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()."
        )

    def deepcopied(self: Module, memo: dict[int, Any]) -> Module:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin

    own = {"__getstate__": refuse, "__deepcopy__": deepcopied}
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), own)


def _property(name: str) -> property:
    def computed(self: Module) -> Tensor:
        parametrizations = self.parametrizations[name]
        if not _Cache.depth:
            return parametrizations()  # type: ignore[no-any-return]
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = parametrizations()
        return _Cache.values[key]

    def assigned(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(computed, assigned)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, of ``tensor_name`` where given.

    >>> import gpugrad
    >>> gpugrad.nn.utils.parametrize.is_parametrized(gpugrad.nn.Linear(2, 3))
    False
    """
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a module's tensor an ordinary one again.

    Args:
        leave_parametrized: keep the values that the parametrizations give now, not the original.

    Raises:
        ValueError: it is not parametrized, or there are several originals to leave.

    >>> import gpugrad
    >>> from gpugrad.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(gpugrad.nn.Linear(2, 3))
    >>> parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                value = getattr(module, tensor_name)
            _with_values(original, value)
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        with no_grad():
            trained = value.requires_grad
            original = Parameter(value, trained) if trained else value.detach()
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _own(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)
