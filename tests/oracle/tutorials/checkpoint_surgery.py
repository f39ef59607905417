"""Transfer learning: partial loads, renamed keys, frozen parts, new heads."""

import copy
import io
import os
import tempfile
from collections import OrderedDict

import torch
import torch.nn as nn

torch.manual_seed(1)


class Backbone(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2)
        )
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        return self.fc(torch.flatten(self.features(x), 1))


src, dst = Backbone(10), Backbone(3)
for name, p in src.named_parameters():
    print(f"{name:30s} {tuple(p.shape)} {p.numel():>6,d} {p.requires_grad}")
print(sum(p.numel() for p in src.parameters() if p.requires_grad))
sd = src.state_dict()
print(type(sd), list(sd.keys())[:3], sd._metadata)
try:
    dst.load_state_dict(sd)
except RuntimeError as e:
    print(e)
sd2 = OrderedDict(
    (k.replace("features", "module.features"), v) for k, v in sd.items() if not k.startswith("fc")
)
r = dst.load_state_dict(sd2, strict=False)
print(r)
print(r.missing_keys, r.unexpected_keys)
sd3 = {k.removeprefix("module."): v for k, v in sd2.items()}
r = dst.load_state_dict(sd3, strict=False)
print(r, type(r).__name__)
try:
    dst.load_state_dict(sd3)
except RuntimeError as e:
    print(e)
print(dst.load_state_dict(dst.state_dict()))
for p in dst.features.parameters():
    p.requires_grad = False
dst.fc = nn.Linear(dst.fc.in_features, 5)
print(dst.fc, sum(p.requires_grad for p in dst.parameters()))
opt = torch.optim.Adam(filter(lambda p: p.requires_grad, dst.parameters()), lr=1e-3)
x, y = torch.randn(6, 1, 4, 4), torch.tensor([0, 1, 2, 3, 4, 0])
before = copy.deepcopy(dst.state_dict())
for _ in range(3):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(dst(x), y)
    loss.backward()
    opt.step()
    print(f"{loss.item():.5f}")
for k, v in dst.state_dict().items():
    print(k, torch.equal(v, before[k]), v.dtype)
with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "ck.pt")
    torch.save(
        {
            "epoch": 3,
            "model": dst.state_dict(),
            "opt": opt.state_dict(),
            "loss": loss,
            "rng": torch.get_rng_state(),
            "meta": {"a": [1, 2], "b": (3.5, "s", None, True)},
        },
        path,
    )
    ck = torch.load(path)
    print(ck.keys(), ck["epoch"], ck["loss"], ck["meta"], ck["rng"].dtype, ck["rng"].shape)
    ck = torch.load(path, map_location="cpu", weights_only=True)
    print(type(ck["model"]))
    ck = torch.load(path, map_location=torch.device("cpu"))
    ck = torch.load(path, map_location=lambda s, l: s)
    m2 = Backbone(5)
    m2.load_state_dict(ck["model"])
    m2.eval()
    dst.eval()
    print(torch.allclose(m2(x), dst(x)), m2.training)
    o2 = torch.optim.Adam(m2.fc.parameters(), lr=0.5)
    o2.load_state_dict(ck["opt"])
    print(
        o2.param_groups[0]["lr"],
        o2.state_dict()["state"][0]["step"],
        list(o2.state_dict()["state"][0]),
    )
    torch.save(dst, path)
    try:
        torch.load(path)
    except Exception as e:
        print(type(e).__name__)
    m3 = torch.load(path, weights_only=False)
    print(type(m3).__name__, torch.equal(m3(x), dst(x)))
    torch.save([torch.ones(2), {"x": torch.arange(3)}], path)
    print(torch.load(path))
    shared = torch.zeros(4)
    torch.save((shared, shared[:2], shared.view(2, 2).t()), path)
    a, b, c = torch.load(path)
    a[0] = 7
    print(b, c, c.is_contiguous(), a.untyped_storage().nbytes())
    torch.save(nn.Parameter(torch.ones(2)), path)
    print(torch.load(path))
    torch.save(torch.ones(2, requires_grad=True), path)
    print(torch.load(path))
buf = io.BytesIO()
torch.save(torch.arange(5), buf)
buf.seek(0)
print(torch.load(buf))
m = nn.Sequential(OrderedDict([("conv1", nn.Conv2d(1, 2, 1)), ("relu1", nn.ReLU())]))
print(m.conv1, m[0] is m.conv1, list(m._modules))
m.add_module("out", nn.Flatten())
m.append(nn.ReLU())
print(m)
del m[0]
print(m)
print(m[:1], len(m))
m[0] = nn.Tanh()
print(m)
m.insert(1, nn.ELU())
m.extend([nn.SiLU()])
print(m)
print(m.pop(0))
print(nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh()), nn.Sequential(nn.ReLU()) * 2)
tied = nn.Module()
tied.a = nn.Linear(2, 2, bias=False)
tied.b = nn.Linear(2, 2, bias=False)
tied.b.weight = tied.a.weight
print(
    [n for n, _ in tied.named_parameters()],
    [n for n, _ in tied.named_parameters(remove_duplicate=False)],
    list(tied.state_dict()),
    tied.a.weight is tied.b.weight,
)


class Ver(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2))
        self.register_buffer("b", torch.ones(1), persistent=False)
        self.register_buffer("none", None)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        print("version", local_metadata.get("version"), prefix)
        if prefix + "old" in state_dict:
            state_dict[prefix + "w"] = state_dict.pop(prefix + "old")
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def get_extra_state(self):
        return {"n": 3}

    def set_extra_state(self, s):
        print("extra", s)


v = nn.Sequential(Ver())
s = v.state_dict()
print(s, s._metadata)
v.load_state_dict(s)
s["0.old"] = torch.ones(2) * 5
del s["0.w"]
v.load_state_dict(s)
print(v[0].w)
h1 = v.register_load_state_dict_post_hook(lambda m, keys: print("post", keys))
h2 = v.register_state_dict_post_hook(lambda m, sd, p, lm: sd.update(extra=torch.ones(1)))
h3 = v.register_load_state_dict_pre_hook(lambda m, sd, p, *a: sd.pop("extra", None))
h4 = v.register_state_dict_pre_hook(lambda m, p, k: print("pre", repr(p), k))
print(v.state_dict(prefix="net.", keep_vars=True))
v.load_state_dict(v.state_dict())
[h.remove() for h in (h1, h2, h3, h4)]
with torch.no_grad():
    for p in v.parameters():
        p.copy_(torch.full_like(p, 2.0))
        p.data.mul_(3)
print(v[0].w)
nn.utils.vector_to_parameters(torch.arange(2.0), v.parameters())
print(nn.utils.parameters_to_vector(v.parameters()))
lin = nn.Linear(2, 2)
lin.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.zeros(2)}, assign=True)
print(lin.weight, lin.state_dict())
print(
    lin.requires_grad_(False).weight.requires_grad,
    lin.half().weight.dtype,
    lin.double().bias.dtype,
    lin.to(torch.bfloat16).weight.dtype,
    lin.type(torch.float32).weight.dtype,
)
try:
    lin.load_state_dict(OrderedDict(weight=1, bias=torch.zeros(2)))
except RuntimeError as e:
    print(e)
ema = torch.optim.swa_utils.AveragedModel(
    nn.Linear(1, 1), multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
)
ema.update_parameters(nn.Linear(1, 1))
print(ema, list(ema.state_dict()), ema.n_averaged)
