"""Users and items: embeddings whose dot products are the ratings."""

import torch
from torch import nn

torch.manual_seed(9)
users, items, rank = 8, 6, 3
truth = torch.randn(users, rank) @ torch.randn(rank, items)
mask = torch.rand(users, items) < 0.7
u_idx, i_idx = mask.nonzero(as_tuple=True)
ratings = truth[u_idx, i_idx]
print(mask.sum(), ratings[:5], u_idx[:5])


class MF(nn.Module):
    def __init__(self, n_users, n_items, n_factors=3):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.item_factors = nn.Embedding(n_items, n_factors)
        self.user_bias = nn.Embedding(n_users, 1)
        nn.init.zeros_(self.user_bias.weight)

    def forward(self, user, item):
        return (self.user_factors(user) * self.item_factors(item)).sum(1) + self.user_bias(
            user
        ).squeeze()


model = MF(users, items)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=1e-5)
for epoch in range(60):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(u_idx, i_idx), ratings)
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, f"{loss.item():.3f}")
print(
    model.user_factors.weight.grad.shape, model(torch.tensor([0]), torch.tensor([1])).shape, model
)
full = model.user_factors.weight @ model.item_factors.weight.t() + model.user_bias.weight
print(full.shape, full.argmax(dim=1), (full - truth)[mask].abs().mean() < 0.6)
U, S, Vh = torch.linalg.svd(truth)
print(
    S[:3],
    U.shape,
    Vh.shape,
    (U[:, :6] * S @ Vh - truth).abs().max() < 1e-4,
    torch.linalg.matrix_rank(truth),
)
emb = nn.Embedding(5, 2, padding_idx=0)
print(emb.weight[0], emb(torch.tensor([[0, 1], [2, 0]])).shape, emb)
emb(torch.tensor([0, 1, 1])).sum().backward()
print(emb.weight.grad)
fixed = nn.Embedding.from_pretrained(torch.eye(3))
print(
    fixed(torch.tensor([2, 0])),
    fixed.weight.requires_grad,
    nn.functional.embedding(torch.tensor([1]), torch.eye(2)),
)
print(
    nn.functional.cosine_similarity(full[0], full[1], dim=0).shape
    if hasattr(nn.functional, "cosine_similarity")
    else torch.Size([])
)
