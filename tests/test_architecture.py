"""The floors of the house: imports go down, and each floor names only what it may know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gpugrad"

FLOORS = (
    ("cli", "examples", "__main__"),
    # what works on models
    (
        "_dynamo",
        "compiler",
        "func",
        "functional",
        "jit",
        "model_summary",
        "profiler",
        "profiling",
        "viz",
    ),
    ("distributed", "distributions", "nn", "optim", "utils"),
    (),  # every other module directly in the package: tensors and what makes them
    ("casting", "ops"),
    ("autograd", "capture"),
    ("backend", "native"),
    (
        *("atomic_file", "class_names", "device", "dtypes", "later", "return_types"),
        *("shape_arguments", "size", "version"),
    ),
)
"""From the roof down. The lowest floor has only values, names of devices, types and shapes, the
writing of files, and what imports other modules by name."""

TENSORS = FLOORS.index(())


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def folder_of(path: Path) -> str:
    """The subpackage or module directly in the package that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def floor_of(name: str) -> int:
    return next((i for i, names in enumerate(FLOORS) if name in names), TENSORS)


def imported(path: Path, top_level: bool = False) -> Iterator[str]:
    """The full names that a file imports, ``from`` names included; at its top level, or all."""
    package = ("gpugrad", *path.relative_to(PACKAGE).parts[:-1])
    tree = ast.parse(path.read_text())
    nodes = (n for n in tree.body if not _is_type_checking(n)) if top_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *((node.module,) if node.module else ())))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def words(path: Path) -> set[str]:
    """The identifiers and strings of a file, without its comments and docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            found.add(str(node.value))
    return found


def names(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", modules(), ids=names)
def test_imports_go_down(path: Path) -> None:
    """At the top of a file; what is imported inside a function is there to break a circle."""
    if path == PACKAGE / "__init__.py":
        return
    own = floor_of(folder_of(path))
    for name in imported(path, top_level=True):
        parts = name.split(".")
        if parts[0] == "gpugrad" and len(parts) > 1:
            assert floor_of(parts[1]) >= own, f"{names(path)} imports {name} from a floor above"


def within(*folders: str) -> list[Path]:
    return [p for p in modules() if folder_of(p) in folders]


@pytest.mark.parametrize("path", within("autograd", "capture"), ids=names)
def test_the_engine_knows_no_op(path: Path) -> None:
    assert not [n for n in imported(path) if n.startswith("gpugrad.ops")]


@pytest.mark.parametrize("path", within("ops"), ids=names)
def test_ops_name_no_device(path: Path) -> None:
    found = [w for w in words(path) if "cuda" in w.lower() or "cupy" in w.lower()]
    assert not found


def test_only_the_backend_imports_cupy() -> None:
    users = {folder_of(p) for p in modules() if any(n.startswith("cupy") for n in imported(p))}
    assert users <= {"backend"}


@pytest.mark.parametrize("path", within("nn", "optim"), ids=names)
def test_models_know_no_arrays(path: Path) -> None:
    libraries = {n.split(".")[0] for n in imported(path)}
    assert not libraries & {"numpy", "cupy"}
