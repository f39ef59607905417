"""A generator learns a ring of eight clusters from a critic that tells its points from real ones.

Such a pair easily circles for ever, or settles on a few of the clusters. What prevents it here is a
penalty on the critic's slope at real points (Mescheder, Geiger and Nowozin, "Which Training Methods
for GANs do actually Converge?", 2018): its loss has a gradient in it, so that its own gradient is
of second order. The picture shows real and generated points.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options
from gpugrad.nn.functional import softplus

CLUSTERS, SPREAD = 8, 0.05
NOISE = 4  # numbers that a generated point is made from
BATCH = 256
PENALTY = 0.001


def ring(device: gpugrad.device) -> Tensor:
    """The centres of the clusters, on a circle of radius 1."""
    angle = gpugrad.arange(CLUSTERS, device=device) * (2 * math.pi / CLUSTERS)
    centres: Tensor = gpugrad.stack([angle.cos(), angle.sin()], dim=1)
    return centres


def real_points(centres: Tensor, count: int) -> Tensor:
    """``count`` points, each around a random centre."""
    cluster = gpugrad.randint(0, CLUSTERS, (count,), device=centres.device)
    points: Tensor = centres[cluster] + SPREAD * gpugrad.randn(count, 2, device=centres.device)
    return points


def network(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
        nn.Linear(64, outputs),
    )  # fmt: skip


def fit(points: Tensor, centres: Tensor) -> tuple[float, list[float]]:
    """The share of points within three deviations of a cluster, and each cluster's share of it."""
    distance, cluster = gpugrad.cdist(points, centres).min(dim=1)
    near = distance < 3 * SPREAD
    counts = gpugrad.bincount(cluster[near], minlength=CLUSTERS)
    return near.float().mean().item(), (counts / counts.sum()).tolist()


@program("gpugrad.examples.gan")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=6000)
    gpugrad.manual_seed(options.seed)
    device, centres = options.device, ring(options.device)
    generator, critic = network(NOISE, 2).to(device), network(2, 1).to(device)
    of_generator, of_critic = (
        gpugrad.optim.Adam(model.parameters(), lr=1e-3, betas=(0.5, 0.99))
        for model in (generator, critic)
    )

    @options.compile
    def step() -> tuple[Any, Any]:
        """One step of the critic, which wants real points above zero, and one against it."""
        real = real_points(centres, BATCH).requires_grad_()
        made = generator(gpugrad.randn(BATCH, NOISE, device=device))
        judged = critic(real)
        (slope,) = gpugrad.autograd.grad(judged.sum(), real, create_graph=True)
        penalty = PENALTY / 2 * slope.square().sum(dim=1).mean()
        critic_loss = softplus(-judged).mean() + softplus(critic(made.detach())).mean() + penalty
        of_critic.zero_grad()
        critic_loss.backward()
        of_critic.step()

        generator_loss = softplus(-critic(made)).mean()
        of_generator.zero_grad()
        generator_loss.backward()
        of_generator.step()
        return critic_loss.detach(), generator_loss.detach()

    started = time.perf_counter()
    with options.training("gan") as show:
        for number in range(1, options.steps + 1):
            critic_loss, generator_loss = step()
            show(number, critic=critic_loss, generator=generator_loss)
    seconds = time.perf_counter() - started

    with gpugrad.no_grad():
        made = generator(gpugrad.randn(10_000, NOISE, device=device))
        real = real_points(centres, 10_000)
    near, shares = fit(made, centres)
    covered = sum(share > 0.5 / CLUSTERS for share in shares)
    print(f"gan on {device}: {options.steps} steps in {seconds:.1f} s")
    print(f"{covered} of {CLUSTERS} clusters covered, with {min(shares):.1%} to {max(shares):.1%}")
    print(f"within three deviations of a cluster: {near:.1%} of the generated points, "
          f"{fit(real, centres)[0]:.1%} of real ones")  # fmt: skip

    def draw(axes: Any) -> None:
        for axis, title, points in zip(axes, ("real", "generated"), (real, made), strict=True):
            axis.scatter(*points[:2000].T.cpu().numpy(), s=3, alpha=0.4)
            axis.set(title=title, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")

    options.draw(draw, panels=(1, 2), size=(8, 4))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
