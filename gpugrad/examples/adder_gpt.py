"""A small GPT learns to add two numbers of two digits, from examples written as text.

An exercise such as ``38+95=`` is to be continued by ``331``: the digits of 133, the last one first,
because in this order each digit only needs the carry of the one before. The model sees nine tenths
of the 10,000 sums and is asked the others. The picture shows the loss and the answers by step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options
from gpugrad.examples.char_gpt import GPT
from gpugrad.nn.functional import cross_entropy

LETTERS = "0123456789+="
QUESTION, ANSWER = 6, 3  # letters
BATCH = 256


def sums(device: gpugrad.device) -> Tensor:
    """All sums in random order, as rows of numbers of letters."""
    first, second = (
        n.flatten() for n in gpugrad.meshgrid(*[gpugrad.arange(100)] * 2, indexing="ij")
    )
    total, one = first + second, gpugrad.ones(10_000, dtype=gpugrad.int64)
    rows = gpugrad.stack([
        first // 10, first % 10, 10 * one, second // 10, second % 10, 11 * one,
        total % 10, total // 10 % 10, total // 100,
    ], dim=1)  # fmt: skip
    shuffled: Tensor = rows[gpugrad.randperm(len(rows))].to(device)
    return shuffled


def answers(model: GPT, rows: Tensor) -> Tensor:
    """What the model adds to the exercises, the likeliest letter each time."""
    text = rows[:, :QUESTION]
    with gpugrad.no_grad():
        for _ in range(ANSWER):
            text = gpugrad.cat([text, model(text)[:, -1:].argmax(dim=-1)], dim=1)
    added: Tensor = text[:, QUESTION:]
    return added


def exact(model: GPT, rows: Tensor) -> float:
    """The share of exercises whose answer is right in all digits."""
    return float((answers(model, rows) == rows[:, QUESTION:]).all(dim=1).float().mean())


def shown(row: Sequence[int], answer: Sequence[int]) -> str:
    """An exercise and an answer, as people write them."""
    digits = "".join(LETTERS[n] for n in answer)[::-1]
    return "".join(LETTERS[n] for n in row[:QUESTION]) + digits.removeprefix("0")


@program("gpugrad.examples.adder_gpt")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=1000)
    gpugrad.manual_seed(options.seed)
    rows = sums(options.device)
    training, test = rows[:9000], rows[9000:]
    model = GPT(len(LETTERS), QUESTION + ANSWER - 1, width=64, heads=4, layers=2).to(options.device)
    optimizer = gpugrad.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = gpugrad.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, total_steps=options.steps, pct_start=0.1, cycle_momentum=False
    )

    @options.compile
    def step() -> Any:
        batch = training[gpugrad.randint(0, len(training), (BATCH,), device=options.device)]
        optimizer.zero_grad()
        scores = model(batch[:, :-1])[:, QUESTION - 1 :]  # only the answer is to be learned
        loss = cross_entropy(scores.flatten(0, 1), batch[:, QUESTION:].flatten())
        loss.backward()
        optimizer.step()
        return loss.detach()

    started, losses, shares = time.perf_counter(), [], []
    every = max(1, options.steps // 30)
    with options.training("adder-gpt") as show:
        for number in range(1, options.steps + 1):
            losses.append(step())
            schedule.step()
            if number % every == 0:
                shares.append((number, exact(model, test)))
            show(number, loss=losses[-1], exact=f"{shares[-1][1]:.1%}" if shares else "?")
        seconds = time.perf_counter() - started
        share, found = exact(model, test), answers(model, test[:5])

    count = sum(p.numel() for p in model.parameters())
    print(f"adder-gpt on {options.device}: {count:,} parameters, {options.steps} steps in "
          f"{seconds:.1f} s")  # fmt: skip
    print(f"{share:.2%} of {len(test)} sums that it has not seen are exact")
    for row, answer in zip(test[:5].tolist(), found.tolist(), strict=True):
        print(shown(row, answer))

    def draw(axes: Any) -> None:
        axes[0].semilogy(gpugrad.stack(losses).tolist())
        axes[0].set(xlabel="step", title="training loss")
        axes[1].plot(*zip(*shares, strict=True), color="tab:red")
        axes[1].set(xlabel="step", title="share of exact sums, unseen ones")

    options.draw(draw, panels=(1, 2), size=(8, 3))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
