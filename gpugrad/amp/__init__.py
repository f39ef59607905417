"""Training with 16-bit numbers: ``autocast`` chooses where, ``GradScaler`` saves the gradients."""

from ..autograd.autocast_mode import is_autocast_available as is_autocast_available
from .autocast_mode import autocast as autocast
from .autocast_mode import custom_bwd as custom_bwd
from .autocast_mode import custom_fwd as custom_fwd
from .grad_scaler import GradScaler as GradScaler
