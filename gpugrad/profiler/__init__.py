"""PyTorch's profiler: the time of each primitive within a context, as a table and as a trace.

:func:`gpugrad.profile` says more about a single step: what bounds it, and what compiling saves.
"""

from .events import EventList as EventList
from .events import FunctionEvent as FunctionEvent
from .events import FunctionEventAvg as FunctionEventAvg
from .schedules import ProfilerAction as ProfilerAction
from .schedules import ProfilerActivity as ProfilerActivity
from .schedules import schedule as schedule
from .schedules import supported_activities as supported_activities
from .session import profile as profile
from .session import tensorboard_trace_handler as tensorboard_trace_handler
from .spans import record_function as record_function

__all__ = [
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]
