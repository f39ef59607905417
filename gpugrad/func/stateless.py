"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..nn import Module
from ..ops.joining import stack
from ..tensor import Tensor

Tensors = Mapping[str, Tensor]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Tensors | Sequence[Tensors],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers.

    The module itself is as before afterwards. Other threads must not use it meanwhile.

    Args:
        parameter_and_buffer_dicts: dotted name -> tensor, or several such dictionaries. Names that
            are not there keep the module's own tensors.
        args: the module's arguments, a tuple, or the only one.
        kwargs: its keyword arguments.
        tie_weights: a tensor that the module holds under several names is replaced under all.
        strict: names must be exactly those of the module.

    Raises:
        ValueError: for a name in several dictionaries, or tied names with different tensors.
        RuntimeError: with ``strict``, for names too many or too few.
        AttributeError: for a path that leads to no module.
        TypeError: for a value that is no tensor.

    >>> import gpugrad
    >>> from gpugrad.func import functional_call, grad
    >>> layer = gpugrad.nn.Linear(2, 1)
    >>> parameters = {"weight": gpugrad.ones(1, 2), "bias": gpugrad.zeros(1)}
    >>> loss = lambda p: functional_call(layer, p, gpugrad.ones(3, 2)).sum()
    >>> grad(loss)(parameters)
    {'weight': tensor([[3., 3.]]), 'bias': tensor([3.])}
    """
    if isinstance(parameter_and_buffer_dicts, Mapping):
        tensors = dict(parameter_and_buffer_dicts)
    else:
        tensors = {}
        for each in parameter_and_buffer_dicts:
            twice = [name for name in each if name in tensors]
            if twice:
                raise ValueError(
                    f"{twice} appeared in multiple dictionaries; behavior of functional call is "
                    "ambiguous"
                )
            tensors.update(each)
    own = _own_tensors(module)
    if tie_weights:
        tensors = _tied(own, tensors)
    if strict:
        _check_names(module, own, tensors)
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, tensors):
        return module(*given, **(kwargs or {}))


def _own_tensors(module: Module) -> dict[str, Tensor]:
    """All parameters and buffers under all their names."""
    own: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    own.update(module.named_buffers(remove_duplicate=False))
    return own


def _tied(own: dict[str, Tensor], tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """``tensors``, completed by the other names of each tensor that is replaced."""
    names: dict[int, list[str]] = {}
    for name, tensor in own.items():
        names.setdefault(id(tensor), []).append(name)
    result = dict(tensors)
    for tied in names.values():
        given = [name for name in tied if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {given}, which are tied. Consider "
                "using tie_weights=False"
            )
        if given:
            result.update(dict.fromkeys(tied, tensors[given[0]]))
    return result


def _check_names(module: Module, own: dict[str, Tensor], tensors: dict[str, Tensor]) -> None:
    lines = []
    for title, names in (
        ("Unexpected", [n for n in tensors if n not in own]),
        ("Missing", [n for n in own if n not in tensors]),
    ):
        if names:
            lines.append(f"\n\t{title} key(s): " + ", ".join(f"'{n}'" for n in names) + ".")
    if lines:
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:" + "".join(lines)
        )


@contextmanager
def _replaced(module: Module, tensors: dict[str, Tensor]) -> Iterator[None]:
    """Put tensors into a module, and afterwards back what was there."""
    former: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for path, tensor in tensors.items():
            if not isinstance(tensor, Tensor):
                raise TypeError(f"{tensor} is not an instance of torch.Tensor")
            prefix, _, name = path.rpartition(".")
            # What a module owns is in its __dict__; a parameter may only be set to a Parameter.
            owned = module.get_submodule(prefix).__dict__
            if name in owned:
                former.append((owned, name, owned[name]))
                owned[name] = tensor
        yield
    finally:
        for owned, name, value in reversed(former):
            owned[name] = value


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several models of one class, stacked, for :func:`vmap`.

    Raises:
        RuntimeError: for no models, or models of different classes or training modes.

    >>> import gpugrad
    >>> from gpugrad.func import functional_call, stack_module_state, vmap
    >>> models = [gpugrad.nn.Linear(2, 1) for _ in range(3)]
    >>> parameters, buffers = stack_module_state(models)
    >>> run = vmap(lambda p, b, x: functional_call(models[0], (p, b), x), in_dims=(0, 0, None))
    >>> run(parameters, buffers, gpugrad.ones(5, 2)).shape
    torch.Size([3, 5, 1])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if len({type(m) for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return _stacked(parameters), _stacked(buffers)


def _stacked(states: list[dict[str, Any]]) -> dict[str, Any]:
    result = {}
    for name, first in states[0].items():
        whole = stack([state[name].detach() for state in states])
        result[name] = whole.requires_grad_(first.requires_grad)
    return result
