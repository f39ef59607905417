"""``Function``: operations with a backward pass of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar
from weakref import ref

from ..backend import BACKENDS
from .anomaly import origin_of
from .engine import CONSTANT, Node, Output, TensorBase, differentiable, wrap
from .grad_mode import mode, no_grad
from .inplace import mark_changed
from .observers import OBSERVERS, observe


class FunctionCtx:
    """What ``forward`` and ``backward`` of one application share: the ``ctx`` argument.

    Users set whatever attributes they like on it, and save tensors with
    :meth:`save_for_backward`.
    """

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self.to_save: tuple[Any, ...] = ()
        self.dirty: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()
        self.materialize_grads = True
        self.node: _Weak | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``backward``, where ``ctx.saved_tensors`` gives them."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, TensorBase):
                raise TypeError(
                    "save_for_backward can only save variables, but argument is of type "
                    f"{type(tensor).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Accepted for PyTorch's sake; forward-mode derivatives read ``saved_tensors`` too."""

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs ``forward`` changed in place; it must return them."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which results have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for results that were not used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self.to_save if self.node is None else self.node.saved_tensors()


class FunctionNode(Node):
    """The graph node of one application of a :class:`Function`."""

    __slots__ = ("ctx", "function", "outputs", "saved", "tensor_positions")

    ctx: Any
    function: type[Function]
    tensor_positions: list[int]
    returns_fresh = False
    saves: ClassVar[dict[str, int]] = {"saved": CONSTANT}

    saved: tuple[Any, ...] | None
    outputs: list[tuple[tuple[int, ...], Any]]

    def name(self) -> str:
        return self.function.__name__ + "Backward"

    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors saved in ``forward``."""
        result: list[Any] = []
        for entry in self.checked_entries():
            if entry is None:
                result.append(None)
            else:
                tensor, _, _, own = entry
                result.append(self._output(tensor, own) if own is not None else tensor)
        return tuple(result)

    def checked_entries(self) -> tuple[Any, ...]:
        """What is saved, checked against in-place changes."""
        if self.saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved "
                "tensors after they have already been freed). Saved intermediate values of the "
                "graph are freed when you call .backward() or autograd.grad(). Specify "
                "retain_graph=True if you need to backward through the graph a second time or if "
                "you need to access saved tensors after calling backward."
            )
        for entry in self.saved:
            if entry is None:
                continue
            _, counter, stamp, _ = entry
            if counter[0] != stamp:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: saved by {self.name()}, is at version {counter[0]}; "
                    f"expected version {stamp} instead." + origin_of(self)
                )
        return self.saved

    def _output(self, array: Any, number: int) -> Any:
        # A saved result is kept as an array: kept as a tensor, it would keep this node alive.
        tensor = wrap(array)
        if len(self.outputs) == 1:
            tensor.node = self
        else:
            tensor.node = Output.of(self, number, len(self.outputs))
        tensor.needs_grad = True
        return tensor

    def lifted(self) -> Node:
        return self

    def release(self) -> None:
        self.saved = None  # the error is left to whoever asks for what was saved

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        grads = grad if isinstance(grad, list) else [grad]
        create = any(isinstance(g, TensorBase) for g in grads)
        given = []
        for g, (shape, dtype) in zip(grads, self.outputs, strict=True):
            if g is None and self.ctx.materialize_grads:
                sample = next(g for g in grads if g is not None)
                array = sample.array if isinstance(sample, TensorBase) else sample
                g = wrap(BACKENDS[type(array)].zeros(shape, dtype))
            elif g is not None and not isinstance(g, TensorBase):
                g = wrap(BACKENDS[type(g)].asarray(g))
            given.append(g)
        before, mode.enabled = mode.enabled, create
        try:
            results = self.function.backward(self.ctx, *given)
        finally:
            mode.enabled = before
        if not isinstance(results, tuple):
            results = (results,)
        total = self.ctx.input_count
        while len(results) > total and results[-1] is None:
            results = results[:-1]
        if len(results) != total:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{total}, got {len(results)})"
            )
        picked = [results[i] for i in self.tensor_positions]
        return tuple(self._check(i, r, create) for i, r in enumerate(picked))

    def _check(self, number: int, result: Any, create: bool) -> Any:
        if result is None:
            return None
        if not isinstance(result, TensorBase):
            raise TypeError(
                f"function {self.name()} returned a gradient of type {type(result).__name__}: "
                "expected a Tensor or None"
            )
        shape, dtype = self.ctx.input_shapes[number]
        if result.array.shape != shape:
            try:
                result = result.sum_to_size(shape)
            except RuntimeError:
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {number} - got "
                    f"{list(result.array.shape)} but expected shape compatible with {list(shape)}"
                ) from None
        if result.array.dtype != dtype:
            backend = BACKENDS[type(result.array)]
            result = wrap(backend.cast(result.array, dtype)) if not create else result
        return result if create else result.array


class Function:
    """Base class for an operation with its own derivative.

    Subclasses define two static methods, and are used through :meth:`apply`:

    - ``forward(ctx, *args)`` returns a tensor or a tuple of them; or ``forward(*args)`` together
      with ``setup_context(ctx, inputs, output)``.
    - ``backward(ctx, *grads)`` returns one gradient for each argument of ``forward``, None where
      there is none.

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

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward`` outside the graph and record one node with this class's ``backward``."""
        ctx: Any = FunctionCtx()
        positions = [i for i, a in enumerate(args) if isinstance(a, TensorBase)]
        tensors = [args[i] for i in positions]
        ctx.needs_input_grad = tuple(
            isinstance(a, TensorBase) and bool(a.requires_grad) for a in args
        )
        ctx.input_count = len(args)
        ctx.input_shapes = [(t.array.shape, t.array.dtype) for t in tensors]
        with no_grad():
            if cls.setup_context is None:
                outputs = cls.forward(ctx, *args)
            else:
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        if mode.enabled and any(ctx.needs_input_grad):
            results = cls._record(ctx, positions, tensors, results)
        return results if isinstance(outputs, tuple) else results[0]

    @classmethod
    def _record(cls, ctx: Any, positions: Any, tensors: Any, results: Any) -> tuple[Any, ...]:
        node = FunctionNode()
        node.function, node.ctx, node.tensor_positions = cls, ctx, positions
        node.outputs = [
            (r.array.shape, r.array.dtype) if isinstance(r, TensorBase) else ((), None)
            for r in results
        ]
        dirty = {id(t) for t in ctx.dirty}
        constant = {id(t) for t in ctx.non_differentiable}
        saved_results = {id(t): i for i, t in enumerate(results) if isinstance(t, TensorBase)}
        # An input handed back as it is becomes a new tensor: it must not lose its own place.
        inputs = {id(t) for t in tensors}
        fresh = tuple(
            r.view_as(r).detach() if id(r) in inputs and id(r) not in dirty else r for r in results
        )
        node._record(tensors, wrap(_float_sample(tensors)))
        for number, result in enumerate(fresh):
            original = results[number]
            if not isinstance(result, TensorBase) or id(original) in constant:
                continue
            if not differentiable(result.array):
                continue
            if id(result) in dirty:
                mark_changed(result)
            result.node = node if len(results) == 1 else Output.of(node, number, len(results))
            result.needs_grad = True
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
        if OBSERVERS:
            observe(node, fresh[0])
        ctx.to_save, ctx.dirty, ctx.non_differentiable = (), (), ()
        ctx.node = _Weak(node)
        return fresh


def _float_sample(tensors: Any) -> Any:
    return next(t.array for t in tensors if t.requires_grad)


class _Weak:
    """Lets ``ctx`` reach its node without a reference cycle."""

    def __init__(self, node: FunctionNode) -> None:
        self._node = ref(node)

    def saved_tensors(self) -> tuple[Any, ...]:
        node = self._node()
        return node.saved_tensors() if node is not None else ()


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
