"""A recurrent cell written out, trained to remember the sum of a sequence."""

import torch
import torch.nn as nn

torch.manual_seed(0)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self, batch=1):
        return torch.zeros(batch, self.hidden_size)


rnn = RNN(1, 16, 2)
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(rnn.parameters(), lr=0.02)
sequences = torch.randint(0, 2, (32, 6)).float() * 2 - 1
labels = (sequences.sum(1) > 0).long()
print(sequences[0], labels[:8])
for epoch in range(25):
    hidden = rnn.initHidden(32)
    optimizer.zero_grad()
    for step in range(sequences.size(1)):
        output, hidden = rnn(sequences[:, step].unsqueeze(1), hidden)
    loss = criterion(output, labels)
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
    optimizer.step()
    if epoch % 8 == 0:
        print(f"{epoch} {loss:.3f}")
print(
    (output.argmax(1) == labels).float().mean() > 0.8,
    torch.allclose(output.exp().sum(1), torch.ones(32)),
    rnn,
)
topv, topi = output.topk(1)
print(topi[0].item(), topv.shape, output[0].grad_fn is not None)

W = torch.tensor([[0.5, -0.3], [0.2, 0.8]], requires_grad=True)
h = torch.zeros(2)
states = []
for t in range(4):
    h = torch.tanh(W @ h + torch.tensor([1.0, -1.0]))
    states.append(h)
stacked = torch.stack(states)
stacked.sum().backward()
print(stacked, W.grad)
h = torch.zeros(2)
W.grad = None
for t in range(4):
    h = torch.tanh(W @ h.detach() + torch.tensor([1.0, -1.0]))
h.sum().backward()
print(W.grad)
gates = torch.randn(3, 8).chunk(4, dim=1)
i, f, g, o = (torch.sigmoid(gates[0]), gates[1].sigmoid(), gates[2].tanh(), torch.sigmoid(gates[3]))
c = f * torch.zeros(3, 2) + i * g
print((o * c.tanh()).shape, o * c.tanh())
