"""k-means and nearest neighbours with tensor operations only."""

import torch

torch.manual_seed(4)
points = torch.cat(
    [torch.randn(20, 2) * 0.3 + torch.tensor(c) for c in ([0.0, 0.0], [3.0, 3.0], [0.0, 4.0])]
)
perm = torch.randperm(points.size(0))
centers = points[perm[:3]].clone()
print(perm[:6], centers)
for iteration in range(10):
    distances = torch.cdist(points, centers)
    assignment = distances.argmin(dim=1)
    counts = torch.bincount(assignment, minlength=3)
    sums = torch.zeros(3, 2).index_add_(0, assignment, points)
    new = sums / counts.clamp(min=1).unsqueeze(1)
    shift = (new - centers).norm(dim=1).max()
    centers = new
    print(iteration, counts.tolist(), f"{shift:.3f}")
    if shift < 1e-4:
        break
order = centers.sum(1).argsort()
print(centers[order], assignment.unique(sorted=True, return_counts=True))
print(torch.stack([points[assignment == k].mean(0) for k in order]))
inertia = distances.gather(1, assignment[:, None]).square().sum()
print(f"inertia {inertia:.3f}")
values, indices = torch.cdist(points[:2], points).topk(4, dim=1, largest=False)
print(values, indices)
gram = points @ points.T
sq = gram.diag()
print(
    torch.allclose(
        (sq[:, None] + sq[None] - 2 * gram).clamp(min=0).sqrt(),
        torch.cdist(points, points),
        atol=1e-2,
    )
)
onehot = torch.nn.functional.one_hot(assignment, 3).float()
print(onehot.T @ points / onehot.sum(0)[:, None], onehot.sum(0))
print(torch.scatter_add(torch.zeros(3), 0, assignment, torch.ones(60)), points.median(dim=0).values)
cov = (points - points.mean(0)).T @ (points - points.mean(0)) / (len(points) - 1)
eigenvalues, eigenvectors = torch.linalg.eigh(cov)
print(cov, eigenvalues, eigenvectors.abs())
print(
    torch.histc(points[:, 0], bins=4, min=-1, max=4),
    torch.cumsum(counts, 0),
    counts.sort(descending=True),
)
