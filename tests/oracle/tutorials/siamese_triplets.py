"""A Siamese network: contrastive and triplet losses, embeddings, nearest neighbours."""

import random

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(4)
random.seed(4)
digits = load_digits()
keep = digits.target < 4
images = torch.tensor(digits.data[keep][:160], dtype=torch.float32) / 16
labels = torch.tensor(digits.target[keep][:160])


class Triplets(Dataset):
    def __len__(self):
        return len(images)

    def __getitem__(self, i):
        same = (labels == labels[i]).nonzero().flatten().tolist()
        other = (labels != labels[i]).nonzero().flatten().tolist()
        return images[i], images[random.choice(same)], images[random.choice(other)]


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 32), nn.PReLU(), nn.Linear(32, 4))

    def forward(self, x):
        return F.normalize(self.net(x), p=2, dim=1)


encoder = Encoder()
criterion = nn.TripletMarginLoss(margin=0.5, p=2)
optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
for epoch in range(3):
    running = 0.0
    for anchor, positive, negative in DataLoader(Triplets(), batch_size=32, shuffle=True):
        loss = criterion(encoder(anchor), encoder(positive), encoder(negative))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"[{epoch + 1}] triplet loss {running / 5:.3f}")


def contrastive(a, b, different, margin=1.0):
    distance = F.pairwise_distance(a, b, keepdim=True)
    return torch.mean(
        (1 - different) * distance.pow(2)
        + different * torch.clamp(margin - distance, min=0.0).pow(2)
    )


with torch.no_grad():
    a, b = encoder(images[:20]), encoder(images[20:40])
    different = (labels[:20] != labels[20:40]).float().unsqueeze(1)
    print(f"contrastive {contrastive(a, b, different):.4f}")
    everything = encoder(images)
    distances = torch.cdist(everything[:40], everything[40:])
    nearest = labels[40:][distances.argmin(1)]
    print("accuracy", (nearest == labels[:40]).float().mean())
    k = distances.topk(3, largest=False).indices
    print(torch.mode(labels[40:][k], dim=1).values[:10])
pairs = nn.CosineSimilarity(dim=1)(a, b)
print(nn.CosineEmbeddingLoss(margin=0.2)(a, b, 1 - 2 * different.squeeze(1)), pairs.shape)
