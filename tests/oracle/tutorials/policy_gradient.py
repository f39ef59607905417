"""REINFORCE on a corridor of five cells, with its own environment."""

import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(543)


class Corridor:
    def reset(self):
        self.state, self.time = 2, 0
        return self._observe()

    def _observe(self):
        return F.one_hot(torch.tensor(self.state), 5).float()

    def step(self, action):
        self.state = max(0, min(4, self.state + (1 if action == 1 else -1)))
        self.time += 1
        done = self.state == 4 or self.time >= 12
        return self._observe(), (1.0 if self.state == 4 else -0.1), done


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(5, 16)
        self.affine2 = nn.Linear(16, 2)
        self.saved_log_probs, self.rewards = [], []

    def forward(self, x):
        return F.softmax(self.affine2(F.relu(self.affine1(x))), dim=-1)


policy, env = Policy(), Corridor()
optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
history = deque(maxlen=5)
for episode in range(15):
    state, done = env.reset(), False
    while not done:
        probs = policy(state)
        action = torch.multinomial(probs, 1)
        policy.saved_log_probs.append(probs.log()[action])
        state, reward, done = env.step(action.item())
        policy.rewards.append(reward)
    R, returns = 0.0, deque()
    for r in policy.rewards[::-1]:
        R = r + 0.9 * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6) if len(returns) > 1 else returns
    loss = torch.cat([-lp * R for lp, R in zip(policy.saved_log_probs, returns)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(sum(policy.rewards))
    if episode % 5 == 4:
        print(
            f"Episode {episode}\tlast length {len(policy.rewards):2d}\tloss {loss.item():.2f}\taverage {sum(history) / len(history):.2f}"
        )
    del policy.rewards[:], policy.saved_log_probs[:]
print(policy(torch.eye(5)))

memory = deque(maxlen=50)
for _ in range(20):
    s = random.randrange(5)
    memory.append(
        (torch.tensor([float(s)]), torch.tensor([random.randint(0, 1)]), torch.tensor([0.5]))
    )
batch = random.sample(memory, 4)
states, actions, rewards = (torch.stack(x) for x in zip(*batch))
q = nn.Linear(1, 2)
target = nn.Linear(1, 2)
target.load_state_dict(q.state_dict())
values = q(states).gather(1, actions)
expected = rewards + 0.99 * target(states).max(1, keepdim=True)[0].detach()
loss = F.smooth_l1_loss(values, expected)
loss.backward()
print(values.shape, expected.shape, f"{loss:.4f}", q.weight.grad, target.weight.grad)
for tp, p in zip(target.parameters(), q.parameters()):
    tp.data.mul_(0.995).add_(p.data, alpha=0.005)
print(F.huber_loss(values, expected, delta=0.5), loss)
