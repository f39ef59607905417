"""The parts of the primitives that are imported when first asked for something.

Each is a class among the bases of a backend, with the names of its members that others use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import later

if TYPE_CHECKING:
    from .bessel_functions import BesselFunctions as BesselFunctions
    from .composed_attention import ComposedAttention as ComposedAttention
    from .composed_cells import ComposedCells as ComposedCells
    from .composed_norms import ComposedNorms as ComposedNorms
    from .composed_recurrence import ComposedRecurrence as ComposedRecurrence
    from .composed_windows import ComposedWindows as ComposedWindows
    from .cpu_attention import HostAttention as HostAttention
    from .cpu_cells import HostCells as HostCells
    from .cpu_convolution import HostConvolution as HostConvolution
    from .cpu_norms import HostNorms as HostNorms
    from .cpu_pools import HostPools as HostPools
    from .cpu_recurrence import HostRecurrence as HostRecurrence
    from .cpu_steps import LargeSteps as LargeSteps
    from .factorisations import Factorisations as Factorisations
    from .gamma_functions import GammaFunctions as GammaFunctions
    from .generated import Generated as Generated
    from .implicit_slopes import ImplicitSlopes as ImplicitSlopes
    from .normal_functions import NormalFunctions as NormalFunctions
    from .optimizer_steps import OptimizerSteps as OptimizerSteps
    from .pairs import FusedPairs as FusedPairs
    from .polynomials import Polynomials as Polynomials
    from .windows import Windows as Windows
else:
    BesselFunctions = later.part(
        "backend.bessel_functions",
        "BesselFunctions",
        "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0 i0e i1 i1e k0 k1 spherical_bessel_j0",
    )
    ComposedAttention = later.part(
        "backend.composed_attention", "ComposedAttention", "attention attention_grad"
    )
    ComposedCells = later.part(
        "backend.composed_cells",
        "ComposedCells",
        "_columns_of _each_into gru_cell gru_cell_grad lstm_cell lstm_cell_grad",
    )
    ComposedNorms = later.part(
        "backend.composed_norms",
        "ComposedNorms",
        "_all_into batch_norm batch_norm_grad group_norm group_norm_grad",
    )
    ComposedRecurrence = later.part(
        "backend.composed_recurrence", "ComposedRecurrence", "recurrence recurrence_grad"
    )
    ComposedWindows = later.part(
        "backend.composed_windows", "ComposedWindows", "channel_sum window_max_grad"
    )
    HostAttention = later.part("backend.cpu_attention", "HostAttention", "attention attention_grad")
    HostCells = later.part(
        "backend.cpu_cells", "HostCells", "gru_cell gru_cell_grad lstm_cell lstm_cell_grad"
    )
    HostConvolution = later.part(
        "backend.cpu_convolution", "HostConvolution", "channel_sum conv conv_transpose conv_weight"
    )
    HostNorms = later.part(
        "backend.cpu_norms", "HostNorms", "batch_norm batch_norm_grad group_norm group_norm_grad"
    )
    HostPools = later.part(
        "backend.cpu_pools",
        "HostPools",
        "window_argmax window_max window_max_grad window_spread window_sum",
    )
    HostRecurrence = later.part(
        "backend.cpu_recurrence", "HostRecurrence", "recurrence recurrence_grad"
    )
    LargeSteps = later.part(
        "backend.cpu_steps",
        "LargeSteps",
        "adadelta_step adagrad_step adam_scalars adam_step adamax_step asgd_step clip_by_norm "
        "constant nadam_step radam_step rmsprop_step rprop_step scaled_step sgd_step "
        "step_scratch total_norm unscale update_scale",
    )
    Factorisations = later.part("backend.factorisations", "Factorisations", "lu_factors matrix_exp")
    GammaFunctions = later.part(
        "backend.gamma_functions", "GammaFunctions", "digamma igamma igammac lgamma polygamma zeta"
    )
    Generated = later.part("backend.generated", "Generated", "generated")
    ImplicitSlopes = later.part(
        "backend.implicit_slopes", "ImplicitSlopes", "dirichlet_slope gamma_slope"
    )
    NormalFunctions = later.part(
        "backend.normal_functions", "NormalFunctions", "entr erfcx log_ndtr ndtr ndtri xlog1py"
    )
    OptimizerSteps = later.part(
        "backend.optimizer_steps",
        "OptimizerSteps",
        "adadelta_step adagrad_step adam_scalars adam_step adamax_step asgd_step clip_by_norm "
        "constant nadam_step radam_step rmsprop_step rprop_step scaled_step sgd_step "
        "step_scratch total_norm unscale update_scale",
    )
    FusedPairs = later.part(
        "backend.pairs",
        "FusedPairs",
        "_found bias_activation bias_activation_grad column_sum linear_grad sigmoid_mse "
        "sigmoid_mse_grad",
    )
    Polynomials = later.part("backend.polynomials", "Polynomials", "orthogonal_polynomial")
    Windows = later.part(
        "backend.windows",
        "Windows",
        "conv conv_transpose conv_weight fold pad unfold window_argmax window_max "
        "window_spread window_sum",
    )
