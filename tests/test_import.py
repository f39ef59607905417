"""What ``import gpugrad`` imports, and what is imported when first asked for."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gpugrad
from gpugrad import later, selection_methods
from gpugrad.functions import FUNCTIONS

LATER = (
    *("gpugrad.nn", "gpugrad.optim", "gpugrad.cuda", "gpugrad.capture", "gpugrad.serialization"),
    *("gpugrad.random", "gpugrad.printing", "gpugrad.interop", "gpugrad.ops.namespace"),
    *("gpugrad.autograd.forward_ad", "gpugrad.autograd.function", "gpugrad.autograd.graph"),
    *("gpugrad.backend.recorder", "gpugrad.backend.probe", "gpugrad.ops.linalg"),
    *("gpugrad.ops.extremes", "dataclasses"),
)
NEVER = ("cupy", "safetensors", "matplotlib", "rich", "sklearn")

MOST_MODULES = 110
"""How many modules of the package ``import gpugrad`` may load."""

PACKAGES = (
    *("gpugrad", "gpugrad.autograd", "gpugrad.creation", "gpugrad.nn", "gpugrad.nn.functional"),
    *("gpugrad.optim", "gpugrad.random"),
)
"""Those of which names are imported when first asked for."""


def output(program: str) -> list[str]:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_only_what_tensors_need_is_imported() -> None:
    program = f"""
import sys
import gpugrad
own = [name for name in sys.modules if name.startswith("gpugrad")]
print([name for name in {LATER + NEVER + ("numpy.random",)} if name in sys.modules])
print(len(own))
x = gpugrad.ones(2, requires_grad=True)
(x * x).sum().backward()
print([name for name in {LATER + NEVER + ("numpy.random",)} if name in sys.modules])
gpugrad.nn, gpugrad.optim, gpugrad.cuda, gpugrad.compile, gpugrad.save
print([name for name in {LATER[:5]} if name not in sys.modules])
"""
    at_first, count, after_a_step, missing = output(program)
    assert at_first == after_a_step == missing == "[]"
    assert int(count) <= MOST_MODULES


def test_only_the_layers_of_a_model_are_imported() -> None:
    program = """
import sys
import gpugrad
from gpugrad import nn, optim
model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
nn.functional.mse_loss(model(gpugrad.ones(3, 2)), gpugrad.ones(3, 1)).backward()
optimizer.step()
own = [name for name in sys.modules if name.startswith("gpugrad")]
print([n for n in ("nn.rnn", "nn.uninitialized", "nn.functional.pooling", "linalg", "optim.lbfgs",
    "optim.lr_scheduler", "ops.linalg", "backend.windows") if f"gpugrad.{n}" in own])
print(len(own))
"""
    loaded, count = output(program)
    assert loaded == "[]"
    assert int(count) <= 2 * MOST_MODULES


@pytest.mark.parametrize("name", sorted(gpugrad._HOMES))
def test_every_part_is_there_when_asked_for(name: str) -> None:
    found = getattr(gpugrad, name)
    home = gpugrad._HOMES[name]
    module = importlib.import_module(f"gpugrad.{home}")
    assert found is (module if name == home else getattr(module, name))
    assert name in dir(gpugrad)


def imports(path: Path) -> Iterator[tuple[str, str, str]]:
    """What a package imports for type checkers alone: modules, their names, and its own."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom):
                    module = line.module or ""
                    yield from ((module, alias.name, alias.asname or "") for alias in line.names)


@pytest.mark.parametrize("name", PACKAGES)
def test_type_checkers_see_what_is_imported_later(name: str) -> None:
    package = importlib.import_module(name)
    seen = set()
    for module, source, attribute in imports(Path(str(package.__file__))):
        home = importlib.import_module(f"{name}.{module}".rstrip("."))
        assert getattr(package, attribute) is getattr(home, source)
        seen.add(source)
    named = {attribute for attribute, home in package._HOMES.items() if attribute != home}
    if name != "gpugrad":  # which type checkers take to have any function
        assert named == seen - {*package._HOMES.values()}


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_takes_the_place_of_what_is_imported_later(name: str) -> None:
    """When a module of a package is imported, it becomes the package's attribute of that name."""
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    others = {attribute for attribute, home in package._HOMES.items() if attribute != home}
    assert not modules & (others | ({*FUNCTIONS} if name == "gpugrad" else set()))


def test_all_names_can_be_imported_at_once() -> None:
    names: dict[str, object] = {}
    exec("from gpugrad import *", names)
    missing = [n for n in ("relu", "einsum", "Tensor", "manual_seed", "save") if n not in names]
    assert not missing
    assert not {"nn", "random", "Any", "annotations"} & {*names}


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'gpugrad' has no attribute 'fft_'"):
        gpugrad.fft_  # noqa: B018  # the look-up is what is tested
    assert not hasattr(gpugrad.Tensor, "fft_")


def test_a_method_is_in_its_own_place_once_it_was_asked_for() -> None:
    program = """
import gpugrad
print(type(vars(gpugrad.Tensor)["tril"]).__name__, "tril" in vars(gpugrad))
gpugrad.ones(2, 2).tril(), gpugrad.tril
print(type(vars(gpugrad.Tensor)["tril"]).__name__, "tril" in vars(gpugrad))
"""
    assert output(program) == ["Later False", "function True"]


def test_in_place_methods_are_listed() -> None:
    """Every in-place form beside a listed function is a method."""
    for home, listed in selection_methods.MODULES.items():
        module = importlib.import_module(f"gpugrad.{home}")
        for name in (item.partition("=")[0] + "_" for item in listed.split()):
            if hasattr(module, name):
                assert name in selection_methods.METHODS
    assert all(hasattr(gpugrad.Tensor, name) for name in selection_methods.METHODS)


class Shape:
    def __init__(self) -> None:
        self.sides = 3


def test_an_attribute_of_a_class_is_made_once() -> None:
    made: list[str] = []

    def make(name: str, x: object) -> object:
        assert x is gpugrad.Size
        made.append(name)
        return lambda self: self.sides

    class Triangle(Shape):
        pass

    class Small(Triangle):
        pass

    later.put(Triangle, later.Table(dict.fromkeys(("corners", "angles"), (make, "size", "Size"))))
    small = Small()
    assert small.corners() == small.corners() == 3  # type: ignore[attr-defined]
    assert vars(Triangle)["corners"](small) == 3
    assert made == ["corners"]
    with pytest.raises(AttributeError):
        small.edges  # type: ignore[attr-defined]  # noqa: B018
