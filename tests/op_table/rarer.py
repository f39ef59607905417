"""Rows of special functions of :mod:`gpugrad.special`, statistics, factorisations and copies."""

from __future__ import annotations

from typing import Any

from .model import Data, Op, Sample
from .picking import REAL, index, op
from .special import SQUARE

X = Data((3, 4))
P = Data((3, 4), 0.2, 4.0)
PLAIN = Data((3, 4), grad=False)
UNIT = Data((3, 4), 0.1, 0.9)
WHOLE = ("int64", "int32")


def special(name: str, *samples: Sample, **more: Any) -> Op:
    """A row of a function that is in ``gpugrad.special`` only."""
    options: dict[str, Any] = {"dtypes": REAL, "method": None, "roundings": 256, **more}
    return op(
        f"special.{name}",
        *samples,
        call=lambda lib, *args: getattr(lib.special, name)(*args),
        **options,
    )


SPECIAL = (
    *(special(n, Sample(X)) for n in ("ndtr", "log_ndtr", "erfcx", "i0e", "i1", "i1e")),
    special("ndtri", Sample(UNIT)),
    special("entr", Sample(P)),
    special("xlog1py", Sample(X, P), Sample(Data((4,)), Data((3, 1), 0.1, 2.0)), Sample(X, 0.5)),
    special("zeta", Sample(Data((3, 4), 1.5, 5.0, grad=False), P)),
    *(
        # PyTorch's own are exact to 1e-9 only.
        special(
            n,
            Sample(Data((3, 4), 0.2, 12.0, grad=False)),
            differentiable=False,
            dtypes=("float32",),
        )
        for n in (
            *("airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"),
            *("modified_bessel_k0", "scaled_modified_bessel_k1", "spherical_bessel_j0"),
        )
    ),
    *(
        special(n, Sample(X, index(0, 1, 2, 5)), differentiable=False)
        for n in ("chebyshev_polynomial_t", "hermite_polynomial_he", "legendre_polynomial_p")
    ),
    op("lgamma", Sample(P), dtypes=REAL, inplace="lgamma_", roundings=256),
    op("digamma", Sample(P), dtypes=REAL, inplace="digamma_", roundings=256),
    op(
        "polygamma",
        Sample(1, P),
        Sample(3, P),
        dtypes=REAL,
        method=None,
        roundings=256,
    ),
    op("mvlgamma", Sample(Data((3, 4), 1.5, 4.0), 2), dtypes=REAL, inplace="mvlgamma_"),
    op(
        "igamma",
        Sample(Data((3, 4), 0.5, 3.0, grad=False), P),
        dtypes=REAL,
        inplace="igamma_",
        roundings=256,
    ),
    op(
        "igammac",
        Sample(Data((3, 4), 0.5, 3.0, grad=False), P),
        dtypes=REAL,
        inplace="igammac_",
        roundings=256,
    ),
    op("i0", Sample(X), dtypes=REAL, inplace="i0_", roundings=256),
)

PARTS = (
    op("logaddexp2", Sample(X, X), Sample(X, Data((4,))), dtypes=REAL),
    op("ldexp", Sample(X, Data((4,))), dtypes=REAL, inplace="ldexp_"),
    op("frexp", Sample(P, smooth=False), dtypes=REAL),
    op("nextafter", Sample(X, P), dtypes=REAL, inplace="nextafter_"),
    op(
        "gcd",
        Sample(Data((3, 4), -40, 40), Data((4,), 1, 30)),
        dtypes=WHOLE,
        inplace="gcd_",
        differentiable=False,
    ),
    op(
        "lcm",
        Sample(Data((3, 4), -40, 40), Data((4,), 1, 30)),
        dtypes=WHOLE,
        inplace="lcm_",
        differentiable=False,
    ),
    op("unravel_index", Sample(index(5, 0, 3), (2, 3)), method=None, differentiable=False),
    op("angle", Sample(X), dtypes=REAL),
    op("isreal", Sample(X), differentiable=False),
    *(op(n, Sample(X)) for n in ("conj", "resolve_conj", "resolve_neg")),
    op("conj_physical", Sample(X)),
    op("real", Sample(X), method=None),
)

STATISTICS = (
    op("cov", Sample(X), Sample(X, correction=0), dtypes=REAL),
    op("corrcoef", Sample(X), dtypes=REAL),
    op("renorm", Sample(X, 2, 0, 1.0), dtypes=REAL, inplace="renorm_"),
    op("trapezoid", Sample(X), Sample(X, Data((4,))), dtypes=REAL, method=None),
    op("trapz", Sample(X, dx=0.5), dtypes=REAL, method=None),
    op("cumulative_trapezoid", Sample(X), Sample(X, dim=0), dtypes=REAL, method=None),
    op("gradient", Sample(X), Sample(X, spacing=0.5, dim=1), dtypes=REAL, method=None),
    # PyTorch refuses the gradient: it changes what it has kept.
    op(
        "vander",
        Sample(Data((4,), grad=False)),
        Sample(Data((3,), grad=False), 2, True),
        dtypes=REAL,
        method=None,
    ),
    op(
        "histogram",
        Sample(PLAIN, 4),
        Sample(PLAIN, 3, range=(-1.0, 1.0)),
        dtypes=REAL,
        differentiable=False,
    ),
    op("histogramdd", Sample(PLAIN, [2, 2, 2, 2]), dtypes=REAL, method=None, differentiable=False),
    *(
        op("index_reduce", *samples, dtypes=REAL, inplace="index_reduce_")
        for samples in [
            tuple(
                Sample(X, 0, index(0, 2, 0, 1), Data((4, 4)), how)
                for how in ("prod", "mean", "amax", "amin")
            )
        ]
    ),
)

LOWER = Data(values=[[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-0.5, 0.25, 1.0]])

# A change above the diagonal is read by none of these, though PyTorch gives it a gradient.
FACTORS = tuple(
    op(name, *samples, dtypes=REAL, roundings=512, **more)
    for name, samples, more in (
        ("cholesky_inverse", (Sample(LOWER, smooth=False),), {}),
        ("cholesky_solve", (Sample(Data((3, 2)), LOWER, smooth=False),), {}),
        ("triangular_solve", (Sample(Data((3, 2)), SQUARE),), {}),
        ("matrix_exp", (Sample(SQUARE),), {}),
        ("lu", (Sample(SQUARE),), {}),
        ("geqrf", (Sample(Data((3, 3), grad=False)),), {"differentiable": False}),
        ("orgqr", (Sample(SQUARE, Data((2,), 0.2, 0.8)),), {}),
        ("ormqr", (Sample(SQUARE, Data((3,), 0.2, 0.8), Data((3, 2))),), {}),
    )
)

COPIES = (
    op("as_strided_copy", Sample(X, (2, 2), (1, 2)), needs_contiguous=True, method=None),
    # PyTorch's gradient of the first argument is that of what is overwritten.
    op("as_strided_scatter", Sample(PLAIN, Data((2, 2)), (2, 2), (1, 2)), needs_contiguous=True),
    op("diagonal_copy", Sample(X), method=None),
    op("expand_copy", Sample(X, (2, 3, 4)), method=None),
    op("permute_copy", Sample(X, (1, 0)), method=None),
    op("select_copy", Sample(X, 0, 1), method=None),
    op("split_copy", Sample(X, 2), method=None),
    op("split_with_sizes_copy", Sample(X, (1, 2)), method=None),
    op("squeeze_copy", Sample(Data((3, 1))), method=None),
    op("t_copy", Sample(X), method=None),
    op("transpose_copy", Sample(X, 0, 1), method=None),
    op("unbind_copy", Sample(X), method=None),
    op("unfold_copy", Sample(X, 1, 2, 1), method=None),
    op("unsqueeze_copy", Sample(X, 0), method=None),
    op("view_copy", Sample(X, (4, 3)), needs_contiguous=True, method=None),
    op("unsafe_chunk", Sample(X, 2)),
    op("unsafe_split", Sample(X, 2)),
    op("fill", Sample(X, 2.0), method=None),
)

OPS = (*SPECIAL, *PARTS, *STATISTICS, *FACTORS, *COPIES)
