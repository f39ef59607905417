"""Sequences of different lengths through an LSTM: padding, packing, masks."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(0)

words = ["a", "of", "the", "this", "there", "number", "seven", "eight", "in", "on"]
letters = {c: i + 1 for i, c in enumerate(sorted(set("".join(words))))}


def collate(batch):
    texts = [torch.tensor([letters[c] for c in word]) for word in batch]
    lengths = torch.tensor([len(t) for t in texts])
    labels = torch.tensor([len(word) > 4 for word in batch]).float()
    return pad_sequence(texts, batch_first=True), lengths, labels


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(letters) + 1, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 8, batch_first=True, bidirectional=True)
        self.out = nn.Linear(16, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(
            self.embedding(x), lengths, batch_first=True, enforce_sorted=False
        )
        outputs, (hidden, _) = self.lstm(packed)
        outputs, sizes = pad_packed_sequence(outputs, batch_first=True)
        assert torch.equal(sizes, lengths)
        both = torch.cat([hidden[0], hidden[1]], dim=1)
        return self.out(both).squeeze(1), outputs


model = Classifier()
print(model)
loader = DataLoader(words, batch_size=4, shuffle=True, collate_fn=collate)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
loss_function = nn.BCEWithLogitsLoss()

x, lengths, labels = collate(words[:4])
print(x, lengths, labels)
packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
print(packed)

for epoch in range(12):
    total = 0.0
    for x, lengths, labels in loader:
        optimizer.zero_grad()
        scores, _ = model(x, lengths)
        loss = loss_function(scores, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(labels)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1}: loss {total / len(words):.4f}")

with torch.no_grad():
    x, lengths, labels = collate(words)
    scores, outputs = model(x, lengths)
    print(outputs.shape)
    mask = torch.arange(x.size(1)) < lengths.unsqueeze(1)
    print(outputs[~mask].abs().sum().item(), mask.sum(1).tolist())
    print("correct:", ((scores > 0).float() == labels).sum().item(), "of", len(words))
