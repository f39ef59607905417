"""What training needs around the model: data sets and their loading, and checkpointing."""

from . import checkpoint, data

__all__ = ["checkpoint", "data"]
