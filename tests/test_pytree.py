"""Trees of containers taken apart and put together."""

from __future__ import annotations

from collections import namedtuple

import pytest

from gpugrad.utils import _pytree as pytree

Point = namedtuple("Point", "x y")
TREE = {"b": 1, "a": [2, (3, None)], "p": Point(4, 5)}


def test_there_and_back() -> None:
    leaves, spec = pytree.tree_flatten(TREE)
    assert leaves == [1, 2, 3, None, 4, 5] == pytree.tree_leaves(TREE)
    assert spec.num_leaves == 6
    again = pytree.tree_unflatten(leaves, spec)
    assert again == TREE
    assert isinstance(again["p"], Point)
    with pytest.raises(ValueError, match="`leaves` has length 1 but the spec refers to a pytree"):
        pytree.tree_unflatten([1], spec)


def test_maps() -> None:
    assert pytree.tree_map(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    assert pytree.tree_map_only(int, lambda x: -x, [1, "a"]) == [-1, "a"]
    assert pytree.tree_map_only(lambda x: x == 1, lambda x: 0, [1, 2]) == [0, 2]
    assert not pytree.tree_all(lambda x: x is not None, TREE)
    assert pytree.tree_any(lambda x: x is None, TREE)
    with pytest.raises(ValueError, match="mismatch"):
        pytree.tree_map(lambda a, b: a, [1], [1, 2])


def test_forms_print_and_compare() -> None:
    assert repr(pytree.tree_structure(3)) == "*"
    assert repr(pytree.tree_structure([1, (2,)])) == (
        "TreeSpec(list, None, [*,\n  TreeSpec(tuple, None, [*])])"
    )
    assert pytree.tree_structure([1]) == pytree.tree_structure([2]) != pytree.tree_structure((2,))
