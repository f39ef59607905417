"""``Function``: operations with a backward pass of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import Signature, signature
from typing import Any, ClassVar
from weakref import ref

from .engine import Output, TensorBase, differentiable, wrap
from .function_node import FunctionCtx, FunctionNode
from .grad_mode import mode, no_grad
from .inplace import replace_node
from .observers import OBSERVERS, observe
from .views import MadeBy


class Function:
    """Base class for an operation with its own derivative.

    Subclasses define two static methods, and are used through :meth:`apply`:

    - ``forward(ctx, *args)`` returns a tensor or a tuple of them; or ``forward(*args)`` together
      with ``setup_context(ctx, inputs, output)``.
    - ``backward(ctx, *grads)``, which may be called ``vjp`` too, returns one gradient for each
      argument of ``forward``, None where there is none.

    >>> import gpugrad
    >>> class Double(gpugrad.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return grad * 2
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> Double.apply(x).sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """

    setup_context: Callable[..., Any] | None = None
    ctx_class: ClassVar[type[FunctionCtx]] = FunctionCtx
    node_class: ClassVar[type[FunctionNode]] = FunctionNode

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__name__ + "Backward"
        cls.ctx_class = type(name, (FunctionCtx,), {"__module__": __name__})
        cls.node_class = type(name, (FunctionNode,), {"__slots__": (), "__module__": __name__})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def derivative(cls) -> Callable[..., Any]:
        """``backward`` or ``vjp``, whichever is defined."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` outside the graph and record one node with this class's ``backward``."""
        if cls.setup_context is not None:
            args = _with_defaults(cls.forward, args, kwargs)
        ctx: Any = cls.ctx_class()
        positions = [i for i, a in enumerate(args) if isinstance(a, TensorBase)]
        tensors = [args[i] for i in positions]
        ctx.needs_input_grad = tuple(
            isinstance(a, TensorBase) and bool(a.requires_grad) for a in args
        )
        with no_grad():
            if cls.setup_context is None:
                outputs = cls.forward(ctx, *args, **kwargs)
            else:
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        _check_dirty(ctx.dirty, results)
        if mode.enabled and any(ctx.needs_input_grad):
            results = cls._record(ctx, len(args), positions, tensors, results)
        return results if isinstance(outputs, tuple) else results[0]

    @classmethod
    def _record(
        cls, ctx: Any, count: int, positions: Any, tensors: Any, results: Any
    ) -> tuple[Any, ...]:
        node = cls.node_class()
        node.function, node.ctx, node.tensor_positions = cls, ctx, positions
        node.input_count = count
        node.input_shapes = [(t.array.shape, t.array.dtype) for t in tensors]
        node.outputs = [
            (r.array.shape, r.array.dtype) if isinstance(r, TensorBase) else None for r in results
        ]
        dirty = {id(t) for t in ctx.dirty}
        constant = {id(t) for t in ctx.non_differentiable}
        saved_results = {id(t): i for i, t in enumerate(results) if isinstance(t, TensorBase)}
        # An input handed back as it is becomes a new tensor: it must not lose its own place.
        inputs = {id(t): i for i, t in enumerate(tensors)}
        fresh = tuple(
            _view_of_input(r) if id(r) in inputs and id(r) not in dirty else r for r in results
        )
        node._record(tensors, wrap(_float_sample(tensors)))
        for number, result in enumerate(fresh):
            original = results[number]
            if not isinstance(result, TensorBase) or id(original) in constant:
                continue
            if not differentiable(result.array):
                continue
            place = node if len(results) == 1 else Output.of(node, number, len(results))
            if id(result) in dirty:
                if len(results) > 1 and result.view_of is not None:
                    raise RuntimeError(DIRTY_VIEW)
                replace_node(result, place, inputs.get(id(result), 0))
            else:
                if result.view_of is not None:
                    result.view_of = (*result.view_of[:4], MadeBy(cls.__name__, number))
                result.node, result.needs_grad = place, True
        saved: list[Any] = []
        for tensor in ctx.to_save:
            if tensor is None:
                saved.append(None)
            elif id(tensor) in saved_results and id(tensor) not in inputs:
                own = saved_results[id(tensor)]
                saved.append((tensor.array, tensor.version, tensor.version[0], own))
            else:
                saved.append((tensor, tensor.version, tensor.version[0], None))
        node.saved = tuple(saved)
        ctx.to_save, ctx.dirty, ctx.non_differentiable = (), (), ()
        ctx._node = ref(node)
        if OBSERVERS:
            observe(node, fresh[0])
        return fresh


DIRTY_VIEW = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function "
    "cannot return more than one Tensor. This is not supported by the current autograd engine. You "
    "should either make sure the input is not a view (using .clone() for example) or make your "
    "Function only return one Tensor (potentially splitting it into two Functions: one doing the "
    "inplace that returns a single Tensor and a second one that does the other operations)."
)


def _check_dirty(dirty: tuple[Any, ...], results: tuple[Any, ...]) -> None:
    """Refuse leaves that were changed in place, and changed inputs that are not returned."""
    returned = {id(r) for r in results}
    for tensor in dirty:
        if mode.enabled and tensor.requires_grad and tensor.node is None:
            kind = "a view of a leaf" if tensor.view_of is not None else "a leaf"
            raise RuntimeError(
                f"{kind} Variable that requires grad has been used in an in-place operation."
            )
        if id(tensor) not in returned:
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )


def _view_of_input(tensor: Any) -> Any:
    with no_grad():
        return tensor.view_as(tensor)


@lru_cache(maxsize=256)
def _signature(forward: Callable[..., Any]) -> Signature:
    return signature(forward)


def _with_defaults(forward: Any, args: tuple[Any, ...], kwargs: Any) -> tuple[Any, ...]:
    """All arguments of ``forward`` by position, those that were left out included."""
    bound = _signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args


def _float_sample(tensors: Any) -> Any:
    return next(t.array for t in tensors if t.requires_grad)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` whose own derivative must not be taken."""

    @wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        recording = mode.enabled
        with no_grad():
            results = backward(ctx, *grads)
        if not recording:
            return results
        outputs = results if isinstance(results, tuple) else (results,)
        guarded = tuple(
            _Undifferentiable.apply(r, *grads) if isinstance(r, TensorBase) else r for r in outputs
        )
        return guarded if isinstance(results, tuple) else guarded[0]

    return wrapper


class _Undifferentiable(Function):
    @staticmethod
    def forward(ctx: Any, result: Any, *grads: Any) -> Any:
        return result.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
