"""Further public functions and methods: choosing, ordering, accumulating, linear algebra."""

from __future__ import annotations

from . import creation
from .function_makers import Function
from .methods import bind
from .ops import (
    arrange,
    bessel,
    bounds,
    cholesky,
    copies,
    counting,
    cutting,
    decompositions,
    determinants,
    diagonal,
    einsum,
    extremes,
    gamma,
    gather,
    gradient,
    grids,
    householder,
    index_reduce,
    linalg,
    lu,
    masked,
    matrix_functions,
    matrix_norm,
    mixing,
    nan_reductions,
    norm,
    number_parts,
    order,
    products,
    quantile,
    scan,
    scatter,
    slices,
    special,
    special_binary,
    statistics,
    strided,
)
from .ops.compare_inplace import METHODS as COMPARED
from .ops.number_parts import itself
from .out_argument import public
from .tensor import Tensor

MODULES = {
    extremes: "aminmax kthvalue max median min mode nanmedian",
    order: "argsort bucketize msort searchsorted sort topk unique unique_consecutive",
    counting: "argwhere bincount histc isin nonzero",
    gather: "gather index_select repeat_interleave take take_along_dim",
    masked: "masked_fill masked_scatter masked_select",
    scatter: "scatter scatter_add scatter_reduce",
    scan: "cummax cummin cumprod cumsum diff logcumsumexp",
    diagonal: ("diag diag_embed diagflat diagonal trace tril tril_indices triu triu_indices"),
    arrange: (
        "atleast_1d atleast_2d atleast_3d dsplit fliplr flipud hsplit narrow ravel roll rot90 "
        "select vsplit"
    ),
    gradient: "gradient vander",
    grids: "block_diag cartesian_prod column_stack combinations dstack kron meshgrid",
    bounds: "clamp_max clamp_min",
    gamma: "digamma igamma igammac lgamma mvlgamma polygamma",
    bessel: "i0",
    special: ("deg2rad erfinv frac isneginf isposinf logit nan_to_num positive rad2deg sgn sinc"),
    special_binary: "copysign float_power heaviside xlogy",
    mixing: "addcdiv addcmul cross lerp",
    nan_reductions: "nanmean nansum",
    norm: "cdist dist",
    matrix_norm: "norm",
    einsum: "einsum",
    products: ("addbmm addmv addr baddbmm chain_matmul ger inner matrix_power tensordot vdot"),
    determinants: "det logdet slogdet",
    decompositions: "qr svd",
    cholesky: "cholesky_inverse cholesky_solve",
    householder: "geqrf ormqr",
    lu: "lu_unpack",
    copies: "as_strided_scatter fill",
    cutting: "unsafe_chunk unsafe_split",
    index_reduce: "index_reduce",
    number_parts: ("angle frexp gcd isreal lcm ldexp logaddexp2 nextafter unravel_index"),
    statistics: ("corrcoef cov cumulative_trapezoid histogram histogramdd renorm trapezoid"),
    matrix_functions: "triangular_solve",
    slices: "index_add index_copy index_fill index_put put",
    strided: (
        "as_strided diagonal_scatter narrow_copy select_scatter slice_scatter split_with_sizes"
    ),
    quantile: "nanquantile quantile",
}
"""The functions of each module that are public and, unless said otherwise, methods."""

FUNCTION_ONLY = (
    "atleast_1d atleast_2d atleast_3d block_diag bucketize cartesian_prod cdist chain_matmul "
    "column_stack combinations cumulative_trapezoid dstack einsum fill gradient histogramdd isin "
    "lu_unpack meshgrid searchsorted tensordot trapezoid trapz tril_indices triu_indices "
    "unravel_index vander"
)
"""Public functions that are not methods."""

TENSOR_NOT_FIRST = (
    "atleast_1d atleast_2d atleast_3d block_diag bucketize cartesian_prod column_stack dstack "
    "cumulative_trapezoid einsum float_power isin meshgrid polygamma trapezoid trapz tril_indices "
    "triu_indices xlogy"
)
"""Functions whose first argument may be something else than a tensor."""

OTHER_NAMES = {
    "cholesky": linalg.torch_cholesky,
    "lu": lu.torch_lu,
    "lu_solve": lu.torch_lu_solve,
    "matrix_exp": matrix_functions.matrix_exp,
    **copies.COPIES,
    **dict.fromkeys(("conj", "conj_physical", "real", "resolve_conj", "resolve_neg"), itself),
    "imag": number_parts.imag,
    "trapz": statistics.trapezoid,
    "orgqr": householder.householder_product,
    "inverse": linalg.inv,
    "pinverse": linalg.pinv,
}
"""Functions that :mod:`gpugrad.linalg` has under another name."""


NAMED = {
    **{n: getattr(module, n) for module, names in MODULES.items() for n in names.split()},
    **OTHER_NAMES,
}

FUNCTIONS: dict[str, Function] = {
    name: public(name, f, None if name in TENSOR_NOT_FIRST.split() else "input")
    for name, f in NAMED.items()
}
"""The public functions by name; :mod:`gpugrad` exports them all."""

METHODS: dict[str, Function] = {
    **{name: f for name, f in NAMED.items() if name not in FUNCTION_ONLY.split()},
    # In-place forms stand beside the functions that they are forms of.
    **{
        n + "_": getattr(module, n + "_")
        for module, names in MODULES.items()
        for n in names.split()
        if hasattr(module, n + "_")
    },
    **{f"logical_{n}_": getattr(bounds, f"logical_{n}_") for n in ("and", "or", "xor", "not")},
    "unfold": arrange.unfold,
    "polygamma": gamma.polygamma_method,
    "resize_": copies.resize_,
    "resize_as_": copies.resize_as_,
    "new_empty_strided": creation.new_empty_strided,
    "conj_physical_": itself,
    **COMPARED,
}

bind({}, METHODS)

for _name in ("real", "imag"):
    setattr(Tensor, _name, property(NAMED[_name]))

METHODS_AS_FUNCTIONS = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ "
    "asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach "
    "detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ index_put_ log10_ log1p_ log2_ "
    "log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ resize_as_ round_ rsqrt_ "
    "sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_"
)
"""In-place methods that PyTorch also has as functions of the tensor to change."""

FUNCTIONS.update({name: getattr(Tensor, name) for name in METHODS_AS_FUNCTIONS.split()})
