"""English text that comes with Python, as numbers, and the training of models that write it.

The text is what ``help("topics")`` shows: Python's reference manual.
"""

from __future__ import annotations

import pydoc_data.topics
import time
from collections.abc import Callable
from typing import Any

import gpugrad
from gpugrad import Tensor
from gpugrad.examples._options import Options


class Text:
    """A text, and its letters as numbers.

    Attributes:
        letters: all that occur, in order; a letter's number is its place.
        training, test: the first nine tenths as numbers, and the last.
    """

    def __init__(self, device: gpugrad.device) -> None:
        text = "\n".join(body for _, body in sorted(pydoc_data.topics.topics.items()))
        self.letters = "".join(sorted(set(text)))
        numbers = gpugrad.tensor(self.encoded(text), device=device)
        end = len(text) * 9 // 10
        self.training, self.test = numbers[:end], numbers[end:]

    def encoded(self, text: str) -> list[int]:
        places = {letter: place for place, letter in enumerate(self.letters)}
        return [places[letter] for letter in text]

    def decoded(self, numbers: list[int]) -> str:
        return "".join(self.letters[number] for number in numbers)


def pieces(text: Tensor, count: int, length: int) -> tuple[Tensor, Tensor]:
    """Random pieces of a text, and of each the letters that follow its own: (count, length)."""
    start = gpugrad.randint(0, len(text) - length, (count, 1), device=text.device)
    place = start + gpugrad.arange(length, device=text.device)
    return text[place], text[place + 1]


def consecutive(text: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """The whole text in pieces, and of each the letters that follow its own."""
    count = (len(text) - 1) // length
    whole = text[: count * length + 1]
    return whole[:-1].reshape(count, length), whole[1:].reshape(count, length)


def train_and_write(
    options: Options,
    title: str,
    model: Any,
    text: Text,
    step: Callable[[], Any],
    schedule: Any,
    mean_loss: Callable[[Any, Tensor], float],
) -> None:
    """Train a model, say how good it is, let it write, and draw the loss.

    Args:
        model: continues a text by its method ``continued``.
        step: one step of training, which gives the loss.
        schedule: of the learning rate, stepped after every step.
        mean_loss: the loss a letter of a model on a text.
    """
    started, losses = time.perf_counter(), []
    with options.training(title) as show:
        for number in range(1, options.steps + 1):
            losses.append(step())
            schedule.step()
            show(number, loss=losses[-1])
        seconds = time.perf_counter() - started
        loss = mean_loss(model, text.test)
        start = gpugrad.tensor([text.encoded("\n")], device=options.device)
        sample = text.decoded(model.continued(start, 400)[0].tolist())

    count = sum(p.numel() for p in model.parameters())
    print(f"{title} on {options.device}: {count:,} parameters, {options.steps} steps in "
          f"{seconds:.1f} s")  # fmt: skip
    print(f"loss on the test text {loss:.3f}, of {len(text.letters)} letters; it writes:\n{sample}")

    def draw(axes: Any) -> None:
        axes.plot(gpugrad.stack(losses).tolist(), alpha=0.4, label="training")
        axes.axhline(loss, color="tab:red", label="test text, at the end")
        axes.set(xlabel="step", ylabel="cross-entropy a letter", title=title)
        axes.legend()

    options.draw(draw)
