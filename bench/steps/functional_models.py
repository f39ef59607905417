"""The small language models as functions of parameters, in NumPy's names, for JAX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import data
from .functional import Array, Parameters, Task


def char_gpt(xp: Any, erf: Callable[[Array], Array]) -> Task:
    """Two blocks of causal attention and gelu, AdamW; ``erf`` is the library's."""
    starts = data.gpt()
    names, each = list(starts), data.WIDTH // data.HEADS
    hidden = np.where(np.tri(data.CONTEXT, dtype=bool), 0, -np.inf).astype(np.float32)

    def heads(t: Array) -> Array:
        return xp.swapaxes(t.reshape(data.BATCH, data.CONTEXT, data.HEADS, each), 1, 2)

    def normalized(t: Array, scale: Array, shift: Array) -> Array:
        t = t - xp.mean(t, -1, keepdims=True)
        return t / xp.sqrt(xp.mean(t * t, -1, keepdims=True) + 1e-5) * scale + shift

    def block(x: Array, p: dict[str, Array], i: int) -> Array:
        inner = normalized(x, p[f"first_scale{i}"], p[f"first_shift{i}"]) @ p[f"mix{i}"].T
        query, key, value = (heads(part) for part in xp.split(inner, 3, -1))
        scores = query @ xp.swapaxes(key, 2, 3) / math.sqrt(each) + hidden
        weights = xp.exp(scores - xp.max(scores, -1, keepdims=True))
        seen = xp.swapaxes(weights / xp.sum(weights, -1, keepdims=True) @ value, 1, 2)
        x = x + seen.reshape(x.shape) @ p[f"join{i}"].T + p[f"join_bias{i}"]
        wide = normalized(x, p[f"second_scale{i}"], p[f"second_shift{i}"])
        wide = wide @ p[f"up{i}"].T + p[f"up_bias{i}"]
        bent = wide * 0.5 * (1 + erf(wide * math.sqrt(0.5)))
        return x + bent @ p[f"down{i}"].T + p[f"down_bias{i}"]

    def loss(parameters: Parameters, text: Array, following: Array) -> Any:
        p = dict(zip(names, parameters, strict=True))
        x = p["symbols"][text] + p["places"]
        for i in range(data.LAYERS):
            x = block(x, p, i)
        x = normalized(x, p["last_scale"], p["last_shift"])
        return _cross_entropy(xp, x @ p["head"].T + p["head_bias"], following)

    return Task(list(starts.values()), [data.text()], loss, "adam", decay=data.DECAY)


def lstm(xp: Any) -> Task:
    """An embedding, an LSTM and a linear layer, Adam."""
    starts = data.lstm()
    names = list(starts)

    def sigmoid(t: Array) -> Array:
        return 1 / (1 + xp.exp(-t))

    def loss(parameters: Parameters, text: Array, following: Array) -> Any:
        p = dict(zip(names, parameters, strict=True))
        from_input = p["symbols"][text] @ p["from_input"].T + p["input_bias"] + p["state_bias"]
        h = c = xp.zeros((data.BATCH, data.WIDTH), np.float32)
        states = []
        for t in range(data.CONTEXT):
            i, f, g, o = xp.split(from_input[:, t] + h @ p["from_state"].T, 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * xp.tanh(g)
            h = sigmoid(o) * xp.tanh(c)
            states.append(h)
        return _cross_entropy(xp, xp.stack(states, 1) @ p["head"].T + p["head_bias"], following)

    return Task(list(starts.values()), [data.text()], loss, "adam")


def _cross_entropy(xp: Any, scores: Array, following: Array) -> Any:
    scores = scores - xp.max(scores, -1, keepdims=True)
    picked = xp.take_along_axis(scores, following[..., None], -1)[..., 0]
    return xp.mean(xp.log(xp.sum(xp.exp(scores), -1)) - picked)
