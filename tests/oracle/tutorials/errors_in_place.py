"""What in-place changes break, and the words in which it is said."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def t(name, f):
    try:
        print(name, "ok", f())
    except RuntimeError as e:
        print(name, "|", e)


def w():
    return torch.ones(2, 2, requires_grad=True)


def a1():
    a = w()
    b = a * 2
    c = b * b
    b += 1
    c.sum().backward()


def a2():
    a = w()
    b = a * 2
    c = b * b
    b[0] = 0
    c.sum().backward()


def a3():
    a = w()
    b = a.exp()
    b += 1
    b.sum().backward()


def a4():
    a = w()
    b = a.sigmoid()
    b.mul_(2)
    b.sum().backward()


def a5():
    a = w()
    b = a * 2
    c = b.view(4)
    d = b * b
    c += 1
    d.sum().backward()


def a6():
    a = w()
    x = torch.ones(2, 2)
    b = a * x
    x += 1
    b.sum().backward()


def a7():
    a = w()
    b = a * 2
    c = b @ b
    b.zero_()
    c.sum().backward()


def a8():
    a = w()
    b = F.relu(a)
    b *= 2
    b.sum().backward()


def a9():
    a = w()
    b = torch.tanh(a)
    b[0, 0] = 3.0
    b.sum().backward()


def b1():
    a = w()
    b = a + 1
    c = b**2
    b.add_(1)
    c.sum().backward()


def b2():
    l = nn.Linear(2, 2)
    o = torch.optim.SGD(l.parameters(), 0.1)
    x = torch.ones(1, 2, requires_grad=True)
    y = l(x)
    loss = y.sum()
    loss.backward(retain_graph=True)
    o.step()
    loss.backward()


def b3():
    l = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    o = torch.optim.SGD(l.parameters(), 0.1)
    x = torch.ones(1, 2)
    y = l(x)
    loss = y.sum()
    loss.backward(retain_graph=True)
    o.step()
    loss.backward()


def b5():
    a = w()
    a += 1


def b6():
    a = w()
    a[0] = 1


def b7():
    a = w()
    v = a.view(4)
    v += 1


def b8():
    a = w()
    with torch.no_grad():
        v = a.view(4)
    v += 1


def b9():
    a = w()
    b = a * 1
    x, _y = b.unbind(0)
    x += 1


def c1():
    a = w()
    b = a * 1
    x, _y = b.split(1)
    x += 1


def c2():
    a = w()
    b = a * 1
    c = b.chunk(2)
    c[0].zero_()


def c3():
    a = w()
    a.data += 1
    return a


def c4():
    a = w()
    b = a.clone()
    b[:, 0] *= 2
    b.sum().backward()
    return a.grad


def c5():
    x = torch.ones(3, requires_grad=True)
    y = x.expand(2, 3)
    y += 1


def c6():
    x = torch.ones(1).expand(3)
    x += 1


def c7():
    x = torch.ones(2)
    x += torch.ones(2, 2)


def c8():
    x = torch.ones(2, dtype=torch.long)
    x += 0.5


def c9():
    x = torch.ones(2, dtype=torch.long)
    x /= 2


def d1():
    x = torch.ones(3)
    x[0] = torch.ones(1, requires_grad=True)
    x.sum().backward()
    return x


def d2():
    a = w()
    b = a.detach()
    b.zero_()
    return a


def d3():
    a = w()
    y = (a * a).sum()
    a.detach().zero_()
    y.backward()


def d4():
    e = nn.Embedding(3, 2, max_norm=1.0)
    i = torch.tensor([1])
    r = e.weight @ torch.ones(2, 1)
    o = e(i)
    (r.sum() + o.sum()).backward()


def d5():
    a = w()
    b = a.softmax(0)
    b[0] += 1
    b.sum().backward()


def d6():
    a = w()
    b = a.max(0)[0]
    b += 1
    b.sum().backward()
    return a.grad


def d7():
    bn = nn.BatchNorm1d(2)
    x = w() * 1
    y = bn(x)
    x += 1
    y.sum().backward()


def d8():
    x = w() * 1
    y = nn.functional.dropout(x, 0.5, inplace=True)
    y = y * x
    return y.requires_grad


def d9():
    x = w() * 2
    y = F.relu(x, inplace=True)
    z = (x * y).sum()
    z.backward()
    return z


def e2():
    a = w()
    b = a * 1
    i = b.clone()
    i.index_put_((torch.tensor([0]),), torch.zeros(2))
    d = i * i
    i.fill_(1)
    d.sum().backward()


def e3():
    x = torch.ones(2, requires_grad=True)
    y = x * x
    x.data.mul_(5)
    y.sum().backward()
    return x.grad


def e5():
    G = nn.Linear(1, 1)
    D = nn.Linear(1, 1)
    f = G(torch.ones(1, 1))
    d = D(f).sum()
    d.backward()
    g = D(f).sum()
    g.backward()


for n in [
    "a1",
    "a2",
    "a3",
    "a4",
    "a5",
    "a6",
    "a7",
    "a8",
    "a9",
    "b1",
    "b2",
    "b3",
    "b5",
    "b6",
    "b7",
    "b8",
    "b9",
    "c1",
    "c2",
    "c3",
    "c4",
    "c5",
    "c6",
    "c7",
    "c8",
    "c9",
    "d1",
    "d2",
    "d3",
    "d4",
    "d5",
    "d6",
    "d7",
    "d8",
    "d9",
    "e2",
    "e3",
    "e5",
]:
    t(n, globals()[n])
