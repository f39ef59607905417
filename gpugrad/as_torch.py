"""This package under the name ``torch``, for one process.

After :func:`install`, ``import torch`` and ``import torch.nn.functional as F`` give modules that
hand out what is here. What is not here is named as PyTorch names it:
``torch.fft is not in gpugrad``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_NAME = "torch"
_PACKAGE = __name__.partition(".")[0]

API_VERSION = "2.13.0"
"""The release of PyTorch whose documentation this package follows."""

_LAYERS_OF = "torch.nn.modules."
_LAYERS = "adaptive channelshuffle fold instancenorm pixelshuffle sparse upsampling"
_DISTRIBUTIONS = (
    "bernoulli beta binomial categorical cauchy chi2 dirichlet exponential gamma geometric gumbel "
    "half_cauchy half_normal laplace log_normal logistic_normal mixture_same_family multinomial "
    "negative_binomial normal one_hot_categorical pareto poisson relaxed_bernoulli "
    "relaxed_categorical studentT transformed_distribution uniform von_mises weibull "
    "constraint_registry fishersnedecor inverse_gamma kumaraswamy lowrank_multivariate_normal "
    "continuous_bernoulli exp_family lkj_cholesky"
)

# Modules that PyTorch keeps at another place than this package; what is more special comes first.
_MOVED = {
    "torch.nn.modules.utils": "nn.tuples",
    **{f"torch.nn.modules.{name}": "nn" for name in _LAYERS.split()},
    "torch.nn.modules": "nn",
    **{f"torch.distributions.{name}": "distributions" for name in _DISTRIBUTIONS.split()},
    "torch.optim.adamw": "optim",
    "torch.utils.data.dataloader": "utils.data.loader",
    "torch.utils.data._utils.collate": "utils.data",
    "torch.utils.data._utils": "utils.data",
    "torch.utils._pytree": "func.pytree",
    "torch.utils.hooks": "autograd.hooks",
    "torch.utils.data.distributed": "utils.data.distributed_sampler",
}

# What does not change once it is defined, and need not be looked up again.
_LASTING = (FunctionType, BuiltinFunctionType, type)


def install() -> None:
    """Put this package in the place of PyTorch for the rest of the process.

    Calling it again changes nothing. ``torch.__version__`` becomes the release of PyTorch that is
    followed, with the label ``+gpugrad``.

    Raises:
        RuntimeError: PyTorch has been imported already.

    >>> import gpugrad.as_torch
    >>> gpugrad.as_torch.install()  # doctest: +SKIP
    >>> import torch  # doctest: +SKIP
    >>> torch.ones(2)  # doctest: +SKIP
    tensor([1., 1.])
    """
    if installed():
        return
    if _NAME in sys.modules:
        raise RuntimeError(f"{_NAME} has been imported already and cannot be replaced")
    sys.meta_path.insert(0, _Finder())


def installed() -> bool:
    """Whether this package stands in the place of PyTorch.

    >>> import gpugrad.as_torch
    >>> gpugrad.as_torch.installed()
    False
    """
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def look_up_again() -> None:
    """Ask again for the functions that the modules which stand for PyTorch's have kept.

    They have been replaced by others.
    """
    for module in list(sys.modules.values()):
        if isinstance(module, _Stand):
            for name, value in list(module.__dict__.items()):
                if isinstance(value, FunctionType):
                    del module.__dict__[name]


def _own_name(name: str) -> str:
    """This package's name of a module of PyTorch's."""
    for moved, place in _MOVED.items():
        if name == moved or name.startswith(moved + "."):
            return f"{_PACKAGE}.{place}{name.removeprefix(moved)}"
    return _PACKAGE + name.removeprefix(_NAME)


def _elsewhere(module: str, name: str) -> Any:
    """A layer that PyTorch keeps in another file of its layers than this package."""
    if module.startswith((_LAYERS_OF, "torch.nn.parameter")):
        layers = importlib.import_module(f"{_PACKAGE}.nn")
        if hasattr(layers, name):
            return getattr(layers, name)
    raise AttributeError(_missing(f"{module}.{name}"))


def _missing(name: str) -> str:
    return f"{name} is not in {_PACKAGE}"


class _Finder(MetaPathFinder, Loader):
    """Finds ``torch`` and all below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != _NAME:
            return None
        if not _exists(_own_name(fullname)):
            # Without a `name`, as `from torch import x` would replace the text of an error that
            # has one.
            raise ModuleNotFoundError(_missing(fullname))
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stand(spec.name, importlib.import_module(_own_name(spec.name)))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the module behind it has been run."""


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False  # what should contain it is no package


class _Stand(ModuleType):
    """A module that stands for another one: what is read or set here is read or set there.

    Each is a package to the import system, so that it asks the finder about names it does not find.
    """

    def __init__(self, name: str, target: ModuleType) -> None:
        super().__init__(name, target.__doc__)
        self.__dict__["_target"] = target
        if name == _NAME:
            self.__dict__["__version__"] = f"{API_VERSION}+{_PACKAGE}"

    def __getattr__(self, name: str) -> Any:
        try:
            value = getattr(self.__dict__["_target"], name)
        except AttributeError:
            if name == "__all__":
                return self._starred()
            value = _elsewhere(self.__name__, name)
        if isinstance(value, ModuleType) and value.__name__.startswith(_PACKAGE + "."):
            full = f"{self.__name__}.{name}"
            if not _exists(_own_name(full)):  # another module's, under a name of its own
                full = _NAME + value.__name__.removeprefix(_PACKAGE)
            value = self.__dict__[name] = importlib.import_module(full)
        elif isinstance(value, _LASTING):
            self.__dict__[name] = value
        return value

    def _starred(self) -> list[str]:
        """What ``from torch.nn import *`` binds: what is public; of ``torch`` itself no modules.

        A module such as ``random`` would take the place of Python's own.
        """
        target = self.__dict__["_target"]
        names = (name for name in dir(target) if not name.startswith("_"))
        if self.__name__ != _NAME:
            return list(names)
        return [name for name in names if not isinstance(getattr(target, name), ModuleType)]

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system sets what begins with underscores, and binds submodules.
        if not name.startswith("__") and not isinstance(value, _Stand):
            setattr(self.__dict__["_target"], name, value)
        self.__dict__.pop(name, None)
        if name.startswith("__") or isinstance(value, (_Stand, *_LASTING)):
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self.__dict__.pop(name, None)
        delattr(self.__dict__["_target"], name)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *dir(self.__dict__["_target"])} - {"_target"})
