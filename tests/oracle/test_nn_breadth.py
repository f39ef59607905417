"""The wider set of layers against PyTorch: first values, results, gradients, errors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check, flat, same_tensor

torch = pytest.importorskip("torch")

REPRS = [
    f"nn.{layer}"
    for layer in (
        "Conv2d(3, 4, 3, groups=2)",
        "Conv2d(4, 3, 3, groups=2)",
        "Conv2d(4, 4, 3, groups=0)",
        "Conv2d(4, 4, 3, groups=2)",
        "Conv2d(4, 4, 3, 2, 1, 2, 2, False, 'reflect')",
        "Conv2d(4, 4, 3, padding='same', stride=2)",
        "Conv2d(4, 4, (3, 2), padding='same', padding_mode='circular')",
        "Conv1d(4, 4, 3, 1, 2)",
        "Conv3d(4, 4, (1, 2, 3))",
        "ConvTranspose1d(4, 4, 3)",
        "ConvTranspose2d(4, 4, 3, 2, 1, 1, 2, False, 2)",
        "ConvTranspose2d(4, 4, 3, padding_mode='reflect')",
        "MaxPool2d(2)",
        "MaxPool2d((2, 3), 1, 1, 2, True, True)",
        "MaxPool1d(2)",
        "AvgPool2d(2)",
        "AvgPool1d(2, 1, 1, True, False)",
        "AvgPool2d(2, divisor_override=3)",
        "AdaptiveAvgPool2d((None, 3))",
        "AdaptiveAvgPool1d(3)",
        "AdaptiveMaxPool1d(4, True)",
        "AdaptiveMaxPool2d(4)",
        "RNN(3, 4)",
        "RNN(3, 4, nonlinearity='relu')",
        "LSTM(3, 4, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)",
        "LSTM(3, 4, proj_size=2)",
        "GRU(3, 4)",
        "RNN(3, 4, 1, dropout=0.5)",
        "RNN(3, 4, 1, dropout=1.5)",
        "RNN(3, 4, 1, nonlinearity='foo')",
        "LSTM(3, 4, proj_size=5)",
        "GRU(3, 4, proj_size=2)",
        "RNN(3, 0)",
        "RNN(3, 4, 0)",
        "RNN(3, 4.0)",
        "RNNCell(3, 4)",
        "RNNCell(3, 4, False, 'relu')",
        "LSTMCell(3, 4, False)",
        "GRUCell(3, 4)",
        "MultiheadAttention(6, 2)",
        "MultiheadAttention(6, 4)",
        "MultiheadAttention(0, 4)",
        "TransformerEncoderLayer(8, 2)",
        "TransformerDecoderLayer(8, 2, 16, 0.0, 'gelu', norm_first=True, bias=False)",
        "TransformerEncoderLayer(8, 2, activation='foo')",
        "TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2)",
        "TransformerEncoder(nn.TransformerEncoderLayer(8, 2, batch_first=True), 2)",
        "TransformerEncoder(nn.TransformerEncoderLayer(9, 3, batch_first=True), 1)",
        "TransformerEncoder(nn.TransformerEncoderLayer(8, 2, bias=False, batch_first=True), 1)",
        "TransformerEncoder(nn.TransformerEncoderLayer(8, 2, norm_first=True), 1)",
        "Transformer(8, 2, 1, 1, 16)",
        "Unfold(2)",
        "Fold(4, 2)",
        "PixelShuffle(2)",
        "PixelUnshuffle(2)",
        "Upsample(scale_factor=2)",
        "Upsample((4, 4), mode='bilinear', align_corners=True)",
        "UpsamplingNearest2d(2)",
        "UpsamplingBilinear2d(scale_factor=2)",
        "GroupNorm(2, 4)",
        "GroupNorm(3, 4)",
        "InstanceNorm1d(3)",
        "InstanceNorm2d(3, affine=True, track_running_stats=True)",
        "Dropout1d()",
        "Dropout2d(0.2)",
        "Dropout2d(2)",
        "CosineSimilarity()",
        "PairwiseDistance()",
        "HingeEmbeddingLoss()",
        "TripletMarginLoss(margin=-1)",
        "MultiMarginLoss(p=3)",
        "GaussianNLLLoss()",
        "PoissonNLLLoss()",
        "ZeroPad1d(3)",
        "ZeroPad2d(2)",
        "ConstantPad1d((1, 2), 3.5)",
        "ConstantPad2d(1, 2)",
        "ReflectionPad2d((1, 2, 3, 4))",
        "ReplicationPad1d(1)",
        "CircularPad2d(1)",
    )
]

ERRORS = [
    "F.conv2d(zeros(8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 2, 8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(2, 8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 1, 2, 2), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 1, 8, 8), zeros(4, 1, 3, 3), zeros(3))",
    "F.conv2d(zeros(1, 1, 8, 8), zeros(4, 1, 3, 3), zeros(1, 4))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(3, 2, 3, 3), groups=2)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, stride=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, stride=(1, 2, 3))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, padding=-1)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, dilation=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 3, 3), padding='same', stride=2)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 3, 3), padding='foo')",
    "F.conv2d(zeros(1, 4, 8, 8, dtype=torch.float64), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 4, 4), zeros(4, dtype=torch.float64))",
    "F.conv2d(zeros(1, 4, 8, 8, dtype=long), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(0, 4, 8, 8), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(1, 2, 8, 8), zeros(0, 2, 3, 3))",
    "F.conv1d(zeros(8), zeros(4, 4, 4))",
    "F.conv1d(zeros(2, 3, 4, 8), zeros(4, 4, 4))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(3, 4, 3, 3))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), output_padding=1)",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), zeros(4))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), stride=2, output_padding=2)",
    "F.conv_transpose2d(zeros(4, 8, 8), zeros(4, 3, 3, 3), stride=2, groups=3)",
    "F.conv_transpose2d(zeros(8, 8), zeros(4, 3, 3, 3))",
    "F.conv_transpose2d(zeros(4, 1, 1), zeros(4, 3, 1, 1), padding=1)",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), stride=2, output_padding=-1)",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(1, 2, 3, 12, 12))",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(14, 12))",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(12, 12)).shape",
    "nn.Conv2d(4, 4, 3, padding=(1, 1, 1))(zeros(1, 4, 8, 8))",
    "nn.Conv2d(4, 4, 3, padding_mode='reflect', padding=8)(zeros(1, 4, 8, 8))",
    "nn.RNN(3, 4)(zeros(2, 3, 3, 3))",
    "nn.RNN(3, 4)(zeros(2, 3, 5))",
    "nn.RNN(3, 4)(zeros(2, 5, 3), zeros(1, 4, 4))",
    "nn.RNN(3, 4)(zeros(2, 5, 3), zeros(5, 4))",
    "nn.RNN(3, 4)(zeros(5, 3), zeros(1, 5, 4))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(1, 5, 4), zeros(1, 5, 3)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(1, 4, 4), zeros(1, 5, 4)))",
    "nn.LSTM(3, 4)(zeros(5, 3), (zeros(1, 5, 4), zeros(1, 5, 4)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(5, 4), zeros(5, 4)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3, 3))",
    "nn.GRU(3, 4)(zeros(2, 5, 3, dtype=torch.float64))",
    "nn.RNN(3, 4)(zeros(0, 5, 3))",
    "nn.RNNCell(3, 4)(zeros(2, 5, 3))",
    "nn.RNNCell(3, 4)(zeros(2, 5))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(3, 4))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(2, 5))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(4))",
    "nn.LSTMCell(3, 4)(zeros(2, 3), zeros(2, 4))",
    "nn.LSTMCell(3, 4)(zeros(2, 3), (zeros(2, 3), zeros(2, 4)))",
    "nn.LSTMCell(3, 4)(zeros(2, 2, 3))",
    "nn.GRUCell(3, 4)(zeros(2, 3, 3))",
    "nn.GRU(3, 4)._flat_weights_names",
    "nn.MultiheadAttention(6, 2)(zeros(3, 6), zeros(3, 6), zeros(2, 6))",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 2, zeros(2, 2, 6))",
    "nn.MultiheadAttention(6, 2)(zeros(3, 2, 6), zeros(3, 6), zeros(2, 2, 6))",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 5)] * 3)",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 3, attn_mask=zeros(2, 2))",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 3, attn_mask=zeros(2, 2, 3))",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 3, key_padding_mask=zeros(3, 2))",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 3, key_padding_mask=zeros(2, 3).long())",
    "nn.MultiheadAttention(6, 2)(*[zeros(3, 2, 6)] * 3, is_causal=True)",
    "nn.MultiheadAttention(6, 2)(*[ones(3, 2, 6)] * 3, attn_mask=zeros(3, 3), "
    "key_padding_mask=zeros(2, 3).bool())[0]",
    "F.scaled_dot_product_attention(*[zeros(2, 3, 4)] * 3, attn_mask=zeros(3, 3), is_causal=True)",
    "F.scaled_dot_product_attention(*[zeros(2, 3, 4)] * 3, attn_mask=zeros(3, 3).long())",
    "F.scaled_dot_product_attention(zeros(4), zeros(2, 3, 5), zeros(2, 3, 4))",
    "F.scaled_dot_product_attention(*[zeros(2, 3, 4)] * 2, zeros(2, 3, 4, dtype=torch.float64))",
    "F.scaled_dot_product_attention(x, x, x)[0]",
    "F.scaled_dot_product_attention(x, x, x, scale=0.3)[0]",
    "F.scaled_dot_product_attention(x, x, x, is_causal=True)[0]",
    "F.scaled_dot_product_attention(x, x, x, T([[True, False], [False, True]]))[0]",
    "F.scaled_dot_product_attention(x, x, x, T([[True, False], [False, False]]))[0]",
    "F.scaled_dot_product_attention(x, x, x, T([[0.5, 1.0], [-1.0, 0.0]]))[0]",
    "F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)[0]",
    "F.scaled_dot_product_attention(ones(2, 4, 3, 2), ones(2, 2, 3, 2), ones(2, 2, 3, 2), "
    "enable_gqa=True)",
    "nn.Transformer(8, 2, 1, 1, 16)(zeros(2, 3, 8), zeros(2, 4, 8))",
    "nn.Transformer(8, 2, 1, 1, 16)(zeros(2, 3, 7), zeros(2, 3, 7))",
    "nn.Transformer.generate_square_subsequent_mask(3)",
    "list(nn.TransformerDecoderLayer(8, 2).state_dict())",
    "list(nn.MultiheadAttention(6, 2, kdim=3, vdim=4, add_bias_kv=True).state_dict())",
    "F.unfold(x, 2)[0]",
    "F.unfold(zeros(1, 2, 3, 3), 5)",
    "F.unfold(zeros(1, 2, 3, 3), (2, 2, 2))",
    "F.fold(zeros(1, 4, 8), 4, 2)",
    "F.fold(zeros(1, 5, 9), 4, 2)",
    "F.fold(zeros(9), 4, 2)",
    "F.pixel_shuffle(zeros(1, 5, 2, 2), 2)",
    "F.pixel_shuffle(zeros(2, 2), 2)",
    "F.pixel_unshuffle(zeros(1, 5, 3, 2), 2)",
    "F.pixel_shuffle(zeros(1, 5, 2, 2), -1)",
    "F.interpolate(x)",
    "F.interpolate(x, 2, 2)",
    "F.interpolate(zeros(1, 1, 4, 4), (2, 2, 2))",
    "F.interpolate(zeros(1, 1, 4, 4), scale_factor=(2, 2, 2))",
    "F.interpolate(zeros(1, 1, 4, 4), 8, mode='foo')",
    "F.interpolate(zeros(1, 1, 4, 4), 8, mode='linear')",
    "F.interpolate(zeros(1, 1, 4, 4), 8, align_corners=True)",
    "F.interpolate(zeros(4, 4), 3)",
    "F.interpolate(zeros(1, 1, 4, 4), 0)",
    "F.group_norm(zeros(2, 4, 3), 3)",
    "F.group_norm(zeros(4), 2)",
    "F.group_norm(zeros(2, 4), 2, zeros(3))",
    "F.group_norm(zeros(1, 2), 2)",
    "nn.InstanceNorm1d(3)(ones(2, 4, 5))",
    "nn.InstanceNorm1d(3, affine=True)(zeros(2, 4, 5))",
    "nn.InstanceNorm1d(3)(zeros(2, 3))",
    "nn.InstanceNorm2d(3)(zeros(2, 3))",
    "nn.InstanceNorm1d(3)(zeros(2, 3, 1))",
    "F.instance_norm(zeros(2, 3, 4), use_input_stats=False)",
    "F.instance_norm(x, running_mean=zeros(2), running_var=ones(2))[0]",
    "list(nn.InstanceNorm1d(3, affine=True, track_running_stats=True).state_dict())",
    "F.dropout2d(ones(3, 4))",
    "F.dropout2d(ones(3, 4, 5))",
    "F.dropout2d(ones(3, 4, 2, 2))",
    "F.dropout1d(ones(3, 4))",
    "F.dropout1d(ones(3, 4, 5, 6))",
    "F.cosine_similarity(a, w)",
    "F.cosine_similarity(a, z)",
    "F.cosine_similarity(a, w, 0)",
    "F.cosine_similarity(zeros(2, 3), zeros(2, 4))",
    "F.pairwise_distance(a, w)",
    "F.pairwise_distance(a, w, 1, 0.1, True)",
    "F.hinge_embedding_loss(a, T([[1, -1, 1], [-1, 1, -1]]))",
    "F.hinge_embedding_loss(a, T([1, -1, 1]), 0.3, reduction='none')",
    "F.hinge_embedding_loss(a, a, reduction='foo')",
    "F.margin_ranking_loss(a, z, T([[1, -1, 1], [-1, 1, -1]]), 0.2)",
    "F.margin_ranking_loss(zeros(2), zeros(3, 1), zeros(2))",
    "F.triplet_margin_loss(a, z, z + 0.2)",
    "F.triplet_margin_loss(a, z, z + 0.2, 0.5, 1, swap=True, reduction='none')",
    "F.triplet_margin_loss(zeros(2, 2), zeros(2, 2), zeros(2))",
    "F.triplet_margin_loss(zeros(2, 2), zeros(2, 2), zeros(2, 2), margin=-1)",
    "F.cosine_embedding_loss(a, z + 0.3, T([1, -1]))",
    "F.cosine_embedding_loss(a[0], w, T(-1), reduction='sum')",
    "F.cosine_embedding_loss(a, z, T([1, -1]), 0.1, reduction='none')",
    "F.cosine_embedding_loss(zeros(2, 2), zeros(2, 2), zeros(2, 2))",
    "F.cosine_embedding_loss(zeros(2), zeros(2), zeros(2))",
    "F.cosine_embedding_loss(zeros(2, 2), zeros(2, 3), zeros(2))",
    "F.gaussian_nll_loss(a, z, ones(2, 3))",
    "F.gaussian_nll_loss(a, z, a.exp(), full=True, reduction='sum')",
    "F.gaussian_nll_loss(a, z, ones(2), reduction='none')",
    "F.gaussian_nll_loss(a, z, 0.5)",
    "F.gaussian_nll_loss(a, z, -ones(2))",
    "F.gaussian_nll_loss(a, z, ones(3))",
    "F.gaussian_nll_loss(a, z, ones(2), reduction='foo')",
    "F.poisson_nll_loss(a, z + 2)",
    "F.poisson_nll_loss(s, z + 2, False, True, reduction='none')",
    "F.poisson_nll_loss(a, z, reduction='foo')",
    "F.multi_margin_loss(a, i)",
    "F.multi_margin_loss(a, i, 2, 0.5, w, reduction='none')",
    "F.multi_margin_loss(a[0], T(1))",
    "F.multi_margin_loss(a, i, p=3)",
    "F.multi_margin_loss(a, T([0, 5]))",
    "F.multi_margin_loss(a, T([0]))",
    "F.multi_margin_loss(a, i, weight=zeros(2))",
    "F.soft_margin_loss(a, T([[1, -1, 1], [-1, 1, -1]]))",
    "F.pad(x, (1,))",
    "F.pad(x, (1, 1, 1, 1, 1, 1, 1, 1, 1, 1))",
    "F.pad(x, (-3, -3))",
    "F.pad(x, (1, 1), mode='foo')",
    "F.pad(x, (1, 1), mode='reflect', value=2.0)",
    "F.pad(x[0, 0], (1, 1), mode='reflect')",
    "F.pad(x, (1, 1, 1, 1, 1, 1), mode='reflect')",
    "F.pad(x, (3, 1, 1, 1), mode='reflect')",
    "F.pad(x, (5, 1, 1, 1), mode='circular')",
    "F.pad(x, (1, 1, 0, 2), 'constant', 3.5)[0]",
    "F.pad(x, (1, 1, 1, 1), 'circular')[0]",
    "F.pad(x, (-1, 2, 1, 1), 'circular')[0]",
    "F.pad(x, (1, 2, 1, 0), 'reflect')[0]",
    "F.pad(x, (2, 5, -1, 1), 'replicate')[0]",
    "F.pad(x, (2, 1), 'replicate')[0]",
    "F.pad(x, (-1, 1, 0, -1))[0]",
    "nn.ReflectionPad2d(1)(zeros(3, 3))",
    "nn.ZeroPad2d((1, 0, 2, 0))(x)[0]",
    "nn.ConstantPad1d(1, 2.5)(x)[0]",
    "nn.CircularPad1d(1)(x)[0]",
    "nn.ReplicationPad1d((1, 0))(x)[0]",
    "F.max_pool2d(x, 2, padding=2)",
    "F.max_pool2d(x, 2, stride=0)",
    "F.max_pool2d(x, 4)",
    "F.max_pool2d(x, 2, dilation=0)",
    "F.max_pool2d(x, 2, padding=-1)",
    "F.max_pool2d(x[0], 2)",
    "F.max_pool2d(x, (2, 2, 2))",
    "F.max_pool2d(x, 2, (1, 2, 3))",
    "F.max_pool2d(x, 2, 1)[0]",
    "F.max_pool2d(x, 2, 1, return_indices=True)[1]",
    "F.max_pool2d(T([[[1.0, 1.0], [float('nan'), 1.0]]]), 2, return_indices=True)[1]",
    "F.max_pool2d(ones(1, 3, 3, dtype=long), 2)",
    "F.max_pool2d(ones(1, 3, 3).bool(), 2)",
    "F.max_pool2d(zeros(0, 3, 4, 4), 2)",
    "F.max_pool2d(zeros(3, 0, 4, 4), 2)",
    "F.max_pool1d(x, 2)[0]",
    "F.max_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.max_pool1d(zeros(4, 4), 9)",
    "F.max_pool1d(zeros(4, 4), 2, padding=2)",
    "F.avg_pool2d(x, 2, divisor_override=0)",
    "F.avg_pool2d(x, 2, padding=2)",
    "F.avg_pool2d(x, 4)",
    "F.avg_pool2d(x, 2, 0)",
    "F.avg_pool2d(x, (2, 2, 2))",
    "F.avg_pool2d(x, 2, 1)[0]",
    "F.avg_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_avg_pool2d(x[0], 2)",
    "F.adaptive_avg_pool2d(x, (2, 2, 2))",
    "F.adaptive_avg_pool2d(x, -1)",
    "F.adaptive_avg_pool2d(x, 2)[0]",
    "F.adaptive_avg_pool2d(x, 1)[0]",
    "F.adaptive_avg_pool2d(x, (None, 3))[0]",
    "F.adaptive_avg_pool2d(ones(1, 3, 3, dtype=long), 2)",
    "F.adaptive_avg_pool2d(zeros(3, 2, 0, 4), 2)",
    "F.adaptive_avg_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_avg_pool1d(x, 2)[0]",
    "F.adaptive_max_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_max_pool1d(x, 2)[0]",
    "F.adaptive_max_pool2d(x, 2)[0]",
    "F.adaptive_max_pool2d(x, (2, 2), return_indices=True)[1]",
    "F.adaptive_max_pool2d(x[0], 2)",
    "F.adaptive_max_pool2d(zeros(3, 2, 0, 4), 2)",
]

LAYERS: list[tuple[str, tuple[int, ...]]] = [
    ("Conv1d(4, 6, 3)", (2, 4, 9)),
    ("Conv1d(4, 6, 3, padding=2, dilation=2, groups=2)", (2, 4, 9)),
    ("Conv1d(4, 6, 4, stride=3, bias=False)", (4, 11)),
    ("Conv1d(4, 4, 3, padding=1, padding_mode='circular')", (2, 4, 9)),
    ("Conv2d(3, 5, 3)", (2, 3, 6, 7)),
    ("Conv2d(3, 5, 3)", (3, 6, 7)),
    ("Conv2d(3, 5, (3, 2), (2, 1), (1, 0), (1, 2))", (2, 3, 6, 7)),
    ("Conv2d(4, 8, 3, padding=1, groups=4)", (2, 4, 5, 5)),
    ("Conv2d(3, 5, 1)", (2, 3, 4, 4)),
    ("Conv2d(3, 5, 1, stride=2)", (2, 3, 5, 4)),
    ("Conv2d(3, 5, 3, padding='same', dilation=2)", (2, 3, 6, 6)),
    ("Conv2d(3, 5, (4, 3), padding='same')", (2, 3, 6, 6)),
    ("Conv2d(3, 5, 3, padding='valid')", (2, 3, 6, 6)),
    ("Conv2d(2, 3, 3, padding=(1, 2), padding_mode='reflect')", (2, 2, 6, 6)),
    ("Conv2d(2, 3, 3, padding=(1, 2), padding_mode='replicate')", (2, 2, 6, 6)),
    ("Conv2d(2, 3, 3, padding='same', padding_mode='circular')", (2, 2, 6, 6)),
    ("Conv3d(2, 3, 2, stride=(1, 2, 1), padding=1)", (2, 2, 3, 4, 3)),
    ("ConvTranspose1d(4, 6, 3, stride=2, output_padding=1)", (2, 4, 5)),
    ("ConvTranspose2d(4, 6, 3)", (2, 4, 5, 4)),
    ("ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2)", (2, 4, 5, 4)),
    ("ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), dilation=2, bias=False)", (4, 5, 4)),
    ("ConvTranspose3d(2, 3, 2)", (2, 2, 2, 3, 3)),
    ("MaxPool1d(3, 2, 1)", (2, 3, 8)),
    ("MaxPool2d(2)", (2, 3, 6, 7)),
    ("MaxPool2d(3, 2, 1)", (2, 3, 6, 7)),
    ("MaxPool2d(2, 2, ceil_mode=True)", (3, 5, 7)),
    ("MaxPool2d((2, 3), (1, 2), (1, 0), dilation=(1, 2))", (2, 3, 6, 7)),
    ("AvgPool1d(3, 2, 1)", (2, 3, 8)),
    ("AvgPool2d(2)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, 1)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, 1, count_include_pad=False)", (2, 3, 6, 7)),
    ("AvgPool2d(2, 2, 1, ceil_mode=True)", (2, 3, 5, 7)),
    ("AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, divisor_override=5)", (2, 3, 6, 7)),
    ("AdaptiveAvgPool1d(4)", (2, 3, 7)),
    ("AdaptiveAvgPool2d((3, 2))", (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d((7, 10))", (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d((None, 4))", (3, 7, 8)),
    ("AdaptiveMaxPool1d(4)", (2, 3, 7)),
    ("AdaptiveMaxPool2d((3, 2))", (2, 3, 7, 8)),
    ("RNNCell(3, 4)", (2, 3)),
    ("RNNCell(3, 4, False, 'relu')", (3,)),
    ("LSTMCell(3, 4)", (2, 3)),
    ("GRUCell(3, 4)", (2, 3)),
    ("RNN(3, 4)", (5, 2, 3)),
    ("RNN(3, 4, 2, 'relu', bias=False, bidirectional=True)", (5, 3)),
    ("LSTM(3, 4)", (5, 2, 3)),
    ("LSTM(3, 4, 2, batch_first=True, bidirectional=True)", (2, 5, 3)),
    ("LSTM(3, 4, 3, dropout=0.5)", (5, 2, 3)),
    ("LSTM(3, 5, 2, proj_size=2, bidirectional=True)", (5, 2, 3)),
    ("LSTM(3, 4, bias=False)", (5, 3)),
    ("GRU(3, 4)", (5, 2, 3)),
    ("GRU(3, 4, 2, batch_first=True, bidirectional=True)", (2, 5, 3)),
    ("Unfold((2, 3), 2, 1, (1, 2))", (2, 3, 6, 7)),
    ("Unfold(3)", (3, 6, 7)),
    ("Fold((4, 5), 2, padding=1, stride=2)", (2, 8, 9)),
    ("PixelShuffle(2)", (2, 8, 3, 4)),
    ("PixelUnshuffle(3)", (8, 3, 6)),
    ("Upsample(scale_factor=2)", (2, 3, 4, 5)),
    ("Upsample(scale_factor=1.7)", (2, 3, 4)),
    ("Upsample(size=(3, 7), mode='nearest-exact')", (2, 3, 4, 5)),
    ("Upsample(scale_factor=1.7, mode='linear')", (2, 3, 5)),
    ("Upsample(scale_factor=(2, 0.6), mode='bilinear')", (2, 3, 4, 5)),
    ("Upsample(size=(7, 3), mode='bilinear', align_corners=True)", (2, 3, 4, 5)),
    ("Upsample(scale_factor=2, mode='bicubic')", (2, 3, 4, 5)),
    ("Upsample(scale_factor=2, mode='trilinear')", (1, 2, 2, 3, 2)),
    ("Upsample(size=(3, 3), mode='area')", (2, 3, 4, 5)),
    ("UpsamplingBilinear2d(scale_factor=3)", (2, 3, 2, 2)),
    ("GroupNorm(2, 4)", (3, 4, 5)),
    ("GroupNorm(4, 4, affine=False)", (3, 4, 2, 2)),
    ("InstanceNorm1d(4)", (3, 4, 5)),
    ("InstanceNorm2d(4, affine=True, track_running_stats=True)", (3, 4, 2, 5)),
    ("InstanceNorm2d(4, track_running_stats=True).eval()", (4, 2, 5)),
    ("TransformerEncoderLayer(8, 2, 16)", (5, 3, 8)),
    ("TransformerEncoderLayer(8, 2, 16, 0.0, 'gelu', norm_first=True)", (5, 8)),
    ("TransformerEncoderLayer(8, 2, 16, batch_first=True)", (3, 5, 8)),
    ("TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, nn.LayerNorm(8))", (5, 3, 8)),
]

SEVERAL_INPUTS = {
    "nn.MultiheadAttention(6, 2)": (
        "m(q, q, q)",
        "m(q, k, k)",
        "m(q, k, k, average_attn_weights=False)",
        "m(q, k, k, need_weights=False)",
        "m(q[:, 0], k[:, 0], k[:, 0])",
        "m(q, k, k, key_padding_mask=torch.tensor([[False, False, True, True]] * 3))",
        "m(q, k, k, attn_mask=torch.ones(5, 4).tril(1) == 0, need_weights=False)",
        "m(q, k, k, attn_mask=torch.linspace(-1, 1, 120).reshape(6, 5, 4))",
        "m(q, q, q, attn_mask=nn.Transformer.generate_square_subsequent_mask(5), is_causal=True, "
        "need_weights=False)",
    ),
    "nn.MultiheadAttention(6, 2, 0.3, bias=False, add_bias_kv=True, add_zero_attn=True)": (
        "m(q, k, k)",
        "m(q, k, k, attn_mask=torch.ones(5, 4).tril(1) == 0)",
        "m.eval()(q, k, k)",
    ),
    "nn.MultiheadAttention(6, 3, kdim=6, vdim=6, batch_first=True)": ("m(q, q, q)",),
    "nn.MultiheadAttention(6, 3, vdim=2, batch_first=True)": (
        "m(q, q, q[..., :2])",
        "m(q[0], q[0], q[0, :, :2])",
    ),
    "nn.TransformerDecoderLayer(6, 2, 8)": (
        "m(q, k)",
        "m(q, k, tgt_mask=nn.Transformer.generate_square_subsequent_mask(5), tgt_is_causal=True)",
        "m(q, k, memory_key_padding_mask=torch.tensor([[False, False, True, True]] * 3))",
    ),
    "nn.TransformerEncoderLayer(6, 2, 8, 0.0)": (
        "m(q, torch.ones(5, 5).triu(1) == 1)",
        "m(q, src_key_padding_mask=torch.tensor([[False] * 3 + [True] * 2] * 3))",
        "m.eval()(q)",
    ),
    "nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8, norm_first=True), 2)": (
        "m(q, k, nn.Transformer.generate_square_subsequent_mask(5))",
    ),
    "nn.Transformer(6, 2, 2, 2, 8, 0.0, batch_first=False)": (
        "m(k, q, tgt_mask=nn.Transformer.generate_square_subsequent_mask(5))",
    ),
    "nn.LSTM(6, 4, 2)": ("m(q, (q[:2, :, :4], q[2:4, :, 2:]))",),
    "nn.GRU(6, 4)": ("m(q, q[:1, :, :4])", "m(q[:, 0], q[:1, 0, :4])"),
    "nn.LSTMCell(6, 4)": ("m(q[0], (q[1, :, :4], q[2, :, 2:]))",),
    "nn.CosineSimilarity(-1)": ("m(q[:4], k)",),
    "nn.PairwiseDistance(3.0)": ("m(q[:4], k)",),
    "nn.TripletMarginLoss(swap=True)": ("m(q[:4], k, k + 1)",),
    "nn.GaussianNLLLoss()": ("m(q[:4], k, k**2)",),
    "nn.PoissonNLLLoss()": ("m(q[:4], k)",),
    "nn.MarginRankingLoss(0.3)": ("m(q[:4], k, k.sign())",),
    "nn.HingeEmbeddingLoss(0.3)": ("m(q[:4], k.detach().sign())",),
    "nn.CosineEmbeddingLoss(0.1)": ("m(q[0], k[0], torch.tensor([1, -1, 1]))",),
    "nn.MultiMarginLoss(2)": ("m(q[0], torch.tensor([1, 5, 0]))",),
    "nn.SoftMarginLoss()": ("m(q[:4], k.detach().sign())",),
    "nn.GRUCell(6, 4)": ("m(q[0], q[1, :, :4])", "m(q[0, 0], q[1, 0, :4])"),
}


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", ERRORS)
def test_functions(source: str) -> None:
    check(source)


def tensors(result: Any) -> list[Any]:
    """All tensors in nested tuples."""
    if isinstance(result, tuple):
        return [t for part in result for t in tensors(part)]
    return [result]


def trained(lib: ModuleType, layer: str, call: str, shapes: dict[str, Any]) -> dict[str, Any]:
    """First values, the results and all gradients of a layer ``m`` called with some tensors."""
    lib.manual_seed(5)
    space: dict[str, Any] = {"nn": lib.nn, "torch": lib}
    module = space["m"] = eval(layer, space)
    found = {f"first {name}": value.clone() for name, value in module.state_dict().items()}
    inputs = {name: lib.randn(*shape, requires_grad=True) for name, shape in shapes.items()}
    results = [t for t in tensors(eval(call, {**space, **inputs})) if t is not None]
    total: Any = 0
    for number, y in enumerate(results):
        found[f"result {number}"] = y
        total = total + (y * lib.linspace(-1.0, 1.0, y.numel()).reshape(y.shape)).sum()
    total.backward()
    for name, x in inputs.items():
        if x.grad is not None:
            found[f"gradient of {name}"] = x.grad
    for name, parameter in module.named_parameters():
        found[f"gradient of {name}"] = parameter.grad
    return found


def compare(layer: str, call: str, shapes: dict[str, Any]) -> None:
    ours, theirs = trained(gpugrad, layer, call, shapes), trained(torch, layer, call, shapes)
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        found = ours[name]
        assert tuple(found.shape) == tuple(expected.shape), name
        assert flat(found) == pytest.approx(flat(expected), rel=2e-5, abs=2e-5), name


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_layers(layer: str, shape: tuple[int, ...]) -> None:
    compare(f"nn.{layer}", "m(x)", {"x": shape})


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("layer", "call"), [(layer, call) for layer, calls in SEVERAL_INPUTS.items() for call in calls]
)
def test_layers_of_several_inputs(layer: str, call: str) -> None:
    compare(layer, call, {"q": (5, 3, 6), "k": (4, 3, 6)})


def test_pooled_indices() -> None:
    for source in (
        "F.max_pool2d(r, 3, 2, 1, return_indices=True)",
        "F.max_pool2d(r, 2, 3, ceil_mode=True, return_indices=True)",
        "F.max_pool1d(r[0], 3, 2, 1, return_indices=True)",
        "F.adaptive_max_pool2d(r, (3, 5), return_indices=True)",
        "F.adaptive_max_pool1d(r[0], 3, return_indices=True)",
    ):
        found = []
        for lib in (gpugrad, torch):
            lib.manual_seed(1)
            found.append(eval(source, {"F": lib.nn.functional, "r": lib.randn(2, 3, 7, 8)}))
        for ours, theirs in zip(*found, strict=True):
            same_tensor(ours, theirs)
