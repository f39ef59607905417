"""An autoencoder squeezes handwritten digits of 64 pixels into eight numbers and draws them again.

The encoder convolves with stride 2, the decoder with transposed convolutions; both learn from the
squared error alone. For comparison: as far as the mean of all digits is from each digit, and the
best eight directions of a linear map, the principal components. The picture shows test digits
above what comes back.
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

CODE = 8
BATCH = 64
SHOWN = 12  # digits in the picture


class Autoencoder(nn.Module):
    """8x8 pixels to ``CODE`` numbers, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.GELU(),
            nn.Flatten(), nn.Linear(256, CODE),
        )  # fmt: skip
        self.decode = nn.Sequential(
            nn.Linear(CODE, 256), nn.GELU(), nn.Unflatten(1, (64, 2, 2)),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.GELU(),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        drawn: Tensor = self.decode(self.encode(images))
        return drawn


def linear_errors(train: Tensor, test: Tensor) -> tuple[float, float]:
    """The squared errors that the mean digit makes, and ``CODE`` principal components."""
    mean = train.flatten(1).mean(dim=0)
    directions = gpugrad.linalg.svd(train.flatten(1) - mean, full_matrices=False)[2][:CODE]
    apart = test.flatten(1) - mean
    left = apart - apart @ directions.T @ directions
    return apart.square().mean().item(), left.square().mean().item()


@program("gpugrad.examples.autoencoder")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, epochs=60)
    train, test = _digits.load(options.device)
    gpugrad.manual_seed(options.seed)
    model = Autoencoder().to(options.device)
    batches = DeviceLoader(train.images, batch_size=BATCH, shuffle=True, drop_last=True)
    optimizer = gpugrad.optim.Adam(model.parameters(), lr=2e-3)
    schedule = gpugrad.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=options.epochs * len(batches)
    )

    @options.compile
    def step(images: Tensor) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(images), images)
        loss.backward()
        optimizer.step()
        return loss.detach()

    started = time.perf_counter()
    with options.training("autoencoder") as show:
        for epoch in range(1, options.epochs + 1):
            total = gpugrad.zeros((), device=options.device)
            for images in batches:
                total += step(images)
                schedule.step()
            show(epoch, squared_error=total / len(batches))
    seconds = time.perf_counter() - started

    with gpugrad.no_grad():
        drawn = model(test.images)
        error = nn.functional.mse_loss(drawn, test.images).item()
    by_mean, by_components = linear_errors(train.images, test.images)
    print(f"autoencoder on {options.device}: {options.epochs} epochs in {seconds:.1f} s")
    print(f"squared error of test pixels: {error:.4f} from {CODE} numbers")
    print(f"for comparison: {by_components:.4f} from {CODE} principal components, "
          f"{by_mean:.4f} from the mean digit")  # fmt: skip

    def draw(axes: Any) -> None:
        for row, images in zip(axes, (test.images, drawn), strict=True):
            for axis, image in zip(row, images[:SHOWN, 0].cpu().numpy(), strict=True):
                axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
                axis.axis("off")

    options.draw(draw, panels=(2, SHOWN), size=(SHOWN * 0.75, 1.8))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
