"""Tensors made in inference mode."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest

import gpugrad
from gpugrad.autograd import engine


def test_made_inside() -> None:
    outside = gpugrad.ones(2, requires_grad=True)
    with gpugrad.inference_mode():
        made = gpugrad.ones(2)
        results = [made, made * 2, made.view(2, 1), outside * 2]
        view = outside.view(2, 1)
        with gpugrad.inference_mode(False):
            ordinary = gpugrad.ones(2)
            assert gpugrad.is_grad_enabled()
    assert all(t.is_inference() for t in results)
    assert not any(t.is_inference() for t in (outside, view, ordinary, made.clone()))
    assert gpugrad.is_inference(made)
    assert engine._new is object.__new__  # nothing is left behind


def test_what_they_refuse() -> None:
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
    with pytest.raises(RuntimeError, match="do not track version counter"):
        _ = x._version
    with pytest.raises(RuntimeError, match="outside InferenceMode is not allowed"):
        x.requires_grad_()


def test_other_threads_make_ordinary_tensors() -> None:
    found: list[bool] = []
    with gpugrad.inference_mode():
        thread = threading.Thread(target=lambda: found.append(gpugrad.ones(1).is_inference()))
        thread.start()
        thread.join()
    assert found == [False]


def test_copies_are_ordinary() -> None:
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
    x.note = "mine"
    for made in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert not made.is_inference()
        assert made.note == "mine"
