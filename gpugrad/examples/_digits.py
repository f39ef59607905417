"""scikit-learn's 1797 handwritten digits of 8x8 pixels, for the examples that learn from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import gpugrad
from gpugrad import Tensor
from gpugrad.cli.errors import optional


class Digits(NamedTuple):
    """Images of shape (N, 1, 8, 8) with values in 0 … 1, and labels of shape (N,)."""

    images: Tensor
    labels: Tensor


def load(device: gpugrad.device) -> tuple[Digits, Digits]:
    """1437 digits to train on and 360 to test on, with the same share of each class."""
    images, labels = optional("sklearn.datasets").load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    train_images, test_images, train_labels, test_labels = optional(
        "sklearn.model_selection"
    ).train_test_split(images, labels, test_size=0.2, random_state=0, stratify=labels)

    def digits(images: np.ndarray, labels: np.ndarray) -> Digits:
        tensors = gpugrad.from_numpy(images), gpugrad.from_numpy(labels.astype(np.int64))
        return Digits(*(t.to(device) for t in tensors))

    return digits(train_images, train_labels), digits(test_images, test_labels)
