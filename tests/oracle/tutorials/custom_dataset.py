"""A data set class, loaders, splits, collation and transforms."""

import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, random_split


class Squares(Dataset):
    def __init__(self, n, transform=None):
        self.n = n
        self.transform = transform

    def __len__(self):
        return self.n

    def __getitem__(self, idx):
        sample = {"x": torch.tensor([float(idx)]), "y": idx**2, "name": f"item{idx}"}
        return self.transform(sample) if self.transform else sample


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, sample):
        sample["x"] = sample["x"] * self.factor
        return sample


data = Squares(10, transform=Scale(0.1))
print(len(data), data[3])
loader = DataLoader(data, batch_size=4, shuffle=False, num_workers=0)
for i, batch in enumerate(loader):
    print(i, batch["x"].shape, batch["y"], batch["name"])
torch.manual_seed(5)
for batch in DataLoader(data, batch_size=5, shuffle=True, drop_last=True):
    print(batch["y"].tolist())
first = next(iter(loader))
print(first.keys(), first["y"].dtype, len(loader))
train, val = random_split(data, [8, 2], generator=torch.Generator().manual_seed(42))
print(len(train), val.indices, [s["y"] for s in val], type(train).__name__)
print(
    [len(s) for s in random_split(range(10), [0.5, 0.3, 0.2])], list(Subset(range(10, 20), [0, 3]))
)
both = ConcatDataset([data, Squares(3)])
print(len(both), both[11]["y"])


def collate(samples):
    xs = torch.cat([s["x"] for s in samples])
    return xs, torch.tensor([s["y"] for s in samples])


for xs, ys in DataLoader(data, batch_size=6, collate_fn=collate):
    print(xs, ys)
pairs = [(i, float(i) / 2) for i in range(5)]
for a, b in DataLoader(pairs, batch_size=3):
    print(a, b, b.dtype)
sampler = torch.utils.data.WeightedRandomSampler([0.0, 1.0, 0.0], num_samples=4)
print(list(sampler), list(torch.utils.data.BatchSampler(range(5), 2, False)))


class Numbers(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(7))


print([b.tolist() for b in DataLoader(Numbers(), batch_size=3)])
for bad in (
    lambda: DataLoader(data, batch_size=0),
    lambda: DataLoader(data, shuffle=True, sampler=sampler),
    lambda: random_split(data, [3, 3]),
    lambda: torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3)),
    lambda: next(iter(DataLoader([torch.ones(2), torch.ones(3)], batch_size=2))),
    lambda: next(iter(DataLoader([object()]))),
):
    try:
        bad()
    except (ValueError, AssertionError, RuntimeError, TypeError) as error:
        print(type(error).__name__, error)
