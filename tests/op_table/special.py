"""Rows of special functions, and of those that rearrange or combine tensors."""

from __future__ import annotations

import math

from .model import Data, Refused, Sample
from .picking import REAL, op

X = Data((3, 4))
EDGES = Data(values=[0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan])

SPECIAL = (
    op("erfinv", Sample(Data((3, 4), -0.9, 0.9)), dtypes=REAL, inplace="erfinv_", roundings=64),
    op(
        "logit",
        Sample(Data((3, 4), 0.1, 0.9)),
        Sample(Data((3, 4), -0.2, 1.2), 0.1),
        dtypes=REAL,
        inplace="logit_",
        roundings=32,
    ),
    op(
        "sinc",
        Sample(X),
        Sample(Data(values=[0.0, 1.0, 0.5]), smooth=False),
        dtypes=REAL,
        inplace="sinc_",
    ),
    op("frac", Sample(X), dtypes=REAL, inplace="frac_"),
    op("sgn", Sample(X), Sample(Data(())), inplace="sgn_"),
    op("positive", Sample(X)),
    op("deg2rad", Sample(X), dtypes=REAL, inplace="deg2rad_"),
    op("rad2deg", Sample(X), dtypes=REAL, inplace="rad2deg_"),
    op(
        "nan_to_num",
        Sample(X),
        Sample(EDGES, 0.0, 9.0, smooth=False, only=REAL),
        Sample(EDGES, 1.0, 2.0, -2.0, smooth=False, only=REAL),
        inplace="nan_to_num_",
    ),
    op("isposinf", Sample(X), Sample(EDGES), differentiable=False),
    op("isneginf", Sample(X), Sample(EDGES), differentiable=False),
    op("clamp_min", Sample(X, 0.5, only=REAL), Sample(X, Data((4,))), inplace="clamp_min_"),
    op("clamp_max", Sample(X, 0.5, only=REAL), Sample(X, Data((4,))), inplace="clamp_max_"),
    op(
        "xlogy",
        Sample(X, Data((3, 4), 0.1, 2.0)),
        Sample(Data((4,)), Data((3, 1), 0.1, 2.0)),
        Sample(X, 0.5),
        dtypes=REAL,
        inplace="xlogy_",
    ),
    op(
        "float_power",
        Sample(Data((3,), 0.5, 2.0), 2),
        Sample(Data((3,), 0.5, 2.0), Data((3,))),
    ),
    op(
        "copysign",
        Sample(X, X),
        Sample(Data((3, 1)), Data((4,))),
        Sample(X, -2.0),
        dtypes=REAL,
        inplace="copysign_",
        named=True,
    ),
    op(
        "heaviside",
        Sample(Data((3, 4), grad=False), Data((4,), grad=False)),
        dtypes=REAL,
        differentiable=False,
        inplace="heaviside_",
    ),
    op(
        "lerp",
        Sample(X, Data((3, 4)), 0.25),
        Sample(X, X, Data((4,), 0.0, 1.0)),
        dtypes=REAL,
        inplace="lerp_",
    ),
    op("addcmul", Sample(X, X, Data((4,)), value=2), Sample(X, X, X), inplace="addcmul_"),
    op(
        "addcdiv",
        Sample(X, X, Data((4,), 0.5, 2.0), value=2),
        dtypes=REAL,
        inplace="addcdiv_",
    ),
)

ARRANGING = (
    op("roll", Sample(X, 1), Sample(X, (1, -1), (0, 1)), Sample(X, 2, 1)),
    op("rot90", Sample(X), Sample(X, 2), Sample(X, -1, (1, 0))),
    op("fliplr", Sample(X)),
    op("flipud", Sample(X)),
    op("ravel", Sample(X), Sample(Data(()))),
    op("repeat_interleave", Sample(X, 2), Sample(X, 3, 0), Sample(X, 2, dim=1)),
    op("column_stack", Sample([Data((3,)), X]), method=None),
    op("dstack", Sample([X, X]), method=None),
    op("hsplit", Sample(X, 2), Sample(X, (1, 3))),
    op("vsplit", Sample(X, 3), Sample(X, (1,))),
    op("dsplit", Sample(Data((2, 2, 4)), 2)),
    op("atleast_1d", Sample(Data(())), Sample(X), method=None),
    op("atleast_2d", Sample(Data(())), Sample(Data((3,))), method=None),
    op("atleast_3d", Sample(Data((3,))), Sample(X), method=None),
    op("meshgrid", Sample(Data((2,)), Data((3,)), indexing="ij"), method=None),
    op("cartesian_prod", Sample(Data((2,)), Data((3,))), method=None),
    op("combinations", Sample(Data((4,))), Sample(Data((3,)), 2, True), method=None),
    op("block_diag", Sample(X, Data((2, 2))), method=None),
    op("diag", Sample(X), Sample(X, 1), Sample(Data((3,))), Sample(Data((3,)), -1)),
    op("diagonal", Sample(X), Sample(X, -1), Sample(Data((2, 3, 4)), 1, 1, 2)),
    op("diag_embed", Sample(X), Sample(X, 1), Sample(X, 0, 0, 2)),
    op("diagflat", Sample(X), Sample(X, 1)),
    op("tril", Sample(X), Sample(X, 1), Sample(Data((2, 3, 3)), -1), inplace="tril_"),
    op("triu", Sample(X), Sample(X, -1), Sample(Data((2, 3, 3)), 1), inplace="triu_"),
    op("detach", Sample(X), differentiable=False),
    op("trace", Sample(X), Sample(Data((2, 2)))),
)

STRIDED = (
    op(
        "as_strided",
        Sample(X, (2, 2), (1, 2)),
        Sample(X, (3, 3), (2, 1), 1),
        Sample(X, (2, 3), (0, 1)),
        Sample(X, (), (), 5),
        Sample(X, (2, 0), (1, 1)),
        named=True,
        needs_contiguous=True,
        refused=(
            Refused(Sample(X, (2, 2), (-1, 1)), RuntimeError, "Negative strides are not supported"),
            Refused(Sample(X, (2, 2), (1,)), RuntimeError, "mismatch in length of strides"),
            Refused(
                Sample(X, (4, 4), (4, 1)), RuntimeError, "are out of bounds for storage of size 96"
            ),
            Refused(Sample(X, (-2,), (1,)), RuntimeError, "Storage size calculation overflowed"),
        ),
    ),
    op("adjoint", Sample(X), Sample(Data((2, 3, 4))), named=True),
    op("select_scatter", Sample(X, Data((4,)), 0, 1), Sample(X, Data((3,)), -1, -2), named=True),
    op(
        "slice_scatter",
        Sample(X, Data((2, 4)), 0, 1),
        Sample(X, Data((3, 2)), 1, 0, 4, 2),
        Sample(X, X),
        named=True,
    ),
    op(
        "diagonal_scatter",
        Sample(X, Data((3,))),
        Sample(X, Data((2,)), -1),
        Sample(Data((2, 3, 4)), Data((3, 2)), 1, 0, 2),
        named=True,
        refused=(
            Refused(
                Sample(X, Data((4,))),
                RuntimeError,
                r"expected src to have a size equal to the slice of self. src size = \[4\], slice "
                r"size = \[3\]",
            ),
        ),
    ),
    op("split_with_sizes", Sample(X, (1, 2)), Sample(X, (3, 0, 1), 1), named=True),
    op("narrow_copy", Sample(X, 1, 1, 2)),
)

QUARTERS = Data(values=[0.25, 0.5, 1.0], grad=False)

QUANTILES = tuple(
    op(
        name,
        Sample(X, 0.3),
        Sample(X, QUARTERS, dim=1),
        Sample(X, 0.6, 0, True),
        Sample(X, QUARTERS, 0, True),
        *(
            Sample(X, 0.4, 1, interpolation=way)
            for way in ("lower", "higher", "midpoint", "nearest")
        ),
        Sample(Data(values=[[1.0, math.nan, 3.0], [0.0, 2.0, 5.0]]), 0.6, 1, smooth=False),
        Sample(Data(()), 0.5),
        dtypes=REAL,
        named=True,
        refused=(
            Refused(Sample(X, 1.5), RuntimeError, r"q must be in the range \[0, 1\] but got 1.5"),
            Refused(Sample(Data((0,)), 0.5), RuntimeError, "input tensor must be non-empty"),
            Refused(Sample(X, 0.5), RuntimeError, "must be either float or double", "float16"),
            Refused(
                Sample(X, 0.5, interpolation="cubic"), RuntimeError, "must be one of linear, lower"
            ),
        ),
    )
    for name in ("quantile", "nanquantile")
)

SQUARE = Data(values=[[2.0, 1.0, 0.5], [-1.0, 3.0, 0.25], [0.5, 0.0, 1.5]])
POSITIVE = Data(values=[[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
A, B, V = Data((2, 3)), Data((3, 2)), Data((3,))

# A change of one element alone leaves the symmetric matrices, where the derivative is taken.
CHOLESKY = (Sample(POSITIVE, smooth=False), Sample(POSITIVE, upper=True, smooth=False))

PRODUCTS = (
    op("inner", Sample(X, Data((4,))), Sample(V, V)),
    op("vdot", Sample(V, V)),
    op("ger", Sample(V, Data((2,)))),
    op("kron", Sample(A, Data((2, 2))), Sample(V, V)),
    op("cross", Sample(A, A, 1), Sample(V, V, 0)),
    op(
        "tensordot",
        Sample(A, B, 1),
        Sample(Data((2, 3, 4)), Data((4, 3)), ((2, 1), (0, 1))),
        method=None,
    ),
    op(
        "einsum",
        Sample("ij,jk->ik", A, B),
        Sample("ij->ji", A),
        Sample("bij,bjk->bik", Data((2, 2, 3)), Data((2, 3, 2))),
        Sample("ii", SQUARE),
        method=None,
    ),
    op(
        "addmv",
        Sample(Data((2,)), A, V),
        Sample(Data((2,)), A, V, beta=2, alpha=3),
        inplace="addmv_",
    ),
    op(
        "addr", Sample(A, Data((2,)), V), Sample(A, Data((2,)), V, beta=2, alpha=3), inplace="addr_"
    ),
    op(
        "baddbmm",
        Sample(Data((4, 2, 2)), Data((4, 2, 3)), Data((4, 3, 2)), alpha=2),
        inplace="baddbmm_",
    ),
    op("addbmm", Sample(Data((2, 2)), Data((4, 2, 3)), Data((4, 3, 2)), beta=2), inplace="addbmm_"),
    op("matrix_power", Sample(SQUARE, 3), Sample(SQUARE, -1), dtypes=REAL),
    op("cdist", Sample(A, Data((4, 3))), Sample(A, Data((4, 3)), 1.0), dtypes=REAL, method=None),
)

ALGEBRA = tuple(
    op(name, *samples, dtypes=REAL, roundings=512)
    for name, samples in (
        ("det", (Sample(SQUARE), Sample(Data((2, 2))))),
        ("logdet", (Sample(POSITIVE),)),
        ("slogdet", (Sample(SQUARE),)),
        ("inverse", (Sample(SQUARE),)),
        ("cholesky", CHOLESKY),
        ("pinverse", (Sample(A),)),
        ("norm", (Sample(X), Sample(X, 1), Sample(X, 2, 1), Sample(X, math.inf, 0), Sample(X, 3))),
        ("dist", (Sample(X, Data((4,))), Sample(X, X, 1))),
    )
)

OPS = (*SPECIAL, *ARRANGING, *STRIDED, *QUANTILES, *PRODUCTS, *ALGEBRA)
