"""Functions that layers and losses are made of, under PyTorch's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import later as _later
from .alpha_dropout import alpha_dropout as alpha_dropout
from .alpha_dropout import feature_alpha_dropout as feature_alpha_dropout
from .dropout import dropout as dropout
from .embedding_bag import embedding_bag as embedding_bag
from .linear import bilinear as bilinear
from .linear import embedding as embedding
from .linear import linear as linear
from .linear import one_hot as one_hot
from .linear_cross_entropy import linear_cross_entropy as linear_cross_entropy
from .softmax import log_softmax as log_softmax
from .softmax import softmax as softmax
from .softmax import softmin as softmin

_HOMES = _later.homes(
    {
        "activation": (
            "celu elu elu_ gelu glu hardsigmoid hardswish hardtanh leaky_relu leaky_relu_ "
            "logsigmoid mish prelu relu relu6 relu_ selu sigmoid silu softplus softsign tanh "
            "threshold"
        ),
        "adaptive_pooling": (
            "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d"
        ),
        "attention": "scaled_dot_product_attention",
        "binary": "binary_cross_entropy binary_cross_entropy_with_logits",
        "channel_dropout": "dropout1d dropout2d dropout3d",
        "choice": "gumbel_softmax",
        "classification": "cross_entropy kl_div nll_loss",
        "conv": "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d",
        "ctc": "ctc_loss",
        "folding": "channel_shuffle fold pixel_shuffle pixel_unshuffle unfold",
        "fractional_pooling": (
            "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
            "fractional_max_pool3d_with_indices"
        ),
        "group_normalization": "group_norm instance_norm",
        "inplace": "celu_ hardtanh_ selu_ threshold_",
        "interpolation": "interpolate",
        "likelihood": "gaussian_nll_loss poisson_nll_loss",
        "margin": (
            "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss "
            "soft_margin_loss triplet_margin_loss"
        ),
        "multi_head_attention": "multi_head_attention_forward",
        "multilabel": (
            "multilabel_margin_loss multilabel_soft_margin_loss triplet_margin_with_distance_loss"
        ),
        "normalization": "batch_norm layer_norm normalize rms_norm",
        "padding": "pad",
        "pooling": "avg_pool1d avg_pool2d max_pool1d max_pool2d",
        "pooling3d": "adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d max_pool3d",
        "power_pooling": "local_response_norm lp_pool1d lp_pool2d lp_pool3d",
        "regression": "huber_loss l1_loss mse_loss smooth_l1_loss",
        "shrink": "hardshrink rrelu rrelu_ softshrink tanhshrink",
        "similarity": "cosine_similarity pairwise_distance pdist",
        "spatial": "affine_grid grid_sample",
        "unpooling": "max_unpool1d max_unpool2d max_unpool3d",
        "upsampling": "upsample upsample_bilinear upsample_nearest",
        "with_indices": (
            "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
            "adaptive_max_pool3d_with_indices max_pool1d_with_indices max_pool2d_with_indices "
            "max_pool3d_with_indices"
        ),
    }
)

if TYPE_CHECKING:
    from .activation import celu as celu
    from .activation import elu as elu
    from .activation import elu_ as elu_
    from .activation import gelu as gelu
    from .activation import glu as glu
    from .activation import hardsigmoid as hardsigmoid
    from .activation import hardswish as hardswish
    from .activation import hardtanh as hardtanh
    from .activation import leaky_relu as leaky_relu
    from .activation import leaky_relu_ as leaky_relu_
    from .activation import logsigmoid as logsigmoid
    from .activation import mish as mish
    from .activation import prelu as prelu
    from .activation import relu as relu
    from .activation import relu6 as relu6
    from .activation import relu_ as relu_
    from .activation import selu as selu
    from .activation import sigmoid as sigmoid
    from .activation import silu as silu
    from .activation import softplus as softplus
    from .activation import softsign as softsign
    from .activation import tanh as tanh
    from .activation import threshold as threshold
    from .adaptive_pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
    from .adaptive_pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
    from .adaptive_pooling import adaptive_max_pool1d as adaptive_max_pool1d
    from .adaptive_pooling import adaptive_max_pool2d as adaptive_max_pool2d
    from .attention import scaled_dot_product_attention as scaled_dot_product_attention
    from .binary import binary_cross_entropy as binary_cross_entropy
    from .binary import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
    from .channel_dropout import dropout1d as dropout1d
    from .channel_dropout import dropout2d as dropout2d
    from .channel_dropout import dropout3d as dropout3d
    from .choice import gumbel_softmax as gumbel_softmax
    from .classification import cross_entropy as cross_entropy
    from .classification import kl_div as kl_div
    from .classification import nll_loss as nll_loss
    from .conv import conv1d as conv1d
    from .conv import conv2d as conv2d
    from .conv import conv3d as conv3d
    from .conv import conv_tbc as conv_tbc
    from .conv import conv_transpose1d as conv_transpose1d
    from .conv import conv_transpose2d as conv_transpose2d
    from .conv import conv_transpose3d as conv_transpose3d
    from .ctc import ctc_loss as ctc_loss
    from .folding import channel_shuffle as channel_shuffle
    from .folding import fold as fold
    from .folding import pixel_shuffle as pixel_shuffle
    from .folding import pixel_unshuffle as pixel_unshuffle
    from .folding import unfold as unfold
    from .fractional_pooling import fractional_max_pool2d as fractional_max_pool2d
    from .fractional_pooling import (
        fractional_max_pool2d_with_indices as fractional_max_pool2d_with_indices,
    )
    from .fractional_pooling import fractional_max_pool3d as fractional_max_pool3d
    from .fractional_pooling import (
        fractional_max_pool3d_with_indices as fractional_max_pool3d_with_indices,
    )
    from .group_normalization import group_norm as group_norm
    from .group_normalization import instance_norm as instance_norm
    from .inplace import celu_ as celu_
    from .inplace import hardtanh_ as hardtanh_
    from .inplace import selu_ as selu_
    from .inplace import threshold_ as threshold_
    from .interpolation import interpolate as interpolate
    from .likelihood import gaussian_nll_loss as gaussian_nll_loss
    from .likelihood import poisson_nll_loss as poisson_nll_loss
    from .margin import cosine_embedding_loss as cosine_embedding_loss
    from .margin import hinge_embedding_loss as hinge_embedding_loss
    from .margin import margin_ranking_loss as margin_ranking_loss
    from .margin import multi_margin_loss as multi_margin_loss
    from .margin import soft_margin_loss as soft_margin_loss
    from .margin import triplet_margin_loss as triplet_margin_loss
    from .multi_head_attention import multi_head_attention_forward as multi_head_attention_forward
    from .multilabel import multilabel_margin_loss as multilabel_margin_loss
    from .multilabel import multilabel_soft_margin_loss as multilabel_soft_margin_loss
    from .multilabel import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
    from .normalization import batch_norm as batch_norm
    from .normalization import layer_norm as layer_norm
    from .normalization import normalize as normalize
    from .normalization import rms_norm as rms_norm
    from .padding import pad as pad
    from .pooling import avg_pool1d as avg_pool1d
    from .pooling import avg_pool2d as avg_pool2d
    from .pooling import max_pool1d as max_pool1d
    from .pooling import max_pool2d as max_pool2d
    from .pooling3d import adaptive_avg_pool3d as adaptive_avg_pool3d
    from .pooling3d import adaptive_max_pool3d as adaptive_max_pool3d
    from .pooling3d import avg_pool3d as avg_pool3d
    from .pooling3d import max_pool3d as max_pool3d
    from .power_pooling import local_response_norm as local_response_norm
    from .power_pooling import lp_pool1d as lp_pool1d
    from .power_pooling import lp_pool2d as lp_pool2d
    from .power_pooling import lp_pool3d as lp_pool3d
    from .regression import huber_loss as huber_loss
    from .regression import l1_loss as l1_loss
    from .regression import mse_loss as mse_loss
    from .regression import smooth_l1_loss as smooth_l1_loss
    from .shrink import hardshrink as hardshrink
    from .shrink import rrelu as rrelu
    from .shrink import rrelu_ as rrelu_
    from .shrink import softshrink as softshrink
    from .shrink import tanhshrink as tanhshrink
    from .similarity import cosine_similarity as cosine_similarity
    from .similarity import pairwise_distance as pairwise_distance
    from .similarity import pdist as pdist
    from .spatial import affine_grid as affine_grid
    from .spatial import grid_sample as grid_sample
    from .unpooling import max_unpool1d as max_unpool1d
    from .unpooling import max_unpool2d as max_unpool2d
    from .unpooling import max_unpool3d as max_unpool3d
    from .upsampling import upsample as upsample
    from .upsampling import upsample_bilinear as upsample_bilinear
    from .upsampling import upsample_nearest as upsample_nearest
    from .with_indices import adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices
    from .with_indices import adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices
    from .with_indices import adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices
    from .with_indices import max_pool1d_with_indices as max_pool1d_with_indices
    from .with_indices import max_pool2d_with_indices as max_pool2d_with_indices
    from .with_indices import max_pool3d_with_indices as max_pool3d_with_indices


def __getattr__(name: str) -> Any:
    return _later.found(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
