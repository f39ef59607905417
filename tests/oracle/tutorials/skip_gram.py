"""word2vec: skip-gram with negative sampling on a few sentences."""

from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
sentences = (
    "the quick brown fox jumps over the lazy dog the dog sleeps while the fox runs over the hill "
    "a brown dog and a quick fox play near the hill while a lazy cat sleeps"
)
text = sentences.split()
counts = Counter(text)
vocabulary = sorted(counts, key=lambda w: (-counts[w], w))
index = {word: i for i, word in enumerate(vocabulary)}
print(len(vocabulary), vocabulary[:4])
pairs = torch.tensor(
    [
        (index[text[i]], index[text[j]])
        for i in range(len(text))
        for j in range(max(0, i - 2), min(len(text), i + 3))
        if i != j
    ]
)
frequency = torch.tensor([counts[w] for w in vocabulary], dtype=torch.float) ** 0.75
noise = frequency / frequency.sum()


class SkipGram(nn.Module):
    def __init__(self, words, size):
        super().__init__()
        self.center = nn.Embedding(words, size)
        self.context = nn.Embedding(words, size)
        nn.init.uniform_(self.center.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.context.weight)

    def forward(self, center, context, negative):
        c = self.center(center)
        positive = (c * self.context(context)).sum(1)
        others = torch.bmm(self.context(negative), c.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(positive) + F.logsigmoid(-others).sum(1)).mean()


model = SkipGram(len(vocabulary), 8)
optimizer = torch.optim.SGD(model.parameters(), lr=4.0)
for epoch in range(5):
    order, total = torch.randperm(len(pairs)), 0.0
    for part in order.split(32):
        center, context = pairs[part].unbind(1)
        negative = torch.multinomial(noise, len(part) * 3, replacement=True).view(len(part), 3)
        optimizer.zero_grad()
        loss = model(center, context, negative)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(part)
    print(f"epoch {epoch}: {total / len(pairs):.2f}")

vectors = F.normalize(model.center.weight.detach())
similarity = vectors @ vectors.T
values, found = similarity[index["fox"]].topk(4)
print([vocabulary[i] for i in found.tolist()], values.round(decimals=2))
