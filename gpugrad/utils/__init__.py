"""What training needs around the model: data sets and their loading, checkpointing, DLPack."""

from . import checkpoint, data, dlpack

__all__ = ["checkpoint", "data", "dlpack"]
