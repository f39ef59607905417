"""Containers of modules: ``Sequential``, ``ModuleList`` and ``ModuleDict``."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, SupportsIndex, overload

from .module import Module, indent_following, layout_repr


class _Indexed(Module):
    """What ``Sequential`` and ``ModuleList`` share: children under the names "0", "1", …"""

    def _name_at(self, index: SupportsIndex) -> str:
        """The name of the child at ``index``, which may count from the end."""
        position = operator.index(index)
        size = len(self)
        if not -size <= position < size:
            raise IndexError(f"index {position} is out of range")
        return list(self._module_names)[position]

    def _renumber(self, modules: list[Any]) -> None:
        """Make ``modules`` the children, in this order."""
        for name in list(self._module_names):
            del self._modules[name]
        for position, module in enumerate(modules):
            self.add_module(str(position), module)

    def __len__(self) -> int:
        return len(self._module_names)

    def __iter__(self) -> Iterator[Any]:
        store = self.__dict__
        return iter([store[name] for name in self._module_names])

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def append(self, module: Module) -> Self:
        """Add ``module`` at the end."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove and return the child at ``key``."""
        module = self[key]  # type: ignore[index]  # the subclasses define __getitem__
        del self[key]
        return module


class Sequential(_Indexed):
    """Modules that are called one after the other, each with the result of the one before.

    Takes the modules as arguments, or one ordered dict of names and modules.

    Raises:
        TypeError: an argument is no module.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> net(gpugrad.zeros(5, 2)).shape
    torch.Size([5, 3])
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for position, module in enumerate(args):
                self.add_module(str(position), module)

    def forward(self, input: Any) -> Any:
        store = self.__dict__
        for name in self._module_names:
            input = store[name](input)
        return input

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...

    def __getitem__(self, index: slice | SupportsIndex) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self.__dict__[self._name_at(index)]

    def __delitem__(self, index: slice | SupportsIndex) -> None:
        if isinstance(index, slice):
            for name in list(self._module_names)[index]:
                delattr(self, name)
        else:
            delattr(self, self._name_at(index))
        # As PyTorch does: also children that had names of their own are numbered from now on.
        self._renumber(list(self))

    def __add__(self, other: Iterable[Module]) -> Sequential:
        self._require_sequential(other)
        return Sequential(*self, *other)

    def __iadd__(self, other: Iterable[Module]) -> Self:
        self._require_sequential(other)
        return self.extend(other)

    def _require_sequential(self, other: object) -> None:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )

    def __mul__(self, other: int) -> Sequential:
        self._require_factor(other)
        return Sequential(*list(self) * other)

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Self:
        self._require_factor(other)
        return self.extend(list(self) * (other - 1))

    def _require_factor(self, factor: object) -> None:
        if not isinstance(factor, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(factor)}")
        if factor <= 0:
            raise ValueError(f"Non-positive multiplication factor {factor} for {type(self)}")

    def insert(self, index: int, module: Module) -> Self:
        """Put ``module`` before the child at ``index``.

        Raises:
            IndexError: ``index`` is beyond the end.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        size = len(self)
        if not -size <= index <= size:
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add all modules of ``sequential`` at the end."""
        for module in list(sequential):
            self.append(module)
        return self


class ModuleList(_Indexed):
    """A list of modules whose parameters belong to the module that holds the list.

    >>> from gpugrad import nn
    >>> nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...

    def __getitem__(self, index: slice | SupportsIndex) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self.__dict__[self._name_at(index)]

    def __delitem__(self, index: slice | SupportsIndex) -> None:
        modules = list(self)
        if isinstance(index, slice):
            del modules[index]
        else:
            self._name_at(index)
            del modules[index]
        self._renumber(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def insert(self, index: int, module: Module) -> None:
        """Put ``module`` before the child at ``index``."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add all of ``modules`` at the end.

        Raises:
            TypeError: ``modules`` cannot be iterated over.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self) -> str:
        """Equal neighbours are printed once, with their number."""
        runs: list[tuple[int, int, str]] = []
        for position, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], position, text)
            else:
                runs.append((position, position, text))
        lines = []
        for first, last, text in runs:
            label = f"({first}): " if first == last else f"({first}-{last}): {last - first + 1} x "
            lines.append(label + indent_following(text))
        return layout_repr(self._get_name(), [], lines)


class ModuleDict(Module):
    """A dict of modules whose parameters belong to the module that holds the dict.

    >>> from gpugrad import nn
    >>> choices = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> choices["tanh"]
    Tanh()
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._module_names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_names)

    def __contains__(self, key: str) -> bool:
        return key in self._module_names

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Remove the module ``key`` and return it. Raises ``KeyError`` if there is none."""
        return self._modules.pop(key)

    def keys(self) -> Any:
        """The names."""
        return dict(self._modules).keys()

    def items(self) -> Any:
        """The pairs of name and module."""
        return dict(self._modules).items()

    def values(self) -> Any:
        """The modules."""
        return dict(self._modules).values()

    def update(self, modules: Any) -> None:
        """Add the modules of a mapping, or of an iterable of pairs of name and module.

        Raises:
            TypeError: ``modules`` is neither; an element is no pair, or holds no module.
            ValueError: an element has not two items.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                + type(modules).__name__
            )
        if isinstance(modules, (Mapping, ModuleDict)):
            for key, module in modules.items():
                self[key] = module
            return
        for position, pair in enumerate(modules):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"ModuleDict update sequence element #{position} should be Iterable; is"
                    + type(pair).__name__
                )
            items = list(pair)
            if len(items) != 2:
                raise ValueError(
                    f"ModuleDict update sequence element #{position} has length {len(items)}; "
                    "2 is required"
                )
            self[items[0]] = items[1]
