"""What a module owns: parameters, buffers and children, and how they are set, found and removed.

Everything a module owns is an ordinary entry of the instance's ``__dict__``, so ``self.weight``
costs one dictionary look-up in ``forward``.  Three insertion-ordered tables of names say which
entries are parameters, buffers and child modules; ``module._parameters``, ``module._buffers`` and
``module._modules`` are mapping views over table and ``__dict__``, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..tensor import Tensor
from .parameter import Buffer, Parameter

if TYPE_CHECKING:
    from .module import Module

V = TypeVar("V")


def type_name(value: object) -> str:
    """The name that error messages give to ``value``: a tensor type, or the dotted class name."""
    if isinstance(value, Tensor):
        return cast("str", value.type())
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


class Registry(MutableMapping[str, V]):
    """A live view of the entries of ``store`` whose names are in ``names``, in that order."""

    __slots__ = ("_names", "_store")

    def __init__(self, names: dict[str, None], store: dict[str, Any]) -> None:
        self._names = names
        self._store = store

    def __getitem__(self, name: str) -> V:
        if name not in self._names:
            raise KeyError(name)
        return cast("V", self._store[name])

    def __setitem__(self, name: str, value: V) -> None:
        self._names[name] = None
        self._store[name] = value

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._store[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __repr__(self) -> str:
        return repr(dict(self))


class ModuleRegistry:
    """Base of ``Module``: attribute rules and registration."""

    _parameter_names: dict[str, None]
    _buffer_names: dict[str, None]
    _module_names: dict[str, None]
    _non_persistent_buffers_set: set[str]

    def _init_registry(self) -> None:
        # Straight into __dict__: __setattr__ needs these tables to exist.
        self.__dict__.update(
            _parameter_names={},
            _buffer_names={},
            _module_names={},
            _non_persistent_buffers_set=set(),
        )

    @property
    def _parameters(self) -> Registry[Parameter | None]:
        return Registry(self._parameter_names, self.__dict__)

    @property
    def _buffers(self) -> Registry[Tensor | None]:
        return Registry(self._buffer_names, self.__dict__)

    @property
    def _modules(self) -> Registry[Module | None]:
        return Registry(self._module_names, self.__dict__)

    def _check_new_name(self, kind: str, name: object, table: dict[str, None]) -> None:
        """Refuse a name that is not a string, hides another attribute, or breaks dotted keys."""
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def _forget(self, name: str) -> None:
        """Remove ``name`` from the instance, whatever it was."""
        self.__dict__.pop(name, None)
        self._parameter_names.pop(name, None)
        self._buffer_names.pop(name, None)
        self._module_names.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under ``name``; ``None`` reserves the name and is not listed.

        Raises:
            AttributeError: before ``Module.__init__()`` ran.
            KeyError: the name is taken, empty or has a dot.
            TypeError: ``param`` is neither a ``Parameter`` nor ``None``.
        """
        if "_parameter_names" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_new_name("parameter", name, self._parameter_names)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    "be created explicitly. To express a parameter as a function of another "
                    "Tensor, compute the value in the forward() method."
                )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not trained, such as a running mean.

        A buffer with ``persistent=False`` moves with the module and stays out of ``state_dict``.

        Raises:
            AttributeError: before ``Module.__init__()`` ran.
            KeyError: the name is taken, empty or has a dot.
            TypeError: ``tensor`` is neither a ``Tensor`` nor ``None``.
        """
        if "_buffer_names" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new_name("buffer", name, self._buffer_names)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under ``name``.

        Raises:
            KeyError: the name is taken, empty or has a dot.
            TypeError: ``module`` is neither a ``Module`` nor ``None``.
        """
        if "_module_names" not in self.__dict__:
            raise AttributeError("cannot assign module before Module.__init__() call")
        if module is not None and not isinstance(module, ModuleRegistry):
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        self._check_new_name("module", name, self._module_names)
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as ``add_module``."""
        self.add_module(name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        owned = self.__dict__
        ready = "_module_names" in owned
        if isinstance(value, Parameter):
            if not ready:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            if name not in self._parameter_names:
                self._forget(name)
            self.register_parameter(name, value)
        elif ready and name in self._parameter_names:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, ModuleRegistry):
            if not ready:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name not in self._module_names:
                self._forget(name)
            self._modules[name] = cast("Module", value)
        elif ready and name in self._module_names:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            self._modules[name] = None
        elif isinstance(value, Buffer):
            if not ready:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            if name not in self._buffer_names:
                self._forget(name)
            self.register_buffer(name, cast("Tensor", value), value.persistent)
        elif ready and name in self._buffer_names:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        owned = self.__dict__
        if name in owned and "_module_names" in owned:
            self._forget(name)
        else:
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        # Children of a container have names such as "0", which are no attribute names.
        return sorted(key for key in super().__dir__() if not key[0].isdigit())

    if TYPE_CHECKING:
        # Parameters, buffers and children are declared nowhere a type checker could see.
        # Nothing of the kind exists at run time: attributes are plain dictionary entries.
        def __getattr__(self, name: str) -> Any: ...
