"""Layers, losses and containers to build models of, under PyTorch's names."""

from __future__ import annotations

import sys as _sys
from typing import TYPE_CHECKING, Any

from .. import later as _later
from .module import Module as Module
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter

_HOMES = _later.homes(
    {
        "activation": (
            "CELU ELU GELU GLU SELU LeakyReLU LogSigmoid Mish PReLU ReLU Sigmoid SiLU Softplus "
            "Softsign Tanh"
        ),
        "adaptive_softmax": "AdaptiveLogSoftmaxWithLoss",
        "alpha_dropout": "AlphaDropout FeatureAlphaDropout",
        "attention": "attention MultiheadAttention",
        "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d",
        "channel_dropout": "Dropout1d Dropout2d Dropout3d",
        "container": "ModuleDict ModuleList Sequential",
        "conv": "Conv1d Conv2d Conv3d",
        "conv_transpose": "ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        "distance": "CosineSimilarity PairwiseDistance",
        "dropout": "Dropout",
        "embedding": "Embedding",
        "embedding_bag": "EmbeddingBag",
        "flatten": "Flatten Unflatten",
        "fractional_pooling": "FractionalMaxPool2d FractionalMaxPool3d",
        "functional": "functional",
        "functional.linear_cross_entropy": "LinearCrossEntropyOptions",
        "grad": "grad",
        "group_normalization": "GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d",
        "hard_activation": "Hardsigmoid Hardswish Hardtanh ReLU6 Threshold",
        "init": "init",
        "lazy": (
            "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d "
            "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d "
            "LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear"
        ),
        "linear": "Bilinear Identity Linear",
        "linear_cross_entropy": "LinearCrossEntropyLoss",
        "local_response": "CrossMapLRN2d LocalResponseNorm",
        "loss": (
            "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss "
            "NLLLoss NLLLoss2d SmoothL1Loss"
        ),
        "margin_loss": (
            "CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss MarginRankingLoss "
            "MultiMarginLoss PoissonNLLLoss SoftMarginLoss TripletMarginLoss"
        ),
        "multilabel_loss": (
            "CTCLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss TripletMarginWithDistanceLoss"
        ),
        "normalization": "LayerNorm RMSNorm",
        "padding": (
            "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
            "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
            "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
        ),
        "parallel": "parallel DataParallel",
        "parameter_container": "ParameterDict ParameterList",
        "pooling": (
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d AvgPool1d "
            "AvgPool2d MaxPool1d MaxPool2d"
        ),
        "pooling3d": "AdaptiveAvgPool3d AdaptiveMaxPool3d AvgPool3d MaxPool3d",
        "reshaping": (
            "ChannelShuffle Fold PixelShuffle PixelUnshuffle Unfold Upsample UpsamplingBilinear2d "
            "UpsamplingNearest2d"
        ),
        "rnn": "GRU LSTM RNN",
        "rnn_base": "RNNBase",
        "rnn_cell": "GRUCell LSTMCell RNNCell RNNCellBase",
        "shrink": "Hardshrink RReLU Softshrink Tanhshrink",
        "softmax": "LogSoftmax Softmax Softmax2d Softmin",
        "sync_batchnorm": "SyncBatchNorm",
        "transformer": "Transformer TransformerDecoder TransformerEncoder",
        "transformer_layer": "TransformerDecoderLayer TransformerEncoderLayer",
        "uninitialized": "UninitializedBuffer UninitializedParameter",
        "unpooling": "LPPool1d LPPool2d LPPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d",
        "utils": "utils",
    }
)

if TYPE_CHECKING:
    from . import attention as attention
    from . import functional as functional
    from . import grad as grad
    from . import init as init
    from . import parallel as parallel
    from . import utils as utils
    from .activation import CELU as CELU
    from .activation import ELU as ELU
    from .activation import GELU as GELU
    from .activation import GLU as GLU
    from .activation import SELU as SELU
    from .activation import LeakyReLU as LeakyReLU
    from .activation import LogSigmoid as LogSigmoid
    from .activation import Mish as Mish
    from .activation import PReLU as PReLU
    from .activation import ReLU as ReLU
    from .activation import Sigmoid as Sigmoid
    from .activation import SiLU as SiLU
    from .activation import Softplus as Softplus
    from .activation import Softsign as Softsign
    from .activation import Tanh as Tanh
    from .adaptive_softmax import AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss
    from .alpha_dropout import AlphaDropout as AlphaDropout
    from .alpha_dropout import FeatureAlphaDropout as FeatureAlphaDropout
    from .attention import MultiheadAttention as MultiheadAttention
    from .batchnorm import BatchNorm1d as BatchNorm1d
    from .batchnorm import BatchNorm2d as BatchNorm2d
    from .batchnorm import BatchNorm3d as BatchNorm3d
    from .channel_dropout import Dropout1d as Dropout1d
    from .channel_dropout import Dropout2d as Dropout2d
    from .channel_dropout import Dropout3d as Dropout3d
    from .container import ModuleDict as ModuleDict
    from .container import ModuleList as ModuleList
    from .container import Sequential as Sequential
    from .conv import Conv1d as Conv1d
    from .conv import Conv2d as Conv2d
    from .conv import Conv3d as Conv3d
    from .conv_transpose import ConvTranspose1d as ConvTranspose1d
    from .conv_transpose import ConvTranspose2d as ConvTranspose2d
    from .conv_transpose import ConvTranspose3d as ConvTranspose3d
    from .distance import CosineSimilarity as CosineSimilarity
    from .distance import PairwiseDistance as PairwiseDistance
    from .dropout import Dropout as Dropout
    from .embedding import Embedding as Embedding
    from .embedding_bag import EmbeddingBag as EmbeddingBag
    from .flatten import Flatten as Flatten
    from .flatten import Unflatten as Unflatten
    from .fractional_pooling import FractionalMaxPool2d as FractionalMaxPool2d
    from .fractional_pooling import FractionalMaxPool3d as FractionalMaxPool3d
    from .functional.linear_cross_entropy import (
        LinearCrossEntropyOptions as LinearCrossEntropyOptions,
    )
    from .group_normalization import GroupNorm as GroupNorm
    from .group_normalization import InstanceNorm1d as InstanceNorm1d
    from .group_normalization import InstanceNorm2d as InstanceNorm2d
    from .group_normalization import InstanceNorm3d as InstanceNorm3d
    from .hard_activation import Hardsigmoid as Hardsigmoid
    from .hard_activation import Hardswish as Hardswish
    from .hard_activation import Hardtanh as Hardtanh
    from .hard_activation import ReLU6 as ReLU6
    from .hard_activation import Threshold as Threshold
    from .lazy import LazyBatchNorm1d as LazyBatchNorm1d
    from .lazy import LazyBatchNorm2d as LazyBatchNorm2d
    from .lazy import LazyBatchNorm3d as LazyBatchNorm3d
    from .lazy import LazyConv1d as LazyConv1d
    from .lazy import LazyConv2d as LazyConv2d
    from .lazy import LazyConv3d as LazyConv3d
    from .lazy import LazyConvTranspose1d as LazyConvTranspose1d
    from .lazy import LazyConvTranspose2d as LazyConvTranspose2d
    from .lazy import LazyConvTranspose3d as LazyConvTranspose3d
    from .lazy import LazyInstanceNorm1d as LazyInstanceNorm1d
    from .lazy import LazyInstanceNorm2d as LazyInstanceNorm2d
    from .lazy import LazyInstanceNorm3d as LazyInstanceNorm3d
    from .lazy import LazyLinear as LazyLinear
    from .linear import Bilinear as Bilinear
    from .linear import Identity as Identity
    from .linear import Linear as Linear
    from .linear_cross_entropy import LinearCrossEntropyLoss as LinearCrossEntropyLoss
    from .local_response import CrossMapLRN2d as CrossMapLRN2d
    from .local_response import LocalResponseNorm as LocalResponseNorm
    from .loss import BCELoss as BCELoss
    from .loss import BCEWithLogitsLoss as BCEWithLogitsLoss
    from .loss import CrossEntropyLoss as CrossEntropyLoss
    from .loss import HuberLoss as HuberLoss
    from .loss import KLDivLoss as KLDivLoss
    from .loss import L1Loss as L1Loss
    from .loss import MSELoss as MSELoss
    from .loss import NLLLoss as NLLLoss
    from .loss import NLLLoss2d as NLLLoss2d
    from .loss import SmoothL1Loss as SmoothL1Loss
    from .margin_loss import CosineEmbeddingLoss as CosineEmbeddingLoss
    from .margin_loss import GaussianNLLLoss as GaussianNLLLoss
    from .margin_loss import HingeEmbeddingLoss as HingeEmbeddingLoss
    from .margin_loss import MarginRankingLoss as MarginRankingLoss
    from .margin_loss import MultiMarginLoss as MultiMarginLoss
    from .margin_loss import PoissonNLLLoss as PoissonNLLLoss
    from .margin_loss import SoftMarginLoss as SoftMarginLoss
    from .margin_loss import TripletMarginLoss as TripletMarginLoss
    from .multilabel_loss import CTCLoss as CTCLoss
    from .multilabel_loss import MultiLabelMarginLoss as MultiLabelMarginLoss
    from .multilabel_loss import MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss
    from .multilabel_loss import TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss
    from .normalization import LayerNorm as LayerNorm
    from .normalization import RMSNorm as RMSNorm
    from .padding import CircularPad1d as CircularPad1d
    from .padding import CircularPad2d as CircularPad2d
    from .padding import CircularPad3d as CircularPad3d
    from .padding import ConstantPad1d as ConstantPad1d
    from .padding import ConstantPad2d as ConstantPad2d
    from .padding import ConstantPad3d as ConstantPad3d
    from .padding import ReflectionPad1d as ReflectionPad1d
    from .padding import ReflectionPad2d as ReflectionPad2d
    from .padding import ReflectionPad3d as ReflectionPad3d
    from .padding import ReplicationPad1d as ReplicationPad1d
    from .padding import ReplicationPad2d as ReplicationPad2d
    from .padding import ReplicationPad3d as ReplicationPad3d
    from .padding import ZeroPad1d as ZeroPad1d
    from .padding import ZeroPad2d as ZeroPad2d
    from .padding import ZeroPad3d as ZeroPad3d
    from .parallel import DataParallel as DataParallel
    from .parameter_container import ParameterDict as ParameterDict
    from .parameter_container import ParameterList as ParameterList
    from .pooling import AdaptiveAvgPool1d as AdaptiveAvgPool1d
    from .pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
    from .pooling import AdaptiveMaxPool1d as AdaptiveMaxPool1d
    from .pooling import AdaptiveMaxPool2d as AdaptiveMaxPool2d
    from .pooling import AvgPool1d as AvgPool1d
    from .pooling import AvgPool2d as AvgPool2d
    from .pooling import MaxPool1d as MaxPool1d
    from .pooling import MaxPool2d as MaxPool2d
    from .pooling3d import AdaptiveAvgPool3d as AdaptiveAvgPool3d
    from .pooling3d import AdaptiveMaxPool3d as AdaptiveMaxPool3d
    from .pooling3d import AvgPool3d as AvgPool3d
    from .pooling3d import MaxPool3d as MaxPool3d
    from .reshaping import ChannelShuffle as ChannelShuffle
    from .reshaping import Fold as Fold
    from .reshaping import PixelShuffle as PixelShuffle
    from .reshaping import PixelUnshuffle as PixelUnshuffle
    from .reshaping import Unfold as Unfold
    from .reshaping import Upsample as Upsample
    from .reshaping import UpsamplingBilinear2d as UpsamplingBilinear2d
    from .reshaping import UpsamplingNearest2d as UpsamplingNearest2d
    from .rnn import GRU as GRU
    from .rnn import LSTM as LSTM
    from .rnn import RNN as RNN
    from .rnn_base import RNNBase as RNNBase
    from .rnn_cell import GRUCell as GRUCell
    from .rnn_cell import LSTMCell as LSTMCell
    from .rnn_cell import RNNCell as RNNCell
    from .rnn_cell import RNNCellBase as RNNCellBase
    from .shrink import Hardshrink as Hardshrink
    from .shrink import RReLU as RReLU
    from .shrink import Softshrink as Softshrink
    from .shrink import Tanhshrink as Tanhshrink
    from .softmax import LogSoftmax as LogSoftmax
    from .softmax import Softmax as Softmax
    from .softmax import Softmax2d as Softmax2d
    from .softmax import Softmin as Softmin
    from .sync_batchnorm import SyncBatchNorm as SyncBatchNorm
    from .transformer import Transformer as Transformer
    from .transformer import TransformerDecoder as TransformerDecoder
    from .transformer import TransformerEncoder as TransformerEncoder
    from .transformer_layer import TransformerDecoderLayer as TransformerDecoderLayer
    from .transformer_layer import TransformerEncoderLayer as TransformerEncoderLayer
    from .uninitialized import UninitializedBuffer as UninitializedBuffer
    from .uninitialized import UninitializedParameter as UninitializedParameter
    from .unpooling import LPPool1d as LPPool1d
    from .unpooling import LPPool2d as LPPool2d
    from .unpooling import LPPool3d as LPPool3d
    from .unpooling import MaxUnpool1d as MaxUnpool1d
    from .unpooling import MaxUnpool2d as MaxUnpool2d
    from .unpooling import MaxUnpool3d as MaxUnpool3d

modules = _sys.modules[__name__]  # where older programs look for the layers


def __getattr__(name: str) -> Any:
    return _later.found(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
