"""Which ops are cast how, on which type of device: PyTorch's lists, under this package's names.

An op that is in no list of its device runs in the types it gets, and so do the ops that it is made
of here. What PyTorch composes of listed ops is listed by what comes of it, or as composed.
"""

from __future__ import annotations

LOWER = "lower"
"""Floating-point operands, float64 apart, are cast to the region's type."""
FLOAT32 = "float32"
"""Those of 16 bits are cast to float32."""
FLOAT32_RESULT = "float32 result"
"""The op's argument ``dtype`` becomes float32, unless the caller has given it."""
WIDEST = "widest"
"""Floating-point operands, float64 apart, are cast to the widest type among them."""
COMPOSED = "composed"
"""The ops that it is made of are cast, each by itself."""
REFUSED = "refused"
"""Too likely to overflow in 16 bits."""


def _policies(**lists: str) -> dict[str, str]:
    by_word = {
        "lower": LOWER,
        "float32": FLOAT32,
        "float32_result": FLOAT32_RESULT,
        "widest": WIDEST,
        "composed": COMPOSED,
        "refused": REFUSED,
    }
    return {name: by_word[word] for word, names in lists.items() for name in names.split()}


_PRODUCTS = (
    "addbmm addmm baddbmm bmm chain_matmul conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "conv_transpose3d linear matmul mm multi_dot prelu scaled_dot_product_attention vecdot"
)
_LOSSES = (
    "binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy hinge_embedding_loss "
    "huber_loss kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss "
    "multilabel_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss "
    "triplet_margin_loss"
)

POLICIES: dict[str, dict[str, str]] = {
    "cpu": _policies(
        lower=f"{_PRODUCTS} LSTM tensordot",
        float32=(
            f"{_LOSSES} binary_cross_entropy ctc_loss adaptive_avg_pool3d adaptive_max_pool3d "
            "avg_pool3d max_pool3d max_unpool2d max_unpool3d "
            "reflect_pad1d reflect_pad2d replicate_pad1d replicate_pad2d replicate_pad3d cdist "
            "cholesky eigh eigvalsh grid_sample inv lstsq matrix_rank nanquantile pinv prod qr "
            "quantile solve svd svdvals trace"
        ),
        widest="index_copy",
        composed="GRU RNN_RELU RNN_TANH einsum",
    ),
    "cuda": _policies(
        lower=f"{_PRODUCTS} GRU LSTM RNN_RELU RNN_TANH addmv addr einsum mv",
        float32=(
            f"{_LOSSES} acos asin cosh erfinv exp expm1 log log10 log1p log2 pow reciprocal rsqrt "
            "sinh tan cdist cosine_similarity dist group_norm interpolate layer_norm logsumexp "
            "matrix_norm norm pdist rms_norm softplus vector_norm"
        ),
        float32_result="cumprod cumsum log_softmax prod softmax sum",
        widest=(
            "addcdiv addcmul atan2 bilinear cross dot grid_sample index_put scatter_add tensordot "
            "vdot"
        ),
        refused="binary_cross_entropy",
    ),
}
