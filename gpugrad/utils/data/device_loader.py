"""A loader for data that fit into the memory of the device they are used on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...random import randperm
from ...random.generator import Generator
from ...tensor import Tensor
from .collate import default_collate
from .dataset import Subset, TensorDataset
from .sampler import draw_seed


class DeviceLoader:
    """An iterable over batches of tensors that lie on one device as a whole.

    Where a :class:`DataLoader` asks for samples one by one and copies batches to the device, this
    keeps all samples there. A pass over the data draws one permutation, on the device, and takes
    each batch by one gather of each tensor; without ``shuffle`` batches are views of the data.

    Args:
        dataset: a :class:`TensorDataset`, a :class:`Subset` of one, a tensor, a tuple of tensors,
            or any data set whose samples :func:`default_collate` puts together: they are asked for
            once, here.
        batch_size: samples in a batch.
        shuffle: go through the samples in a new random order each time; on the CPU that of a
            :class:`DataLoader` for the same seed.
        drop_last: leave out the last batch if it is smaller than the others.
        device: where the data go; by default where they are.
        generator: where the order comes from; of the data's device.

    Attributes:
        tensors: the data.

    Raises:
        ValueError: ``batch_size`` is not positive, or there are no samples.
        TypeError: the samples are no tensors, or a tuple or list of these.

    Yields:
        lists of tensors, as a :class:`DataLoader` of a :class:`TensorDataset` does; tensors if
        ``dataset`` is one.

    >>> import gpugrad
    >>> from gpugrad.utils.data import DeviceLoader
    >>> for batch, labels in DeviceLoader((gpugrad.ones(5, 2), gpugrad.arange(5)), batch_size=3):
    ...     print(tuple(batch.shape), labels)
    (3, 2) tensor([0, 1, 2])
    (2, 2) tensor([3, 4])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        if type(batch_size) is not int or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        self.single = isinstance(dataset, Tensor)
        tensors = tuple(t.detach() for t in _tensors_of(dataset))
        self.tensors = tensors if device is None else tuple(t.to(device) for t in tensors)
        sizes = {t.size(0) for t in self.tensors}
        if len(sizes) != 1 or 0 in sizes:
            raise ValueError(f"tensors of one size above zero expected, but got {sorted(sizes)}")
        if len({t.device for t in self.tensors}) != 1:
            raise ValueError("the tensors are not all on one device; give device=")
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.generator = generator

    @property
    def device(self) -> Any:
        """Where the data are."""
        return self.tensors[0].device

    def __len__(self) -> int:
        """The number of batches."""
        samples = int(self.tensors[0].size(0))
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        order = self._order() if self.shuffle else None
        for number in range(len(self)):
            part = slice(number * self.batch_size, (number + 1) * self.batch_size)
            if order is None:
                batch = [t[part] for t in self.tensors]
            else:
                index = order[part]
                batch = [t[index] for t in self.tensors]
            yield batch[0] if self.single else batch

    def _order(self) -> Tensor:
        samples = int(self.tensors[0].size(0))
        if self.device.type != "cpu":
            drawn: Tensor = randperm(samples, generator=self.generator, device=self.device)
            return drawn
        generator = self.generator
        # Drawn as a DataLoader and its RandomSampler draw.
        draw_seed(generator)
        if generator is None:
            generator = Generator()
            generator.manual_seed(draw_seed(None))
        order: Tensor = randperm(samples, generator=generator, device="cpu")
        # The sampler draws once more at its end.
        randperm(samples, generator=generator, device="cpu")
        return order


def _tensors_of(dataset: Any) -> tuple[Tensor, ...]:
    """All samples of a data set, as tensors whose first dimension counts them."""
    if isinstance(dataset, Tensor):
        return (dataset,)
    if type(dataset) is TensorDataset:
        return dataset.tensors
    if type(dataset) is Subset and type(dataset.dataset) is TensorDataset:
        chosen = list(dataset.indices)
        return tuple(t[chosen] for t in dataset.dataset.tensors)
    if isinstance(dataset, (tuple, list)) and all(isinstance(t, Tensor) for t in dataset):
        return tuple(dataset)
    whole = default_collate([dataset[i] for i in range(len(dataset))]) if len(dataset) else ()
    parts = (whole,) if isinstance(whole, Tensor) else tuple(whole)
    if not all(isinstance(part, Tensor) for part in parts):
        raise TypeError("the samples of a DeviceLoader are tensors or numbers, or tuples of these")
    return parts
