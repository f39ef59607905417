"""The parts of the backends that are imported when first asked for."""

from __future__ import annotations

import ast
import functools
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpugrad import later
from gpugrad.backend import cpu, parts
from gpugrad.backend.primitives import Primitives

PARTS = {name: part for name, part in vars(parts).items() if isinstance(part, type)}


@functools.cache
def listed() -> dict[str, list[str]]:
    """The members that parts are known by, in a process where nobody has asked for one."""
    program = """
from gpugrad.backend import parts
found = {name: part for name, part in vars(parts).items() if isinstance(part, type)}
print({name: [n for n in vars(found[name]) if not n.startswith("__")] for name in found})
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    members: dict[str, list[str]] = ast.literal_eval(done.stdout)
    return members


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_known_by_the_members_that_others_use(name: str) -> None:
    part = PARTS[name]
    real = getattr(importlib.import_module(part.__module__), part.__name__)
    shared = {*Primitives.__mro__} if Primitives in real.__mro__ else {object}
    own = [cls for cls in real.__mro__ if cls not in shared]
    members = {n for cls in own for n in vars(cls) if not n.startswith("__")}
    folder = Path(parts.__file__).parent
    homes = {cls.__module__.rpartition(".")[2] for cls in own}
    others = [p.read_text() for p in folder.glob("*.py") if p.stem not in homes]
    used = {n for text in others for n in re.findall(r"\bself\.(_\w+)\(", text)}
    defined = {n for text in others for n in re.findall(r"\bdef (_\w+)\(self", text)}
    public = {n for n in members if not n.startswith("_")}
    assert {*listed()[name]} == public | (members & used - defined)


def test_parts_are_in_their_own_places_once_asked_for() -> None:
    program = """
import sys
import numpy as np
from gpugrad.backend import cpu, parts
x = np.ones((1, 1, 3, 3))
print("gpugrad.backend.bessel_functions" in sys.modules, "gpugrad.backend.cpu_norms" in sys.modules)
print(cpu.i0(np.zeros(1)), cpu.batch_norm(x, None, None, 1e-5)[0].sum())
print(type(vars(parts.BesselFunctions)["bessel_j0"]).__name__)
print("cpu_norms" in [c.__module__.rpartition(".")[2] for c in type(cpu).__mro__])
print(parts.HostNorms in type(cpu).__mro__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["False False", "[1.] 0.0", "function", "True", "False"]


def test_what_calls_super_is_found_behind_what_a_part_stands_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Plain:
        def area(self) -> int:
            return 1

    class Doubled(Plain):
        def area(self) -> int:
            return 2 * super().area()

    module = sys.modules[__name__]
    monkeypatch.setattr(module, "Doubled", Doubled, raising=False)
    monkeypatch.setattr(later, "_PACKAGE", __name__.rpartition(".")[0])
    home = __name__.rpartition(".")[2]
    monkeypatch.setitem(sys.modules, f"{later._PACKAGE}.{home}", module)

    part: Any = later.part(home, "Doubled", "area")
    shape: Any = type("Shape", (part, Plain), {})()
    assert (shape.area(), shape.area()) == (2, 2)
    assert Doubled in type(shape).__mro__


def test_results_do_not_depend_on_who_asked_first() -> None:
    x = np.linspace(0.5, 2, 4)
    np.testing.assert_allclose(cpu.lgamma(x + 1) - cpu.lgamma(x), np.log(x), atol=1e-12)


@pytest.mark.parametrize("first", ["adam_step", "total_norm", "conv", "attention", "i0"])
def test_members_are_those_of_the_classes_in_order(first: str) -> None:
    """Whoever is asked first, the backend ends as if its parts had been its bases all along."""
    program = f"""
import functools
from importlib import import_module
from gpugrad.backend import cpu, parts
stubs = [part for part in vars(parts).values() if isinstance(part, type)]
@functools.cache
def whole(cls):
    if cls in stubs:
        cls = getattr(import_module(cls.__module__), cls.__name__)
    if not set(stubs) & set(cls.__mro__):
        return cls
    own = {{n: v for n, v in vars(cls).items() if n not in ("__dict__", "__weakref__")}}
    return type(cls.__name__, tuple(map(whole, cls.__bases__)), own)
expected = whole(type(cpu))
names = [n for stub in stubs for n in vars(stub) if not n.startswith("__")]
for name in [{first!r}, *names]:
    getattr(cpu, name)
for name in dir(expected):
    if not name.startswith("_"):
        found = getattr(type(cpu), name)
        assert found is getattr(expected, name), (name, found)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
