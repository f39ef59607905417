"""The training steps of the contest by name, as gpugrad and PyTorch do them.

Peers with an interface of their own have as many of them as they can.
"""

from __future__ import annotations

from . import images, language_models, torch_api
from .torch_api import Make

STEPS: dict[str, Make] = {
    "xor": torch_api.xor,
    "not-gate": torch_api.not_gate,
    "regression": torch_api.regression,
    "mlp-sgd": torch_api.network("mlp-sgd"),
    "mlp-adam": torch_api.network("mlp-adam"),
    "mlp-wide": torch_api.network("mlp-wide"),
    "cnn": images.cnn,
    "attention": torch_api.attention,
    "char-gpt": language_models.char_gpt,
    "lstm": language_models.lstm,
    "sigmoid-mse": torch_api.sigmoid_mse,
    "optimizer": torch_api.optimizer,
    "hvp": torch_api.hessian_vector,
}
