"""``vmap``: a function of single samples as a function of batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..autograd.engine import TensorBase
from ..ops.joining import stack
from ..random import state as random_state
from .tree import described, flatten, rebuild, spread


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function that applies ``func`` to every sample of a batch and stacks the results.

    The samples are computed one after the other: it says what is to be computed, and does not make
    it faster. Since ``func`` sees ordinary tensors it may do anything with them, branches on values
    included. Nests with itself and with the derivatives of :mod:`gpugrad.func`.

    Args:
        func: takes and returns trees of tensors.
        in_dims: for each argument, or each tensor in it, the dimension along which the samples lie;
            None where all samples get the same. One value stands for all.
        out_dims: for each result the dimension along which to stack; None hands out the first
            sample's.
        randomness: ``"error"`` refuses random operations, ``"different"`` lets each sample draw,
            ``"same"`` gives all samples the same numbers.
        chunk_size: accepted; samples are computed one at a time.

    Raises:
        ValueError: for dimensions that do not fit the arguments or the results, batches of
            different sizes, or results that are no tensors.
        RuntimeError: for random operations under ``"error"``.

    >>> import gpugrad
    >>> from gpugrad.func import grad, vmap
    >>> vmap(grad(gpugrad.sin))(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    name = getattr(func, "__name__", repr(func))

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        values = flatten(args)
        dims = _dims_of(args, in_dims, name)
        size = _batch_size(values, dims)
        if size == 0:
            # One sample of zeros tells the shapes of the results.
            values = [_zeros(v, d) for v, d in zip(values, dims, strict=True)]
        unbound = [_samples(v, d) for v, d in zip(values, dims, strict=True)]
        results = []
        before = random_state.snapshot()
        for i in range(max(size, 1)):
            sample = [v if d is None else v[i] for v, d in zip(unbound, dims, strict=True)]
            with _numbers_of_sample(randomness, before, last=i == max(size, 1) - 1):
                results.append(func(*rebuild(args, sample), **kwargs))
            if randomness == "error" and i == 0 and not random_state.unchanged(before):
                raise RuntimeError(
                    "vmap: called random operation while in randomness error mode. Please either "
                    "use the 'same' or 'different' randomness flags on vmap or perform the "
                    "randomness operation out of vmap"
                )
        stacked = _stack(results, out_dims, name)
        return stacked if size else _emptied(stacked, results[0], out_dims)

    return wrapper


def _numbers_of_sample(
    randomness: str, state: random_state.State, last: bool
) -> AbstractContextManager[Any]:
    """With ``"same"``, each sample but the last draws and gives the numbers back."""
    return random_state.repeated(state) if randomness == "same" and not last else nullcontext()


# --- arguments ------------------------------------------------------------------------------------


def _dims_of(args: tuple[Any, ...], in_dims: Any, name: str) -> list[int | None]:
    """The batch dimension of each leaf of the arguments, None where there is none."""
    call = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{call}: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    dims = spread(in_dims, args)
    if dims is None:
        raise ValueError(
            f"{call}: in_dims is not compatible with the structure of `inputs`. in_dims has "
            f"structure {described(in_dims)} but inputs has structure {described(args)}."
        )
    for value, dim in zip(flatten(args), dims, strict=True):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(
                f"{call}: Got in_dim={dim} for an input but in_dim must be either an integer "
                "dimension or None."
            )
        if not isinstance(value, TensorBase):
            raise ValueError(
                f"{call}: Got in_dim={dim} for an input but the input is of type {type(value)}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        ndim = value.array.ndim
        if not -ndim <= dim < ndim:
            raise ValueError(
                f"{call}: Got in_dim={dim} for some input, but that input is a Tensor of "
                f"dimensionality {ndim} so expected in_dim to satisfy -{ndim} <= in_dim < {ndim}."
            )
    return dims


def _batch_size(values: list[Any], dims: list[int | None]) -> int:
    sizes = [v.shape[d] for v, d in zip(values, dims, strict=True) if d is not None]
    if not sizes:
        raise ValueError("vmap: at least one input needs a dimension to map over, not None")
    if len(set(sizes)) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return int(sizes[0])


def _samples(value: Any, dim: int | None) -> Any:
    return value if dim is None else value.unbind(dim)


def _zeros(value: Any, dim: int | None) -> Any:
    if dim is None:
        return value
    shape = list(value.shape)
    shape[dim] = 1
    return value.new_zeros(shape)


# --- results --------------------------------------------------------------------------------------


def _stack(results: list[Any], out_dims: Any, name: str) -> Any:
    dims = _out_dims(results[0], out_dims, name)
    columns = zip(*(flatten(result) for result in results), strict=True)
    return rebuild(results[0], [_stacked(c, d, name) for c, d in zip(columns, dims, strict=True)])


def _out_dims(result: Any, out_dims: Any, name: str) -> list[int | None]:
    dims = spread(out_dims, result)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
            f"the structure of `outputs`. out_dims has structure {described(out_dims)} but outputs "
            f"has structure {described(result)}."
        )
    return dims


def _stacked(column: tuple[Any, ...], dim: int | None, name: str) -> Any:
    if dim is None:
        return column[0]
    for value in column:
        if not isinstance(value, TensorBase):
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(value)}. "
                "Did you mean to set out_dims= to None for output?"
            )
    whole = stack(column)
    return whole if dim == 0 else whole.movedim(0, dim)


def _emptied(stacked: Any, result: Any, out_dims: Any) -> Any:
    """The results of a batch without samples."""
    dims = spread(out_dims, result) or []
    pairs = zip(flatten(stacked), dims, strict=True)
    return rebuild(stacked, [v if d is None else v.narrow(d, 0, 0) for v, d in pairs])
