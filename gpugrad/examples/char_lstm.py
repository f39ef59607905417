"""An LSTM learns English letter by letter, from the manual that comes with Python.

It reads a letter at a time and keeps what it needs of the past in its state. Drawing a batch,
forward, backward through time, clipping and the optimizer are one compiled step. At the end the
model writes, one letter and its state leading to the next; the picture shows the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options
from gpugrad.examples._text import Text, consecutive, pieces, train_and_write
from gpugrad.nn.functional import cross_entropy

LENGTH, SIZE = 64, 192
BATCH = 16


class Model(nn.Module):
    """From numbers of letters, (N, L), to scores for the one after each, (N, L, letters)."""

    def __init__(self, letters: int, size: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)
        self.head = nn.Linear(size, letters)

    def forward(self, text: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        hidden, state = self.lstm(self.letter(text), state)
        return self.head(hidden), state

    def continued(self, text: Tensor, count: int, temperature: float = 0.8) -> Tensor:
        """A text, (N, L), with ``count`` more letters, each drawn by its probability."""
        with gpugrad.no_grad():
            scores, state = self(text)
            for _ in range(count):
                letter = (scores[:, -1] / temperature).softmax(dim=-1).multinomial(1)
                text = gpugrad.cat([text, letter], dim=1)
                scores, state = self(letter, state)
        return text


def mean_loss(model: Model, text: Tensor) -> float:
    """The mean cross-entropy a letter over a whole text, read in 64 parts."""
    inputs, following = consecutive(text, (len(text) - 1) // 64)
    with gpugrad.no_grad():
        return float(cross_entropy(model(inputs)[0].flatten(0, 1), following.flatten()))


@program("gpugrad.examples.char_lstm")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=3000)
    gpugrad.manual_seed(options.seed)
    text = Text(options.device)
    model = Model(len(text.letters), SIZE).to(options.device)
    optimizer = gpugrad.optim.Adam(model.parameters(), lr=4e-3)
    schedule = gpugrad.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.steps)

    @options.compile
    def step() -> Any:
        letters, following = pieces(text.training, BATCH, LENGTH)
        optimizer.zero_grad()
        loss = cross_entropy(model(letters)[0].flatten(0, 1), following.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    train_and_write(options, "char-lstm", model, text, step, schedule, mean_loss)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
