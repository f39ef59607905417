"""Actor-critic with torch.distributions: discrete and Gaussian policies, PPO's clipped ratio."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

torch.manual_seed(11)


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine = nn.Linear(4, 32)
        self.action_head = nn.Linear(32, 2)
        self.value_head = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.affine(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


model = ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
states = torch.randn(32, 4)
with torch.no_grad():
    probs, _ = model(states)
    old = Categorical(probs)
    actions = old.sample()
    old_log_probs = old.log_prob(actions)
rewards = (actions == (states[:, 0] > 0)).float()
print(old, actions[:8], f"{old_log_probs.mean():.4f}")
for epoch in range(12):
    probs, values = model(states)
    policy = Categorical(probs)
    advantage = rewards - values.squeeze(-1).detach()
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    ratio = (policy.log_prob(actions) - old_log_probs).exp()
    clipped = torch.clamp(ratio, 1 - 0.2, 1 + 0.2)
    policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
    value_loss = F.smooth_l1_loss(values.squeeze(-1), rewards)
    loss = policy_loss + 0.5 * value_loss - 0.01 * policy.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 4 == 3:
        print(f"{epoch} {loss.item():.3f} {value_loss.item():.3f} {policy.entropy().mean():.3f}")

log_std = nn.Parameter(torch.zeros(2))
mean = nn.Linear(4, 2)
gaussian = Independent(Normal(mean(states), log_std.exp()), 1)
sampled = gaussian.rsample()
print(gaussian, sampled.shape, f"{gaussian.log_prob(sampled.detach()).sum():.2f}")
squashed = TransformedDistribution(Normal(mean(states), log_std.exp()), [TanhTransform()])
action = squashed.rsample()
log_prob = squashed.log_prob(action.clamp(-0.999, 0.999)).sum(-1)
print(bool((action.abs() <= 1).all()), f"{log_prob.mean():.2f}")
(-log_prob.mean()).backward()
print(log_std.grad.shape, torch.distributions.kl_divergence(old, Categorical(probs.detach())).shape)
try:
    Categorical(probs=torch.tensor([-1.0, 2.0]))
except ValueError as error:
    print(str(error).splitlines()[0])
