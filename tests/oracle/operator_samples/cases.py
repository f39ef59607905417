"""Which operators are compared, on which samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

import gpugrad

from .conversion import DTYPES, found_function, rebound

MAIN = (torch.float32, torch.float64, torch.int64, torch.bool)
HALF = (torch.float16, torch.bfloat16)

PREFIXES = (
    *("fft.", "torch.ops.", "_refs.", "sparse.", "jiterator_"),
    *("_foreach", "torch._", "ops."),
)
"""Operators outside the comparison: complex transforms, and PyTorch's own inner parts."""

COMPLEX = frozenset(
    (
        *("view_as_complex", "view_as_real", "complex", "polar", "imag", "stft", "istft"),
        *(
            "cdouble",
            "cfloat",
            "chalf",
            "to_sparse",
            "linalg.eig",
            "linalg.eigvals",
        ),
    )
)
"""Operators that only make sense with complex or sparse tensors."""

INNER = frozenset(
    (
        *("_softmax_backward_data", "native_group_norm", "native_layer_norm"),
        *("native_batch_norm", "_native_batch_norm_legit", "_batch_norm_with_update"),
        *("constant_pad_nd", "_upsample_bilinear2d_aa", "max_pool2d_with_indices_backward"),
        *("_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "_chunk_cat"),
        *("native_dropout_backward", "grid_sampler_2d", "grid_sampler_3d", "hash_tensor"),
        *(
            "_segment_reduce",
            "alias_copy",
            "nonzero_static",
            "slice",
        ),
    )
)
"""Operators that PyTorch does not document, or that only its compilers use."""

UNINITIALISED = frozenset(
    (
        *("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided"),
        *(
            "empty_permuted",
            "resize_",
            "resize_as_",
        ),
    )
)
"""Operators of whose results only shape and type are determined."""


SIGNS = {"svd", "linalg.svd", "linalg.eigh", "svd_lowrank", "pca_lowrank"}
"""Decompositions that leave the signs of vectors open."""

UNSTABLE = {"sort", "argsort", "kthvalue", "topk", "mode", "median", "nanmedian", "msort"}
"""Operators that give equal elements in any order."""


LARGE = 20_000
"""Elements of a tensor up to which a sample is one of those of a limited run."""


def in_scope() -> list[Any]:
    """The operators that are compared, absent ones included."""
    return [
        o
        for o in op_db
        if not o.name.startswith(PREFIXES)
        and o.name not in COMPLEX | INNER
        and o.variant_test_name != "partial_views"
        and any(d in DTYPES for d in o.dtypes)
    ]


def counterpart(op: Any) -> Any:
    """gpugrad's function for an operator, or None."""
    name = op.name.removeprefix("torch.")
    found = found_function(name)
    module = getattr(op.op, "__module__", None) or ""
    if module.startswith("torch.testing") or getattr(op.op, "__name__", "") == "<lambda>":
        known = found is not None or any(hasattr(gpugrad.Tensor, n) for n in (name, name + "_"))
        return rebound(op.op) if known else None
    return found


def thinned(samples: Iterator[Any], limit: int | None) -> Iterator[Any]:
    """All samples, or ``limit`` small ones at even distances, so that all kinds appear."""
    if limit is None:
        return samples
    found = [s for s in itertools.islice(samples, 400) if small(s.input)]
    step = max(1, len(found) // limit)
    return iter(found[::step][:limit])


def small(value: Any) -> bool:
    """Whether a tensor has few elements; other things are small."""
    return not isinstance(value, torch.Tensor) or value.numel() <= LARGE


def samples(op: Any, dtype: Any, grad: bool, limit: int | None) -> Iterator[Any]:
    """The operator's samples of one type; the random numbers in them are the same each time."""
    torch.manual_seed(0)
    return thinned(op.sample_inputs("cpu", dtype, requires_grad=grad), limit)


def references(op: Any, dtype: Any, limit: int | None) -> Iterator[Any]:
    """The further samples that PyTorch compares with NumPy."""
    torch.manual_seed(0)
    return thinned(op.reference_inputs("cpu", dtype, requires_grad=False), limit)


def errors(op: Any) -> Iterator[Any]:
    """The arguments that the operator must refuse."""
    if op.error_inputs_func is None:
        return iter(())
    torch.manual_seed(0)
    return iter(op.error_inputs("cpu"))


def of_other_type(sample: Any, dtype: Any) -> Any:
    """A floating sample with its floating tensors in a type that the operator may not take."""
    return sample.transform(
        lambda t: (
            t.detach().to(dtype) if isinstance(t, torch.Tensor) and t.is_floating_point() else t
        )
    )
