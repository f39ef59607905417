"""What a step costs and why; see :func:`gpugrad.profile`."""

from .rates import Rates as Rates
from .report import Replayed as Replayed
from .report import Report as Report
from .report import Row as Row
from .step import profile as profile
from .watch import Call as Call

__all__ = ["Call", "Rates", "Replayed", "Report", "Row", "profile"]
