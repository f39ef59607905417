"""English text that comes with Python, as numbers, for the language models.

It is what ``help("topics")`` shows: Python's reference manual.
"""

from __future__ import annotations

import pydoc_data.topics

import gpugrad
from gpugrad import Tensor


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
