"""Operators whose samples differ from PyTorch's results, each with the reason."""

from __future__ import annotations

_PYTORCH_LESS_EXACT = "PyTorch's result is the less exact one"
_NUMBER_FIRST = "PyTorch's reflected methods refuse a number as the first operand; only asked there"
_HALF_EMPTY = "PyTorch takes empty matrices of half types and refuses all others"
_HALF_ROUNDING = "half types are rounded at other places"
_OVERFLOW = "beyond the largest number PyTorch's recurrences give nan, the closed forms infinity"
_EDGE = "an edge of bools or empty tensors that PyTorch treats by accident of its kernels"

KNOWN: dict[str, str] = {
    **dict.fromkeys(
        ("__radd__", "__rdiv__", "__rmul__", "__rand__", "__ror__", "__rxor__"), _NUMBER_FIRST
    ),
    **dict.fromkeys(("addbmm", "addcdiv", "addr", "baddbmm", "histc", "logspace"), _HALF_ROUNDING),
    **dict.fromkeys(
        (
            *("linalg.det", "linalg.solve", "linalg.solve_ex", "svd"),
            *("linalg.lu_solve", "lu_solve", "linalg.svd"),
        ),
        _HALF_EMPTY,
    ),
    **dict.fromkeys(
        (
            *("special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1"),
            *(f"polygamma.polygamma_n_{n}" for n in (1, 2, 3, 4)),
            *("special.airy_ai", "matrix_exp", "special.zeta"),
        ),
        _PYTORCH_LESS_EXACT,
    ),
    **dict.fromkeys(
        (
            *(f"special.chebyshev_polynomial_{kind}" for kind in "tuvw"),
            *(f"special.shifted_chebyshev_polynomial_{kind}" for kind in "tuvw"),
            *("special.hermite_polynomial_h", "special.hermite_polynomial_he"),
            *("special.laguerre_polynomial_l", "special.legendre_polynomial_p"),
        ),
        _OVERFLOW,
    ),
    **dict.fromkeys(
        (
            *("masked.median", "masked.softmin", "tensordot", "nn.functional.linear"),
            *("nn.functional.adaptive_avg_pool1d", "nn.functional.pdist"),
        ),
        _EDGE,
    ),
    **dict.fromkeys(
        (
            *(f"nn.functional.conv_transpose{n}d" for n in (2, 3)),
            *(f"nn.functional.interpolate.{mode}" for mode in ("trilinear", "area")),
            *("nn.functional.adaptive_avg_pool3d", "nn.functional.avg_pool2d"),
            *("nn.functional.instance_norm", "nn.functional.scaled_dot_product_attention"),
            *("nn.functional.binary_cross_entropy_with_logits",),
            *("nn.functional.multi_head_attention_forward",),
        ),
        _HALF_ROUNDING,
    ),
    **dict.fromkeys(
        (
            "nn.functional.linear_cross_entropy.chunked",
            "nn.functional.linear_cross_entropy.chunked_none",
        ),
        "PyTorch's chunks have no second derivative",
    ),
    "as_strided_scatter": "PyTorch's gradient is that of the part that is overwritten",
    "nn.functional.cross_entropy": "whole numbers are refused by another error type",
    "nn.functional.avg_pool3d": "half types are refused by PyTorch's kernel for the CPU",
    "signal.windows.kaiser": "beyond the largest number PyTorch divides infinities",
    "cat": "an output that shares memory can be resized",
    "gather": "an output that is a part of the index",
    "linalg.norm.subgradients_at_zero": "second derivatives at zero are 0, PyTorch's nan",
    "masked.logaddexp": "second derivatives at minus infinity are 0, PyTorch's nan",
    "nonzero": "PyTorch's check of out comes first",
    "nn.functional.embedding": "sparse gradients",
    "nn.functional.embedding_bag": "sparse gradients",
    "normal": "an output of no elements is given the size of the means",
    "normal.number_mean": "an output of no elements is given the size of the deviations",
}
