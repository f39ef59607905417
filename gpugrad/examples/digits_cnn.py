"""A small convolutional network reads handwritten digits of 8x8 pixels.

Each batch is moved by up to one pixel, the learning rate rises and falls once, and the step is
compiled. The picture shows the loss and the share of misread digits by epoch, and the test digits
of which the network is least sure.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples import _digits
from gpugrad.examples._options import Options
from gpugrad.utils.data import DeviceLoader

BATCH = 64


class Network(nn.Module):
    """Two convolutions, each followed by pooling, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classify = nn.Sequential(
            nn.Flatten(), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.features(images))
        return logits


def moved(images: Tensor) -> Tensor:
    """Each batch one pixel up, down, left or right, or where it is."""
    row, column = gpugrad.randint(0, 3, (2,)).tolist()
    padded: Tensor = nn.functional.pad(images, (1, 1, 1, 1))
    part: Tensor = padded[..., row : row + 8, column : column + 8].contiguous()
    return part


def probabilities(model: Network, images: Tensor) -> Tensor:
    """What the network gives for each image and class, in use rather than in training."""
    model.eval()
    with gpugrad.no_grad():
        shares: Tensor = model(images).softmax(dim=1)
    return shares


def accuracy(model: Network, digits: _digits.Digits) -> float:
    """The share of digits that are read correctly."""
    read = probabilities(model, digits.images).argmax(dim=1)
    return float((read == digits.labels).float().mean().item())


@program("gpugrad.examples.digits_cnn")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, epochs=30)
    train, test = _digits.load(options.device)
    gpugrad.manual_seed(options.seed)
    model = Network().to(options.device)
    batches = DeviceLoader(tuple(train), batch_size=BATCH, shuffle=True, drop_last=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = gpugrad.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = gpugrad.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=5e-3, total_steps=options.epochs * len(batches), cycle_momentum=False
    )

    @options.compile
    def step(images: Tensor, labels: Tensor) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    started = time.perf_counter()
    losses, shares = [], []
    with options.training("digits-cnn") as show:
        for epoch in range(1, options.epochs + 1):
            model.train()
            total = gpugrad.zeros((), device=options.device)
            for images, labels in batches:
                total += step(moved(images), labels)
                schedule.step()
            losses.append(total.item() / len(batches))
            shares.append(accuracy(model, test))
            show(epoch, loss=losses[-1], test_accuracy=f"{shares[-1]:.2%}")
    seconds = time.perf_counter() - started

    count, wrong = sum(p.numel() for p in model.parameters()), 1 - shares[-1]
    print(f"digits-cnn on {options.device}: {count:,} parameters, {seconds:.1f} s")
    print(
        f"test accuracy {shares[-1]:.2%}: {round(wrong * len(test.labels))} of "
        f"{len(test.labels)} misread"
    )

    def draw(axes: Any) -> None:
        axes[0, 0].plot(losses)
        axes[0, 0].set(title="training loss", xlabel="epoch")
        axes[1, 0].semilogy([100 * (1 - share) for share in shares], color="tab:red")
        axes[1, 0].set(title="misread in %", xlabel="epoch")
        sure, read = probabilities(model, test.images).max(dim=1)
        unsure = sure.argsort().tolist()
        for i, axis in zip(unsure, axes[:, 1:].flat, strict=False):
            axis.imshow(test.images[i, 0].cpu().numpy(), cmap="gray_r")
            axis.set_title(
                f"{int(test.labels[i])} read as {int(read[i])}, {sure[i].item():.0%} sure"
            )
            axis.axis("off")

    options.draw(draw, panels=(2, 4), size=(9, 4))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
