"""How modules, optimizers, data sets, schedulers and distributions print."""

import torch
from torch import distributions as D
from torch import nn, optim
from torch.utils import data


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU(inplace=True)
        )
        self.shortcut = nn.Identity()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("steps", torch.zeros(1))
        self.drops = nn.ModuleList([nn.Dropout(p) for p in (0.1, 0.1, 0.2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(2, 1, bias=False)})
        self.pl = nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), torch.ones(4)])
        self.pd = nn.ParameterDict({"w": nn.Parameter(torch.zeros(3)), "n": 3})
        self.crit = nn.CrossEntropyLoss()

    def extra_repr(self):
        return "channels=4"


b = Block(4)
print(b)
for n, p in b.named_parameters():
    print(n, p.shape, p.requires_grad)
for n, m in b.named_modules():
    print(repr(n), type(m).__name__)
print(list(b.state_dict()))
print([n for n, _ in b.named_children()])
print(dict(b.named_buffers()))
layers = [
    nn.Linear(1, 2),
    nn.Bilinear(1, 2, 3),
    nn.Conv1d(1, 2, 3, stride=2, padding=1, dilation=2),
    nn.Conv2d(2, 4, (3, 5), groups=2, padding="same", padding_mode="reflect"),
    nn.Conv3d(1, 1, 1),
    nn.ConvTranspose2d(1, 1, 2, 2, output_padding=1),
    nn.MaxPool1d(2),
    nn.MaxPool2d(2, 2, 1, ceil_mode=True),
    nn.AvgPool2d(3),
    nn.AvgPool1d(2),
    nn.AdaptiveAvgPool2d((1, None)),
    nn.AdaptiveMaxPool1d(2),
    nn.BatchNorm1d(3, momentum=None),
    nn.LayerNorm([2, 3], elementwise_affine=False),
    nn.GroupNorm(1, 2),
    nn.InstanceNorm2d(3),
    nn.RMSNorm(3),
    nn.LocalResponseNorm(2),
    nn.Dropout2d(),
    nn.AlphaDropout(),
    nn.ReLU(),
    nn.LeakyReLU(0.2),
    nn.PReLU(),
    nn.ELU(),
    nn.GELU("tanh"),
    nn.GELU(),
    nn.SiLU(),
    nn.Softmax(1),
    nn.Softmax(),
    nn.LogSoftmax(-1),
    nn.Hardtanh(),
    nn.Threshold(0.1, 20),
    nn.Softplus(),
    nn.Softshrink(),
    nn.RReLU(),
    nn.Tanh(),
    nn.GLU(),
    nn.Embedding(10, 3, padding_idx=0, max_norm=1.0),
    nn.EmbeddingBag(10, 3, mode="sum"),
    nn.RNN(3, 4, 2, nonlinearity="relu"),
    nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, dropout=0.5, proj_size=2),
    nn.GRU(1, 2),
    nn.LSTMCell(2, 3),
    nn.RNNCell(2, 3, nonlinearity="relu"),
    nn.GRUCell(1, 1, bias=False),
    nn.MultiheadAttention(4, 2, batch_first=True),
    nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, norm_first=True),
    nn.TransformerDecoderLayer(4, 2, 8),
    nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2, nn.LayerNorm(4)),
    nn.Flatten(),
    nn.Unflatten(1, (2, 3)),
    nn.Unfold(2),
    nn.Fold((4, 4), 2),
    nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    nn.Upsample((3, 3)),
    nn.PixelShuffle(2),
    nn.ZeroPad2d(1),
    nn.ReflectionPad1d((1, 2)),
    nn.ConstantPad2d(1, 3.5),
    nn.CircularPad2d(1),
    nn.CosineSimilarity(),
    nn.PairwiseDistance(),
    nn.ChannelShuffle(2),
    nn.MSELoss(),
    nn.L1Loss(reduction="sum"),
    nn.NLLLoss(),
    nn.BCEWithLogitsLoss(pos_weight=torch.ones(1)),
    nn.KLDivLoss(log_target=True),
    nn.SmoothL1Loss(),
    nn.HuberLoss(),
    nn.TripletMarginLoss(),
    nn.CTCLoss(),
    nn.CosineEmbeddingLoss(),
    nn.GaussianNLLLoss(),
    nn.AdaptiveLogSoftmaxWithLoss(4, 10, [3, 6]),
    nn.LazyLinear(3),
    nn.LazyConv2d(3, 2),
    nn.Identity(),
    nn.Sequential(),
    nn.ModuleList(),
    nn.ParameterList(),
    nn.MaxUnpool2d(2),
    nn.LPPool2d(2, 2),
    nn.FractionalMaxPool2d(2, output_size=2),
    nn.CELU(),
    nn.Mish(),
    nn.Hardswish(),
    nn.Softmin(0),
    nn.UpsamplingNearest2d(scale_factor=2),
    nn.SyncBatchNorm(2),
    nn.Transformer(4, 2, 1, 1, 8),
]
for l in layers:
    print(l)
w = nn.Linear(2, 2)
ps = list(w.parameters())
for name in [
    "SGD",
    "Adam",
    "AdamW",
    "Adagrad",
    "RMSprop",
    "Adadelta",
    "Adamax",
    "NAdam",
    "RAdam",
    "Rprop",
    "ASGD",
    "LBFGS",
    "Adafactor",
    "SparseAdam",
]:
    o = getattr(optim, name)(ps, lr=0.1)
    print(o)
    print(o.state_dict())
o = optim.SGD(
    [{"params": [ps[0]], "lr": 1e-3}, {"params": [ps[1]], "momentum": 0.5}],
    lr=0.1,
    weight_decay=1e-4,
)
print(o)
for s in (
    optim.lr_scheduler.StepLR(o, 3),
    optim.lr_scheduler.CosineAnnealingLR(o, 10),
    optim.lr_scheduler.ReduceLROnPlateau(o, patience=1),
    optim.lr_scheduler.OneCycleLR(o, 0.1, 10),
    optim.lr_scheduler.MultiStepLR(o, [2, 4]),
    optim.lr_scheduler.CyclicLR(o, 0.01, 0.1),
):
    print(s.state_dict(), s.get_last_lr())
print(o)
ds = data.TensorDataset(torch.arange(6).view(3, 2), torch.arange(3.0))
print(ds[0], ds[:2], len(ds))
a, c = data.random_split(ds, [2, 1])
print(a.indices, len(c), data.Subset(ds, [0]).indices)
for batch in data.DataLoader(ds, 2):
    print(batch)
for d in (
    D.Normal(0.0, 1.0),
    D.Normal(torch.zeros(2, 3), torch.ones(3)),
    D.Categorical(torch.tensor([0.2, 0.8])),
    D.Categorical(logits=torch.zeros(3)),
    D.Bernoulli(0.3),
    D.Bernoulli(logits=torch.zeros(2)),
    D.Beta(1.0, 2.0),
    D.Gamma(torch.ones(1), 2.0),
    D.Uniform(0.0, 2.0),
    D.Exponential(3.0),
    D.Poisson(4.0),
    D.Dirichlet(torch.ones(3)),
    D.MultivariateNormal(torch.zeros(2), torch.eye(2)),
    D.Independent(D.Normal(torch.zeros(3), 1.0), 1),
    D.MixtureSameFamily(D.Categorical(torch.ones(2)), D.Normal(torch.zeros(2), 1.0)),
    D.LogNormal(0.0, 1.0),
    D.StudentT(3.0),
    D.Laplace(0.0, 1.0),
    D.Cauchy(0.0, 1.0),
    D.HalfNormal(1.0),
    D.Binomial(10, 0.5),
    D.Multinomial(3, torch.ones(2)),
    D.Geometric(0.5),
    D.NegativeBinomial(3, 0.5),
    D.OneHotCategorical(torch.ones(3)),
    D.RelaxedBernoulli(torch.tensor(0.5), 0.3),
    D.Gumbel(0.0, 1.0),
    D.Weibull(1.0, 1.0),
    D.Pareto(1.0, 1.0),
    D.Chi2(2.0),
    D.VonMises(0.0, 1.0),
    D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(2)),
    D.TransformedDistribution(
        D.Normal(0.0, 1.0), [D.transforms.ExpTransform(), D.transforms.AffineTransform(1.0, 2.0)]
    ),
    D.Kumaraswamy(1.0, 1.0),
    D.FisherSnedecor(1.0, 2.0),
    D.InverseGamma(1.0, 1.0),
    D.HalfCauchy(1.0),
    D.RelaxedOneHotCategorical(torch.tensor(0.5), torch.ones(2)),
):
    print(d, d.batch_shape, d.event_shape)
    print("  ", d.support, d.has_rsample)
    try:
        print("  ", d.mean, d.variance)
    except Exception as e:
        print("  ", type(e).__name__, e)
print(
    D.constraints.positive,
    D.constraints.interval(0, 1),
    D.constraints.real_vector,
    D.constraints.simplex,
    D.constraints.greater_than(2.0),
    D.transforms.SigmoidTransform(),
    D.biject_to(D.constraints.positive),
    D.transform_to(D.constraints.simplex),
    D.transforms.ComposeTransform([D.transforms.TanhTransform(), D.transforms.PowerTransform(2.0)]),
)
print(nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]))
print(torch.finfo(torch.float32), torch.iinfo(torch.int8), torch.finfo(torch.bfloat16).eps)
