"""Special functions under PyTorch's names: ``gpugrad.special``.

Each takes ``out=``. Whole numbers are converted to the default floating type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .functions import FUNCTIONS as _KNOWN
from .ops import bessel as _bessel
from .ops import gamma as _gamma
from .ops import normal_distribution as _normal
from .ops import polynomials as _polynomials
from .out_argument import public as _public

_SAME_NAME = (
    "digamma erf erfc erfinv exp2 expm1 i0 log1p log_softmax logit logsumexp polygamma round sinc "
    "softmax xlogy"
)
"""Functions that :mod:`gpugrad` has too."""

_OTHER_NAME = {
    "expit": "sigmoid",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "gammaln": "lgamma",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}
"""Functions that :mod:`gpugrad` has under another name."""

_OWN = {
    _bessel: (
        "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0e i1 i1e modified_bessel_i0 "
        "modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 "
        "scaled_modified_bessel_k1 spherical_bessel_j0"
    ),
    _normal: "entr erfcx log_ndtr ndtr ndtri",
}
"""Functions of one tensor that are only here."""

_OF_TWO = {_normal: "xlog1py", _gamma: "zeta"}
"""Functions of two operands, of which one may be a number, that are only here."""

FUNCTIONS: dict[str, Any] = {
    **{name: _KNOWN[name] for name in _SAME_NAME.split()},
    **{name: _KNOWN[known] for name, known in _OTHER_NAME.items()},
    **{
        name: _public(f"special_{name}", getattr(module, name))
        for module, names in _OWN.items()
        for name in names.split()
    },
    **{
        name: _public(f"special_{name}", getattr(module, name), None)
        for module, names in _OF_TWO.items()
        for name in names.split()
    },
    **{
        name: _public(f"special_{name}", function, None)
        for name, function in _polynomials.FUNCTIONS.items()
    },
}
"""The functions of this module by name."""

__all__ = sorted(FUNCTIONS)

globals().update(FUNCTIONS)

if TYPE_CHECKING:  # the functions

    def __getattr__(name: str) -> Any: ...
