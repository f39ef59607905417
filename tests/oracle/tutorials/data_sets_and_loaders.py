"""Data sets of all kinds, samplers, collate functions, workers, and the errors of loaders."""

import collections
import math
import random

import numpy as np
import torch
from torch.utils import data
from torch.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n, transform=None):
        self.n, self.transform = n, transform

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError
        s = {
            "x": torch.tensor([i, i * i], dtype=torch.float32),
            "y": i % 3,
            "name": f"s{i}",
            "f": i / 2,
            "np": np.arange(2) * i,
            "nested": (i, [i, {"k": i}]),
        }
        return self.transform(s) if self.transform else s


ds = Squares(7)
for b in DataLoader(ds, 3):
    print(b)
print(len(DataLoader(ds, 3)), len(DataLoader(ds, 3, drop_last=True)), len(ds), [s["y"] for s in ds])
g = torch.Generator().manual_seed(3)
print(
    [b["name"] for b in DataLoader(ds, 2, shuffle=True, generator=g)],
    [b["name"] for b in DataLoader(ds, 2, shuffle=True)],
)
torch.manual_seed(5)
print([b["y"].tolist() for b in DataLoader(ds, 4, shuffle=True)], torch.rand(1))
print(
    list(WeightedRandomSampler([0.1, 0.9, 0.5], 6, generator=g)),
    list(RandomSampler(range(5), replacement=True, num_samples=4, generator=g)),
    list(SequentialSampler(range(3))),
    list(SubsetRandomSampler([3, 1, 4], generator=g)),
    list(BatchSampler(SequentialSampler(range(7)), 3, False)),
    list(RandomSampler(range(4), generator=g)),
)
tr, va, te = random_split(ds, [0.5, 0.3, 0.2], generator=torch.Generator().manual_seed(42))
print(tr.indices, va.indices, te.indices, len(tr), tr[0]["name"], type(tr).__name__)
c = ConcatDataset([Squares(2), Squares(3)])
print(len(c), c[3]["name"], c[-1]["name"], c.cumulative_sizes, len(Squares(2) + Squares(1)))
td = TensorDataset(torch.arange(8.0).view(4, 2), torch.arange(4))
for i, (x, y) in enumerate(DataLoader(td, batch_size=2, num_workers=2)):
    print(i, x, y)


class Stream(IterableDataset):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __iter__(self):
        w = get_worker_info()
        if w is None:
            return iter(range(self.a, self.b))
        per = math.ceil((self.b - self.a) / w.num_workers)
        s = self.a + w.id * per
        return iter(range(s, min(s + per, self.b)))


print(
    list(DataLoader(Stream(3, 10), batch_size=2)),
    list(DataLoader(Stream(3, 10), num_workers=2, batch_size=2)),
    list(DataLoader(Stream(0, 3), batch_size=None)),
    list(DataLoader(ds, batch_size=None))[1]["x"],
)


def pad(batch):
    xs, ys = zip(*batch)
    l = torch.tensor([len(x) for x in xs])
    return (
        torch.nn.utils.rnn.pad_sequence(xs, batch_first=True, padding_value=-1),
        l,
        torch.stack(ys),
    )


seqs = [(torch.arange(n), torch.tensor(n)) for n in (3, 1, 2, 5)]
for a, l, y in DataLoader(seqs, 2, collate_fn=pad):
    print(a, l, y)
for a in DataLoader(["a", "b", "c"], 2):
    print(a)
for a in DataLoader([1, 2, 3], 2):
    print(a)
for a in DataLoader([1.5, 2.0, 3], 2):
    print(a, a.dtype)
for a in DataLoader([True, False], 2):
    print(a)
for a in DataLoader(torch.arange(4), 2):
    print(a)
for a in DataLoader(np.arange(4.0), 2):
    print(a)
for a in DataLoader(list(zip(range(3), "abc")), 2):
    print(a)
P = collections.namedtuple("P", "x y")
for a in DataLoader([P(1, 2.0), P(3, 4.0)], 2):
    print(a)


class Bucket(Sampler):
    def __init__(self, lengths, bs):
        self.lengths, self.bs = lengths, bs

    def __iter__(self):
        idx = sorted(range(len(self.lengths)), key=lambda i: self.lengths[i])
        bs = [idx[i : i + self.bs] for i in range(0, len(idx), self.bs)]
        random.Random(0).shuffle(bs)
        yield from bs

    def __len__(self):
        return (len(self.lengths) + self.bs - 1) // self.bs


dl = DataLoader(seqs, batch_sampler=Bucket([len(s[0]) for s in seqs], 2), collate_fn=pad)
print(
    len(dl),
    [b[0].shape for b in dl],
    dl.batch_size,
    dl.dataset is seqs,
    type(dl.sampler).__name__,
    dl.num_workers,
    dl.pin_memory,
    dl.drop_last,
)
dl = DataLoader(
    ds, 2, num_workers=2, persistent_workers=True, worker_init_fn=lambda i: None, prefetch_factor=3
)
print([b["y"].tolist() for _ in range(2) for b in dl], dl.prefetch_factor)


class Broken(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 2:
            raise ValueError("bad sample")
        return i


try:
    list(DataLoader(Broken(), 2))
except ValueError as e:
    print(e)
try:
    list(DataLoader(Broken(), 2, num_workers=1))
except ValueError as e:
    print(str(e).splitlines()[0], "|", str(e).splitlines()[-1])
it = iter(DataLoader(td, 3))
print(next(it))
print(next(it))
try:
    next(it)
except StopIteration:
    print("stop")
try:
    DataLoader(ds, num_workers=0, prefetch_factor=2)
except ValueError as e:
    print(e)
try:
    DataLoader(Stream(0, 2), shuffle=True)
except ValueError as e:
    print(e)
try:
    DataLoader(ds, batch_size=2, batch_sampler=[[0]])
except ValueError as e:
    print(e)
try:
    DataLoader(ds, 2).batch_size = 3
except ValueError as e:
    print(e)
try:
    random_split(ds, [0.5, 0.6])
except ValueError as e:
    print(e)
try:
    len(DataLoader(Stream(0, 2)))
except TypeError as e:
    print(e)
try:
    next(iter(DataLoader([torch.ones(2), torch.ones(3)], 2)))
except RuntimeError as e:
    print(e)
try:
    next(iter(DataLoader([{"a": 1}, {"b": 1}], 2)))
except KeyError as e:
    print(repr(e))
try:
    next(iter(DataLoader([(1, 2), (1,)], 2)))
except RuntimeError as e:
    print(e)


class NoLen(Dataset):
    pass


try:
    NoLen()[0]
except NotImplementedError as e:
    print(repr(e))
try:
    DataLoader(NoLen())
except TypeError as e:
    print(e)
print(
    default_collate([torch.ones(1), torch.zeros(1)]),
    default_collate([(1, 2.0), (3, 4.0)]),
    default_collate([{"a": [1, 2]}, {"a": [3, 4]}]),
    default_convert([1, np.ones(2)]),
)
sd = data.StackDataset(a=[1, 2], b=torch.ones(2))
print(sd[0], len(sd), data.StackDataset([1, 2], [3, 4])[1])


class Chain(IterableDataset):
    def __iter__(self):
        yield from (1, 2)


print(list(ChainDataset([Chain(), Chain()])), list(Chain() + Chain()))
print([b.is_pinned() for b in DataLoader(torch.arange(2), 2, pin_memory=True)])
