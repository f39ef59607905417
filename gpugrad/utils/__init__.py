"""What training needs around the model: data sets and their loading."""

from . import data

__all__ = ["data"]
