"""Training steps of two small language models, written once against PyTorch's interface.

A GPT of two blocks and an LSTM predict the next of random symbols: as modules, with cross-entropy
and Adam, as a tutorial has them.
"""

from __future__ import annotations

from typing import Any

from ..contest import Step
from . import data
from .torch_api import How, Tools, with_optimizer


def char_gpt(torch: Any, device: str, how: How) -> Step:
    """Embeddings, two pre-normalized blocks of causal attention and gelu, AdamW."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.before_mixing = nn.LayerNorm(data.WIDTH)
            self.mix = nn.Linear(data.WIDTH, 3 * data.WIDTH, bias=False)
            self.join = nn.Linear(data.WIDTH, data.WIDTH)
            self.before_thinking = nn.LayerNorm(data.WIDTH)
            self.up = nn.Linear(data.WIDTH, 4 * data.WIDTH)
            self.down = nn.Linear(4 * data.WIDTH, data.WIDTH)

        def forward(self, x: Any) -> Any:
            batch, length, width = x.shape
            heads = (batch, length, data.HEADS, width // data.HEADS)
            parts = self.mix(self.before_mixing(x)).chunk(3, -1)
            query, key, value = (part.reshape(heads).transpose(1, 2) for part in parts)
            seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            x = x + self.join(seen.transpose(1, 2).reshape(x.shape))
            return x + self.down(functional.gelu(self.up(self.before_thinking(x))))

    class GPT(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.symbols = nn.Embedding(data.LETTERS, data.WIDTH)
            self.places = nn.Embedding(data.CONTEXT, data.WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(data.LAYERS)))
            self.last = nn.LayerNorm(data.WIDTH)
            self.head = nn.Linear(data.WIDTH, data.LETTERS)
            self.register_buffer("order", torch.arange(data.CONTEXT))

        def forward(self, text: Any) -> Any:
            x = self.symbols(text) + self.places(self.order)
            return self.head(self.last(self.blocks(x)))

    optimizer = torch.optim.AdamW
    return _predicting(torch, device, how, GPT(), data.gpt(), optimizer, weight_decay=data.DECAY)


def lstm(torch: Any, device: str, how: How) -> Step:
    """An embedding, ``nn.LSTM`` and a linear layer, Adam."""
    nn = torch.nn

    class Model(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.symbols = nn.Embedding(data.LETTERS, data.WIDTH)
            self.lstm = nn.LSTM(data.WIDTH, data.WIDTH, batch_first=True)
            self.head = nn.Linear(data.WIDTH, data.LETTERS)

        def forward(self, text: Any) -> Any:
            hidden, _ = self.lstm(self.symbols(text))
            return self.head(hidden)

    return _predicting(torch, device, how, Model(), data.lstm(), torch.optim.Adam)


def _predicting(
    torch: Any,
    device: str,
    how: How,
    model: Any,
    starts: dict[str, Any],
    optimizer: Any,
    **options: float,
) -> Step:
    """The step of a model that gives logits for the next symbol at every place."""
    tools = Tools(torch, device)
    model = model.to(device)
    with torch.no_grad():
        for p, start in zip(model.parameters(), starts.values(), strict=True):
            p.copy_(tools.constant(start))
    text, following = (tools.constant(a) for a in data.text())
    criterion = torch.nn.CrossEntropyLoss()

    def loss_of(text: Any, following: Any) -> Any:
        return criterion(model(text).reshape(-1, data.LETTERS), following.reshape(-1))

    parameters = list(model.parameters())
    return with_optimizer(
        loss_of,
        (text, following),
        optimizer(parameters, lr=data.ADAM_RATE, **options),
        tools.values(parameters),
        how,
    )
