"""NumPy in, NumPy out."""

import numpy as np
import torch

a = np.array([[1.0, 2.0], [3.0, 4.0]])
t = torch.from_numpy(a)
print(t, t.dtype, torch.tensor(a, dtype=torch.float32), torch.Tensor(a))
a[0, 0] = 9
print(t[0, 0], t.numpy() is not None, np.shares_memory(t.numpy(), a))
print(
    torch.tensor(np.int32(5)),
    torch.tensor(np.float64(2.5)),
    torch.tensor([np.float32(1.5), np.float32(2)]),
)
print(np.array(t), np.asarray(t).dtype, np.sum(t.numpy(), axis=0), np.mean(np.array([1.0, 3.0])))
print(
    torch.ones(2).numpy().dtype, torch.arange(3).numpy().dtype, torch.tensor([True]).numpy().dtype
)
w = torch.ones(2, requires_grad=True)
try:
    w.numpy()
except RuntimeError as error:
    print(error)
print(w.detach().numpy(), w.detach().cpu().numpy().tolist(), w.data.numpy(), w.numpy(force=True))
print(t * np.float64(2), t + a, torch.add(t, 1), np.sqrt(t.numpy()).round(3))
print(
    t.float().numpy().astype(int),
    torch.from_numpy(a.T).is_contiguous(),
    torch.from_numpy(a.T.copy()).stride(),
)
print(
    torch.tensor([np.array([1, 2]), np.array([3, 4])]),
    torch.as_tensor([1, 2.5]),
    torch.tensor(range(3)),
)
print(torch.stack([torch.from_numpy(row) for row in a]), list(t[0]), [float(v) for v in t[1]])
print(torch.from_numpy(np.random.RandomState(0).rand(2)).float(), np.random.rand(2).shape)
print(t.shape == a.shape, tuple(t.shape), t.size() == torch.Size([2, 2]), a.shape[0] == t.size(0))
print(
    isinstance(t, torch.Tensor),
    isinstance(w, torch.nn.Parameter),
    type(t),
    isinstance(t, torch.DoubleTensor) if False else t.type(),
)
print(
    f"{t.mean().item():.3f} {t.mean():.3f} {t.sum():>8.2f} {int(t.sum())} {t[0, 1]:d}"
    if False
    else f"{t.mean().item():.3f} {t.mean():.3f}"
)
print(np.allclose(t.numpy(), a), torch.allclose(t, torch.from_numpy(a)), (t.numpy() == a).all())
for bad in (
    lambda: torch.from_numpy([1, 2]),
    lambda: torch.from_numpy(np.array(["a"])),
    lambda: torch.tensor(np.array([None])),
    lambda: torch.from_numpy(np.array([1, 2, 3])[::-1]),
    lambda: torch.tensor({1: 2}),
    lambda: torch.tensor([1, "a"]),
    lambda: torch.tensor(None),
    lambda: torch.ones(2).item(),
    lambda: bool(torch.ones(2)),
    lambda: float(torch.ones(2)),
    lambda: len(torch.tensor(1)),
    lambda: list(torch.tensor(1)),
    lambda: torch.ones(2, 3).numpy().foo,
    lambda: torch.ones(2).foo,
):
    try:
        print(bad())
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        print(type(error).__name__, str(error).split(" The only")[0])
