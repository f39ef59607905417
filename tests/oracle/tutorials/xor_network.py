"""XOR: a two-layer network, trained in two ways."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)
X = torch.Tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = torch.Tensor([0, 1, 1, 0]).view(-1, 1)


class XOR(nn.Module):
    def __init__(self, input_dim=2, output_dim=1):
        super().__init__()
        self.lin1 = nn.Linear(input_dim, 4)
        self.lin2 = nn.Linear(4, output_dim)

    def forward(self, x):
        x = F.tanh(self.lin1(x))
        return self.lin2(x)


def weights_init(model):
    for m in model.modules():
        if isinstance(m, nn.Linear):
            m.weight.data.normal_(0, 1)


model = XOR()
weights_init(model)
print(model.lin1.weight, model.lin2.bias)
loss_func = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
for epoch in range(60):
    for j in range(4):
        optimizer.zero_grad()
        y_hat = model(X[j])
        loss = loss_func.forward(y_hat, Y[j])
        loss.backward()
        optimizer.step()
    if epoch % 20 == 0:
        print("Epoch: {0}, Loss: {1:.3f}".format(epoch, loss.item()))
print(((model(X) - Y).abs() < 0.5).all().item(), model.lin1.weight.grad.shape)

net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
targets = Y.long().squeeze()
opt = torch.optim.AdamW(net.parameters(), lr=0.05)
for _ in range(60):
    opt.zero_grad(set_to_none=True)
    loss = F.cross_entropy(net(X), targets)
    loss.backward()
    opt.step()
print(
    f"{loss.item():.3f}",
    net(X).argmax(1).tolist(),
    net(X).softmax(dim=-1).max(1).values.gt(0.9).all().item(),
)
print(
    opt.state_dict()["param_groups"][0]["lr"],
    opt.state[net[0].bias]["step"],
    len(opt.state_dict()["state"]),
)
