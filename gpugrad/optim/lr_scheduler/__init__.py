"""Learning rate schedules, with PyTorch's names and numbers."""

from .base import LRScheduler
from .curves import CosineAnnealingLR, OneCycleLR
from .cycles import CosineAnnealingWarmRestarts, CyclicLR
from .factors import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from .functions import LambdaLR, MultiplicativeLR
from .plateau import ReduceLROnPlateau
from .sequence import ChainedScheduler, SequentialLR

_LRScheduler = LRScheduler  # the name of the base in programs for older versions of PyTorch

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
