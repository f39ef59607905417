"""Texts as bags of words with sparse embeddings, and CTC for sequences without alignment."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
random.seed(1)
topics = [["ball", "team", "goal", "match", "coach"], ["stock", "bank", "market", "price", "trade"]]
filler = ["the", "a", "of", "and", "to", "in", "was"]
vocabulary = {w: i for i, w in enumerate(["<unk>", *filler, *topics[0], *topics[1]])}
texts = []
for _ in range(80):
    label = random.randrange(2)
    words = random.choices(topics[label], k=3) + random.choices(filler, k=random.randint(1, 5))
    random.shuffle(words)
    texts.append((label, " ".join(words)))
print(texts[0], len(vocabulary))


def collate(batch):
    labels, tokens, offsets = [], [], [0]
    for label, text in batch:
        labels.append(label)
        ids = torch.tensor([vocabulary.get(w, 0) for w in text.split()], dtype=torch.int64)
        tokens.append(ids)
        offsets.append(ids.size(0))
    return torch.tensor(labels), torch.cat(tokens), torch.tensor(offsets[:-1]).cumsum(dim=0)


class Classifier(nn.Module):
    def __init__(self, words, dim, classes):
        super().__init__()
        self.embedding = nn.EmbeddingBag(words, dim, sparse=True)
        self.fc = nn.Linear(dim, classes)
        self.embedding.weight.data.uniform_(-0.5, 0.5)
        self.fc.weight.data.uniform_(-0.5, 0.5)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


model = Classifier(len(vocabulary), 8, 2)
print(model)
train, valid = torch.utils.data.random_split(texts, [60, 20])
loader = torch.utils.data.DataLoader(train, batch_size=8, shuffle=True, collate_fn=collate)
optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.7)
for epoch in range(3):
    right = total = 0
    for label, text, offsets in loader:
        optimizer.zero_grad()
        predicted = model(text, offsets)
        loss = F.cross_entropy(predicted, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.fc.parameters(), 0.5)
        optimizer.step()
        right += (predicted.argmax(1) == label).sum().item()
        total += label.size(0)
    scheduler.step()
    print(
        f"| epoch {epoch} | accuracy {right / total:8.3f} | loss {loss:.4f} | {scheduler.get_last_lr()}"
    )
label, text, offsets = collate(list(valid))
with torch.no_grad():
    print((model(text, offsets).argmax(1) == label).float().mean())

words = nn.Embedding(len(vocabulary), 4, sparse=True)
sparse_adam = torch.optim.SparseAdam(list(words.parameters()), lr=0.05)
before = words.weight.detach().clone()
for _ in range(5):
    sparse_adam.zero_grad()
    loss = (words(torch.tensor([2, 5, 2])) - 1).pow(2).sum()
    loss.backward()
    sparse_adam.step()
    print(loss.item())
print((words.weight != before).any(1).nonzero().flatten(), words)

# A network that reads three symbols out of twelve frames.
frames = torch.randn(12, 4, 6)
targets, lengths = torch.randint(1, 5, (4, 3)), torch.full((4,), 3)
reader = nn.GRU(6, 16, bidirectional=True)
head = nn.Linear(32, 5)
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
adam = torch.optim.Adam([*reader.parameters(), *head.parameters()], lr=0.02)
for step in range(25):
    log_probs = head(reader(frames)[0]).log_softmax(2)
    loss = ctc(log_probs, targets, torch.full((4,), 12), lengths)
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 6 == 0:
        print(step, f"{loss.item():.4f}")
best = log_probs.argmax(2).T
for row, want in zip(best, targets):
    read = torch.unique_consecutive(row)
    print(read[read != 0].tolist(), want.tolist())
