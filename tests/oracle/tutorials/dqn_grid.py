"""Deep Q-learning with replay and a target network, on a grid of four by four."""

import math
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.optim as optim

random.seed(2)
torch.manual_seed(2)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class Grid:
    moves = ((0, 1), (1, 0), (0, -1), (-1, 0))

    def reset(self):
        self.at, self.time = (0, 0), 0
        return self.observe()

    def observe(self):
        x = torch.zeros(1, 4, 4)
        x[0, self.at[0], self.at[1]] = 1
        return x.flatten(1)

    def step(self, action):
        dx, dy = self.moves[action]
        self.at = (min(max(self.at[0] + dx, 0), 3), min(max(self.at[1] + dy, 0), 3))
        self.time += 1
        won = self.at == (3, 3)
        return self.observe(), 1.0 if won else -0.05, won, self.time >= 20


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_observations, 32), nn.ReLU(), nn.Linear(32, n_actions)
        )

    def forward(self, x):
        return self.layers(x)


policy_net, target_net = DQN(16, 4), DQN(16, 4)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=5e-3, amsgrad=True)
memory, steps_done, env, losses = ReplayMemory(500), 0, Grid(), []


def select_action(state):
    global steps_done
    eps = 0.05 + 0.85 * math.exp(-1.0 * steps_done / 200)
    steps_done += 1
    if random.random() > eps:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randrange(4)]], dtype=torch.long)


def optimize_model():
    if len(memory) < 32:
        return
    batch = Transition(*zip(*memory.sample(32)))
    non_final_mask = torch.tensor([s is not None for s in batch.next_state], dtype=torch.bool)
    non_final = torch.cat([s for s in batch.next_state if s is not None])
    state_batch, action_batch = torch.cat(batch.state), torch.cat(batch.action)
    reward_batch = torch.cat(batch.reward)
    values = policy_net(state_batch).gather(1, action_batch)
    next_values = torch.zeros(32)
    with torch.no_grad():
        next_values[non_final_mask] = target_net(non_final).max(1).values
    expected = next_values * 0.95 + reward_batch
    loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    losses.append(loss.item())


for episode in range(12):
    state, total = env.reset(), 0.0
    while True:
        action = select_action(state)
        observation, reward, terminated, truncated = env.step(action.item())
        total += reward
        next_state = None if terminated else observation
        memory.push(state, action, next_state, torch.tensor([reward]))
        state = next_state
        optimize_model()
        target_state, policy_state = target_net.state_dict(), policy_net.state_dict()
        for key in policy_state:
            target_state[key] = policy_state[key] * 0.05 + target_state[key] * 0.95
        target_net.load_state_dict(target_state)
        if terminated or truncated:
            break
    if episode % 3 == 2:
        print(f"episode {episode} length {env.time} return {total:.2f} memory {len(memory)}")
print(len(losses), [f"{loss:.3f}" for loss in losses[::40]])
