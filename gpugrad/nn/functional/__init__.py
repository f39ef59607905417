"""Functions that layers and losses are made of, under PyTorch's names.

Files: activation, linear (and look-ups), dropout, normalization; regression and classification
hold the losses.
"""

from .activation import (
    celu as celu,
)
from .activation import (
    elu as elu,
)
from .activation import (
    elu_ as elu_,
)
from .activation import (
    gelu as gelu,
)
from .activation import (
    glu as glu,
)
from .activation import (
    hardsigmoid as hardsigmoid,
)
from .activation import (
    hardswish as hardswish,
)
from .activation import (
    hardtanh as hardtanh,
)
from .activation import (
    leaky_relu as leaky_relu,
)
from .activation import (
    leaky_relu_ as leaky_relu_,
)
from .activation import (
    log_softmax as log_softmax,
)
from .activation import (
    logsigmoid as logsigmoid,
)
from .activation import (
    mish as mish,
)
from .activation import (
    prelu as prelu,
)
from .activation import (
    relu as relu,
)
from .activation import (
    relu6 as relu6,
)
from .activation import (
    relu_ as relu_,
)
from .activation import (
    selu as selu,
)
from .activation import (
    sigmoid as sigmoid,
)
from .activation import (
    silu as silu,
)
from .activation import (
    softmax as softmax,
)
from .activation import (
    softmin as softmin,
)
from .activation import (
    softplus as softplus,
)
from .activation import (
    softsign as softsign,
)
from .activation import (
    tanh as tanh,
)
from .activation import (
    threshold as threshold,
)
from .classification import (
    binary_cross_entropy as binary_cross_entropy,
)
from .classification import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from .classification import (
    cross_entropy as cross_entropy,
)
from .classification import (
    kl_div as kl_div,
)
from .classification import (
    nll_loss as nll_loss,
)
from .dropout import (
    dropout as dropout,
)
from .linear import (
    bilinear as bilinear,
)
from .linear import (
    embedding as embedding,
)
from .linear import (
    linear as linear,
)
from .linear import (
    one_hot as one_hot,
)
from .normalization import (
    batch_norm as batch_norm,
)
from .normalization import (
    layer_norm as layer_norm,
)
from .normalization import (
    normalize as normalize,
)
from .normalization import (
    rms_norm as rms_norm,
)
from .regression import (
    huber_loss as huber_loss,
)
from .regression import (
    l1_loss as l1_loss,
)
from .regression import (
    mse_loss as mse_loss,
)
from .regression import (
    smooth_l1_loss as smooth_l1_loss,
)
