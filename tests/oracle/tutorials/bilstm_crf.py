"""A bidirectional LSTM with a conditional random field: forward algorithm and Viterbi."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(1)
START, STOP = "<START>", "<STOP>"


def argmax(vec):
    _, idx = torch.max(vec, 1)
    return idx.item()


def log_sum_exp(vec):
    score = vec[0, argmax(vec)]
    broadcast = score.view(1, -1).expand(1, vec.size()[1])
    return score + torch.log(torch.sum(torch.exp(vec - broadcast)))


class Tagger(nn.Module):
    def __init__(self, words, tags, embedding, hidden):
        super(Tagger, self).__init__()
        self.hidden_dim, self.tags, self.n = hidden, tags, len(tags)
        self.embeds = nn.Embedding(words, embedding)
        self.lstm = nn.LSTM(embedding, hidden // 2, num_layers=1, bidirectional=True)
        self.hidden2tag = nn.Linear(hidden, self.n)
        self.transitions = nn.Parameter(torch.randn(self.n, self.n))
        self.transitions.data[tags[START], :] = -10000
        self.transitions.data[:, tags[STOP]] = -10000

    def features(self, sentence):
        hidden = (torch.randn(2, 1, self.hidden_dim // 2), torch.randn(2, 1, self.hidden_dim // 2))
        out, _ = self.lstm(self.embeds(sentence).view(len(sentence), 1, -1), hidden)
        return self.hidden2tag(out.view(len(sentence), self.hidden_dim))

    def begin(self):
        scores = torch.full((1, self.n), -10000.0)
        scores[0][self.tags[START]] = 0.0
        return scores

    def partition(self, features):
        forward = self.begin()
        for feature in features:
            alphas = []
            for tag in range(self.n):
                emit = feature[tag].view(1, -1).expand(1, self.n)
                alphas.append(
                    log_sum_exp(forward + self.transitions[tag].view(1, -1) + emit).view(1)
                )
            forward = torch.cat(alphas).view(1, -1)
        return log_sum_exp(forward + self.transitions[self.tags[STOP]])

    def score(self, features, tags):
        score = torch.zeros(1)
        tags = torch.cat([torch.tensor([self.tags[START]], dtype=torch.long), tags])
        for i, feature in enumerate(features):
            score = score + self.transitions[tags[i + 1], tags[i]] + feature[tags[i + 1]]
        return score + self.transitions[self.tags[STOP], tags[-1]]

    def loss(self, sentence, tags):
        features = self.features(sentence)
        return self.partition(features) - self.score(features, tags)

    def forward(self, sentence):
        pointers, best = [], self.begin()
        for feature in self.features(sentence):
            scores = best + self.transitions
            values, came_from = scores.max(1)
            pointers.append(came_from.tolist())
            best = (values + feature).view(1, -1)
        final = best + self.transitions[self.tags[STOP]]
        path = [argmax(final)]
        for pointer in reversed(pointers):
            path.append(pointer[path[-1]])
        assert path.pop() == self.tags[START]
        return final[0][path[0]], path[::-1]


data = [
    (
        "the wall street journal reported today that apple corporation made money",
        "B I I I O O O B I O O",
    ),
    ("georgia tech is a university in georgia", "B I O O O O B"),
]
words: dict = {}
for sentence, _ in data:
    for word in sentence.split():
        words.setdefault(word, len(words))
tags = {"B": 0, "I": 1, "O": 2, START: 3, STOP: 4}
encoded = [
    (torch.tensor([words[w] for w in s.split()]), torch.tensor([tags[t] for t in labels.split()]))
    for s, labels in data
]
model = Tagger(len(words), tags, 5, 4)
optimizer = optim.SGD(model.parameters(), lr=0.05, weight_decay=1e-4)
print(model)
with torch.no_grad():
    print(model(encoded[0][0]))
for epoch in range(8):
    for sentence, labels in encoded:
        model.zero_grad()
        loss = model.loss(sentence, labels)
        loss.backward()
        optimizer.step()
    print(epoch, loss)
with torch.no_grad():
    print(model(encoded[0][0]))
print(model.transitions)
