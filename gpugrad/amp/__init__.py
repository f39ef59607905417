"""Training with 16-bit numbers: keeping small gradients from vanishing."""

from .grad_scaler import GradScaler as GradScaler
