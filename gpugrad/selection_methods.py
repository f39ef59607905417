"""Further public functions and methods: choosing, ordering, accumulating, linear algebra."""

from __future__ import annotations

from typing import Any

from .function_makers import as_method
from .later import Places, places
from .out_argument import public

MODULES = {
    "ops.extremes": "aminmax kthvalue max median min mode nanmedian",
    "ops.order": "argsort bucketize msort searchsorted sort topk unique unique_consecutive",
    "ops.counting": "argwhere bincount histc isin nonzero",
    "ops.gather": "gather index_select repeat_interleave take take_along_dim",
    "ops.masked": "masked_fill masked_scatter masked_select",
    "ops.scatter": "scatter scatter_add scatter_reduce",
    "ops.scan": "cummax cummin cumprod cumsum diff logcumsumexp",
    "ops.diagonal": ("diag diag_embed diagflat diagonal trace tril tril_indices triu triu_indices"),
    "ops.arrange": (
        "atleast_1d atleast_2d atleast_3d dsplit fliplr flipud hsplit narrow ravel roll rot90 "
        "select vsplit"
    ),
    "ops.gradient": "gradient vander",
    "ops.grids": "block_diag cartesian_prod column_stack combinations dstack kron meshgrid",
    "ops.bounds": "clamp_max clamp_min",
    "ops.gamma": "digamma igamma igammac lgamma mvlgamma polygamma",
    "ops.bessel": "i0",
    "ops.special": (
        "deg2rad erfinv frac isneginf isposinf logit nan_to_num positive rad2deg sgn sinc"
    ),
    "ops.special_binary": "copysign float_power heaviside xlogy",
    "ops.mixing": "addcdiv addcmul cross lerp",
    "ops.nan_reductions": "nanmean nansum",
    "ops.norm": "cdist dist",
    "ops.matrix_norm": "norm",
    "ops.einsum": "einsum",
    "ops.products": (
        "addbmm addmv addr baddbmm chain_matmul ger inner matrix_power tensordot vdot"
    ),
    "ops.determinants": "det logdet slogdet",
    "ops.decompositions": "qr svd",
    "ops.cholesky": "cholesky_inverse cholesky_solve",
    "ops.householder": "geqrf ormqr orgqr=householder_product",
    "ops.linalg": "cholesky=torch_cholesky inverse=inv pinverse=pinv",
    "ops.lu": "lu=torch_lu lu_solve=torch_lu_solve lu_unpack",
    "ops.copies": "as_strided_scatter fill",
    "ops.cutting": "unsafe_chunk unsafe_split",
    "ops.index_reduce": "index_reduce",
    "ops.number_parts": (
        "angle conj=itself conj_physical=itself frexp gcd imag isreal lcm ldexp logaddexp2 "
        "nextafter real=itself resolve_conj=itself resolve_neg=itself unravel_index"
    ),
    "ops.statistics": (
        "corrcoef cov cumulative_trapezoid histogram histogramdd renorm trapezoid trapz=trapezoid"
    ),
    "ops.matrix_functions": "matrix_exp triangular_solve",
    "ops.slices": "index_add index_copy index_fill index_put put",
    "ops.strided": (
        "as_strided diagonal_scatter narrow_copy select_scatter slice_scatter split_with_sizes"
    ),
    "ops.quantile": "nanquantile quantile",
}
"""The functions of each module that are public and, unless said otherwise, methods."""

COPIES = (
    "as_strided_copy diagonal_copy expand_copy permute_copy select_copy split_copy "
    "split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy "
    "unsqueeze_copy view_copy"
)
"""Functions that copy what others give views of."""

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

IN_PLACE = {
    "ops.masked": "masked_fill_ masked_scatter_",
    "ops.scatter": "scatter_ scatter_add_ scatter_reduce_",
    "ops.scan": "cumprod_ cumsum_",
    "ops.diagonal": "tril_ triu_",
    "ops.bounds": ("clamp_max_ clamp_min_ logical_and_ logical_not_ logical_or_ logical_xor_"),
    "ops.gamma": "digamma_ igamma_ igammac_ lgamma_ mvlgamma_ polygamma_",
    "ops.bessel": "i0_",
    "ops.special": "deg2rad_ erfinv_ frac_ logit_ nan_to_num_ rad2deg_ sgn_ sinc_",
    "ops.special_binary": "copysign_ float_power_ xlogy_",
    "ops.mixing": "addcdiv_ addcmul_ lerp_",
    "ops.products": "addbmm_ addmv_ addr_ baddbmm_",
    "ops.index_reduce": "index_reduce_",
    "ops.number_parts": "conj_physical_=itself gcd_ lcm_ ldexp_ nextafter_",
    "ops.statistics": "renorm_",
    "ops.slices": "index_add_ index_copy_ index_fill_ index_put_ put_",
    "ops.strided": "as_strided_",
    "ops.copies": "resize_ resize_as_",
    "ops.compare_inplace": (
        "bitwise_and_ bitwise_left_shift_ bitwise_not_ bitwise_or_ bitwise_right_shift_ "
        "bitwise_xor_ eq_ ge_ gt_ heaviside_ le_ lt_ ne_ "
        "__iand__=bitwise_and_ __ior__=bitwise_or_ __ixor__=bitwise_xor_ "
        "__ilshift__=bitwise_left_shift_ __irshift__=bitwise_right_shift_"
    ),
}
"""Methods that change their tensor; they stand beside the functions that they are forms of."""

METHODS_AS_FUNCTIONS = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ "
    "asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach "
    "detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ index_put_ log10_ log1p_ log2_ "
    "log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ resize_as_ round_ rsqrt_ "
    "sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_"
)
"""In-place methods that PyTorch also has as functions of the tensor to change."""


def _public(name: str, function: Any) -> Any:
    return public(name, function, None if name in TENSOR_NOT_FIRST.split() else "input")


def _public_copy(name: str, copies: dict[str, Any]) -> Any:
    return public(name, copies[name])


def _copying_method(name: str, copies: dict[str, Any]) -> Any:
    return as_method(name, copies[name])


def _method(name: str, tensor: Any) -> Any:
    return getattr(tensor, name)


def _without(found: Places, names: str) -> Places:
    left_out = {*names.split()}
    return {name: place for name, place in found.items() if name not in left_out}


FUNCTIONS: Places = {
    **places(_public, MODULES),
    **dict.fromkeys(COPIES.split(), (_public_copy, "ops.copies", "COPIES")),
    **dict.fromkeys(METHODS_AS_FUNCTIONS.split(), (_method, "tensor", "Tensor")),
}
"""The public functions by name."""

METHODS: Places = {
    **_without(places(as_method, MODULES), FUNCTION_ONLY),
    **dict.fromkeys(COPIES.split(), (_copying_method, "ops.copies", "COPIES")),
    **places(as_method, IN_PLACE),
    **places(
        as_method,
        {
            "creation": "new_empty_strided",
            "ops.arrange": "unfold",
            "ops.gamma": "polygamma=polygamma_method",
        },
    ),
}
"""The methods by name."""
