"""``DistributedSampler``: each of several processes goes through its part of a data set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...random import randperm
from ...random.generator import Generator
from .sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index from ``rank`` on, of all indices in an order for the epoch.

    Args:
        dataset: has a length.
        num_replicas: how many processes there are. There is no process group that could tell, so
            it must be given, and so must ``rank``.
        rank: which of them this is.
        shuffle: whether the order is random, by ``seed`` and the epoch.
        seed: the same in all processes.
        drop_last: leave out the last indices where they do not come out even; otherwise the first
            ones come again.

    Raises:
        RuntimeError: ``num_replicas`` or ``rank`` is not given.
        ValueError: ``rank`` is not below ``num_replicas``, or negative.

    >>> from gpugrad.utils.data import DistributedSampler
    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available")
        if rank >= num_replicas or rank < 0:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.epoch, self.seed, self.shuffle, self.drop_last = 0, seed, shuffle, drop_last
        count = len(dataset)
        even = drop_last and count % num_replicas
        self.num_samples = math.ceil((count - num_replicas if even else count) / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            order = randperm(count, generator=generator, device="cpu").tolist()
        else:
            order = list(range(count))
        if not self.drop_last:
            order = (order * math.ceil(self.total_size / max(count, 1)))[: self.total_size]
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes, so that its order is another one."""
        self.epoch = epoch
