"""Soft actor-critic with a squashed Gaussian, twin critics and a learned temperature, on a pendulum."""

import copy
import random

import numpy as np
import torch as T
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions.normal import Normal

LOG_SIG_MAX, LOG_SIG_MIN, epsilon = 2, -20, 1e-6


def weights_init_(m):
    if isinstance(m, nn.Linear):
        T.nn.init.xavier_uniform_(m.weight, gain=1)
        T.nn.init.constant_(m.bias, 0)


class QNetwork(nn.Module):
    def __init__(self, ni, na, h):
        super(QNetwork, self).__init__()
        self.l1, self.l2 = nn.Linear(ni + na, h), nn.Linear(h, 1)
        self.l3, self.l4 = nn.Linear(ni + na, h), nn.Linear(h, 1)
        self.apply(weights_init_)

    def forward(self, s, a):
        xu = T.cat([s, a], 1)
        return self.l2(F.relu(self.l1(xu))), self.l4(F.relu(self.l3(xu)))


class GaussianPolicy(nn.Module):
    def __init__(self, ni, na, h):
        super(GaussianPolicy, self).__init__()
        self.l1 = nn.Linear(ni, h)
        self.mean = nn.Linear(h, na)
        self.log_std = nn.Linear(h, na)
        self.apply(weights_init_)
        self.register_buffer("action_scale", T.tensor(2.0))
        self.action_bias = T.tensor(0.0)

    def forward(self, s):
        x = F.relu(self.l1(s))
        return self.mean(x), T.clamp(self.log_std(x), min=LOG_SIG_MIN, max=LOG_SIG_MAX)

    def sample(self, state):
        mean, log_std = self.forward(state)
        std = log_std.exp()
        normal = Normal(mean, std)
        x_t = normal.rsample()
        y_t = T.tanh(x_t)
        action = y_t * self.action_scale + self.action_bias
        log_prob = normal.log_prob(x_t)
        log_prob -= T.log(self.action_scale * (1 - y_t.pow(2)) + epsilon)
        log_prob = log_prob.sum(1, keepdim=True)
        return action, log_prob, T.tanh(mean) * self.action_scale + self.action_bias


class ReplayMemory:
    def __init__(self, cap):
        self.cap, self.buffer, self.pos = cap, [], 0

    def push(self, *a):
        if len(self.buffer) < self.cap:
            self.buffer.append(None)
        self.buffer[self.pos] = a
        self.pos = (self.pos + 1) % self.cap

    def sample(self, n):
        return map(np.stack, zip(*random.sample(self.buffer, n)))


def soft_update(target, source, tau):
    for tp, p in zip(target.parameters(), source.parameters()):
        tp.data.copy_(tp.data * (1.0 - tau) + p.data * tau)


T.manual_seed(7)
np.random.seed(7)
random.seed(7)
critic = QNetwork(3, 1, 32)
critic_target = copy.deepcopy(critic)
policy = GaussianPolicy(3, 1, 32)
target_entropy = -T.prod(T.Tensor((1,)).to("cpu")).item()
log_alpha = T.zeros(1, requires_grad=True)
alpha_optim = optim.Adam([log_alpha], lr=3e-3)
copt, popt = optim.Adam(critic.parameters(), lr=3e-3), optim.Adam(policy.parameters(), lr=3e-3)
mem = ReplayMemory(1000)
th, thd = 2.0, 0.0
print(policy.state_dict().keys())
for step in range(150):
    s = np.array([np.cos(th), np.sin(th), thd])
    a, _, _ = policy.sample(T.FloatTensor(s).unsqueeze(0))
    a = a.detach().cpu().numpy()[0]
    r = -((((th + np.pi) % (2 * np.pi)) - np.pi) ** 2) - 0.1 * thd**2 - 0.001 * float(a[0]) ** 2
    thd = float(np.clip(thd + (15 * np.sin(th) + 3 * float(a[0])) * 0.05, -8, 8))
    th = th + thd * 0.05
    mem.push(s, a, r, np.array([np.cos(th), np.sin(th), thd]), float(step % 50 != 49))
    if step < 32:
        continue
    sb, ab, rb, nb, mb = mem.sample(16)
    sb, nb, ab = T.FloatTensor(sb), T.FloatTensor(nb), T.FloatTensor(ab)
    rb, mb = T.FloatTensor(rb).unsqueeze(1), T.FloatTensor(mb).unsqueeze(1)
    alpha = log_alpha.exp()
    with T.no_grad():
        na, nlp, _ = policy.sample(nb)
        q1, q2 = critic_target(nb, na)
        nq = rb + mb * 0.99 * (T.min(q1, q2) - alpha * nlp)
    q1, q2 = critic(sb, ab)
    qloss = F.mse_loss(q1, nq) + F.mse_loss(q2, nq)
    copt.zero_grad()
    qloss.backward()
    copt.step()
    pi, lp, _ = policy.sample(sb)
    q1p, q2p = critic(sb, pi)
    ploss = ((alpha.detach() * lp) - T.min(q1p, q2p)).mean()
    popt.zero_grad()
    ploss.backward()
    popt.step()
    aloss = -(log_alpha * (lp + target_entropy).detach()).mean()
    alpha_optim.zero_grad()
    aloss.backward()
    alpha_optim.step()
    soft_update(critic_target, critic, 0.005)
    if step % 25 == 0:
        print(
            step,
            "%.4f %.4f %.5f" % (qloss.item(), ploss.item(), log_alpha.exp().item()),
            a.dtype,
            a.shape,
        )
