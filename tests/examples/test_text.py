"""The examples on text: a GPT and an LSTM that write, and a GPT that adds."""

from __future__ import annotations

import pydoc_data.topics
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.examples import _text, adder_gpt, char_gpt, char_lstm
from gpugrad.nn.functional import cross_entropy

CPU = gpugrad.device("cpu")


@pytest.fixture
def short_text(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "the quick brown fox jumps over the lazy dog; " * 60
    monkeypatch.setattr(pydoc_data.topics, "topics", {"b": words, "a": words.upper()})


def test_a_text_as_numbers_and_back(short_text: None) -> None:
    text = _text.Text(CPU)
    assert text.decoded(text.training[:9].tolist()) == "THE QUICK"
    assert text.decoded(text.test.tolist()).endswith("the lazy dog; ")
    assert len(text.training) + len(text.test) == 5401
    assert text.letters[:3] == "\n ;"


def test_pieces_are_followed_by_what_comes_next() -> None:
    numbers = gpugrad.arange(20)
    gpugrad.manual_seed(0)
    inputs, following = _text.pieces(numbers, 50, 5)
    assert inputs.shape == following.shape == (50, 5)
    assert bool((following == inputs + 1).all())
    assert (int(inputs.min()), int(following.max())) == (0, 19)
    inputs, following = _text.consecutive(numbers, 6)
    assert inputs.flatten().tolist() == list(range(18))
    assert following.flatten().tolist() == list(range(1, 19))


@pytest.mark.parametrize("program", [char_gpt, char_lstm])
def test_two_steps(
    program: ModuleType,
    short_text: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("matplotlib")
    model = program.GPT if program is char_gpt else program.Model
    continued = model.continued
    monkeypatch.setattr(model, "continued", lambda self, text, count: continued(self, text, 5))
    picture, printed = tmp_path / "plot.png", []
    for options in (("--plot", str(picture)), ("--no-compile",)):
        assert program.main(["--device", "cpu", "--steps", "2", *options]) == 0
        printed.append(capsys.readouterr().out)
    assert picture.read_bytes().startswith(b"\x89PNG")
    first, second = (re.findall(r"loss (?:on the test text )?([\d.]+)", text) for text in printed)
    assert first == second  # compiled and not
    assert len(first) == 3
    assert float(first[0]) == pytest.approx(3.9, abs=0.7)  # log 52


MODELS: dict[str, Callable[[], Any]] = {
    "gpt": lambda: char_gpt.GPT(11, 8, width=16, heads=2, layers=2),
    "lstm": lambda: char_lstm.Model(11, 16),
}


def as_it_is(step: Any) -> Any:
    return step


@pytest.mark.parametrize("name", MODELS)
def test_learns_on_every_device(name: str, device: str) -> None:
    """Compiled steps on a device compute what steps as written do on the CPU."""
    runs = []
    text = gpugrad.arange(44).reshape(4, 11) % 11
    for place, prepare in (("cpu", as_it_is), (device, gpugrad.compile)):
        gpugrad.manual_seed(0)
        model = MODELS[name]().to(place)
        optimizer = gpugrad.optim.AdamW(model.parameters(), lr=1e-2)
        here = text.to(place)[:, :9]

        def step(here: Any = here, model: nn.Module = model, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            scores = model(here[:, :-1])
            scores = scores[0] if isinstance(scores, tuple) else scores
            loss = cross_entropy(scores.flatten(0, 1), here[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            return loss.detach()

        run: Any = prepare(step)
        runs.append([run().item() for _ in range(4)])
    assert runs[1] == pytest.approx(runs[0], rel=1e-4)
    assert runs[0][3] < runs[0][0]


@pytest.mark.parametrize("name", MODELS)
def test_no_letter_is_seen_before_its_turn(name: str) -> None:
    gpugrad.manual_seed(0)
    model = MODELS[name]()
    text = gpugrad.tensor([[1, 2, 3, 4, 5, 6]])
    other = gpugrad.tensor([[1, 2, 3, 9, 9, 9]])
    one, two = (model(t) for t in (text, other))
    one, two = (t[0] if isinstance(t, tuple) else t for t in (one, two))
    assert gpugrad.allclose(one[:, :3], two[:, :3])
    assert not gpugrad.allclose(one[:, 3:], two[:, 3:])


@pytest.mark.parametrize("name", MODELS)
def test_a_text_is_continued(name: str) -> None:
    gpugrad.manual_seed(0)
    start = gpugrad.tensor([[1, 2], [3, 4]])
    longer = MODELS[name]().continued(start, 12)
    assert longer.shape == (2, 14)
    assert longer[:, :2].tolist() == start.tolist()


def test_exercises_are_right() -> None:
    gpugrad.manual_seed(0)
    rows = adder_gpt.sums(CPU).tolist()
    assert len({tuple(row) for row in rows}) == 10_000
    for row in rows[:100]:
        exercise = adder_gpt.shown(row, row[adder_gpt.QUESTION :])
        first, second, total = re.fullmatch(r"(\d\d)\+(\d\d)=(\d\d\d?)", exercise).groups()  # type: ignore[union-attr]
        assert int(first) + int(second) == int(total)


def test_two_steps_of_the_adder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plot.png"
    assert adder_gpt.main(["--device", "cpu", "--steps", "2", "--plot", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"step 2/2  loss \d\.\d+  exact \d\.\d%", printed)
    assert re.search(r"[\d.]+% of 1000 sums that it has not seen are exact", printed)
    assert picture.read_bytes().startswith(b"\x89PNG")
