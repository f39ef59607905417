"""Types of command line arguments, for argparse."""

from __future__ import annotations

import argparse
import math


def count(text: str) -> int:
    """A whole number above zero."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return value


def seed(text: str) -> int:
    """What ``manual_seed`` takes."""
    value = int(text)
    if not 0 <= value < 2**64:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2**64 - 1")
    return value


def learning_rate(text: str) -> float:
    """A finite number above zero."""
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number above zero")
    return value


# argparse names the type after the function in "invalid ... value".
count.__name__ = seed.__name__ = "whole number"
learning_rate.__name__ = "number"
