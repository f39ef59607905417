"""A small GPT learns English letter by letter, from the manual that comes with Python.

The model is a decoder-only transformer: embeddings of letters and places, blocks of causal
attention and of a layer for each letter alone, both added to what goes in (Radford et al.,
"Language Models are Unsupervised Multitask Learners", 2019). Drawing a batch, forward, backward and
the optimizer are one compiled step. At the end the model writes; the picture shows the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options
from gpugrad.examples._text import Text, consecutive, pieces, train_and_write
from gpugrad.nn.functional import cross_entropy, scaled_dot_product_attention

CONTEXT, WIDTH, HEADS, LAYERS = 64, 96, 4, 3
BATCH = 16


class Block(nn.Module):
    """Attention among the letters so far, then a layer for each letter alone."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_mixing, self.before_thinking = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        heads = (batch, length, self.heads, width // self.heads)
        parts = self.mix(self.before_mixing(x)).chunk(3, dim=-1)
        query, key, value = (part.reshape(heads).transpose(1, 2) for part in parts)
        seen = scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.join(seen.transpose(1, 2).reshape(batch, length, width))
        out: Tensor = x + self.think(self.before_thinking(x))
        return out


class GPT(nn.Module):
    """From numbers of letters, (N, L), to scores for the one after each, (N, L, letters)."""

    def __init__(self, letters: int, context: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.context = context
        self.letter, self.place = nn.Embedding(letters, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, letters)
        for name, parameter in self.named_parameters():
            if name.endswith("weight") and parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02 if "place" in name else 0.05)

    def forward(self, text: Tensor) -> Tensor:
        place = gpugrad.arange(text.shape[1], device=text.device)
        scores: Tensor = self.head(self.norm(self.blocks(self.letter(text) + self.place(place))))
        return scores

    def continued(self, text: Tensor, count: int, temperature: float = 0.8) -> Tensor:
        """A text, (N, L), with ``count`` more letters, each drawn by its probability."""
        with gpugrad.no_grad():
            for _ in range(count):
                scores = self(text[:, -self.context :])[:, -1] / temperature
                text = gpugrad.cat([text, scores.softmax(dim=-1).multinomial(1)], dim=1)
        return text


def mean_loss(model: nn.Module, text: Tensor) -> float:
    """The mean cross-entropy a letter over a whole text."""
    inputs, following = consecutive(text, CONTEXT)
    with gpugrad.no_grad():
        parts = zip(inputs.split(64), following.split(64), strict=True)
        total = sum(len(x) * cross_entropy(model(x).flatten(0, 1), y.flatten()) for x, y in parts)
    return float(total) / len(inputs)


@program("gpugrad.examples.char_gpt")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=3000)
    gpugrad.manual_seed(options.seed)
    text = Text(options.device)
    model = GPT(len(text.letters), CONTEXT, WIDTH, HEADS, LAYERS).to(options.device)
    optimizer = gpugrad.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    schedule = gpugrad.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, total_steps=options.steps, pct_start=0.1, cycle_momentum=False
    )

    @options.compile
    def step() -> Any:
        letters, following = pieces(text.training, BATCH, CONTEXT)
        optimizer.zero_grad()
        loss = cross_entropy(model(letters).flatten(0, 1), following.flatten())
        loss.backward()
        optimizer.step()
        return loss.detach()

    train_and_write(options, "char-gpt", model, text, step, schedule, mean_loss)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
