"""``Tensor``: the user's object, PyTorch's attributes and operators over the engine's core.

Functions that are also methods are bound at the end of :mod:`gpugrad.methods`; here is what makes
a tensor a tensor: its properties, conversions, gradients and Python's own protocols.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from .autograd import backward_pass
from .autograd.engine import Node, Output
from .autograd.grad_mode import mode
from .autograd.hooks import RETAIN, LeafHooks, RemovableHandle
from .autograd.inference import is_inference
from .autograd.tensor_base import OWN_ATTRIBUTES, TensorBase, set_tensor_class, wrap
from .autograd.views import refresh
from .backend import BACKENDS
from .class_names import PrintedAs
from .conversions import Conversions
from .later import Unmade
from .numpy_functions import ForNumPy, array_wrap
from .ops import compare, cutting
from .subclasses import as_subclass, default, derive

NAMESPACE = Unmade("ops.namespace", "TensorNamespace")
"""The primitives over tensors, for gradients that are recorded themselves."""


class Tensor(Conversions, metaclass=PrintedAs, printed_as="torch.Tensor"):
    """A multi-dimensional array that remembers how it was computed.

    Made by :func:`gpugrad.tensor` and its relatives. ``Tensor(2, 3)`` is an uninitialised float
    tensor of that shape and ``Tensor([1, 2])`` a float tensor of those values, as in PyTorch.
    """

    __slots__ = ()
    dispatches = True
    """Whether classes derived from this one go through ``__torch_function__``."""

    as_subclass = as_subclass
    __torch_function__ = classmethod(default)
    __array_ufunc__ = ForNumPy()
    __array_wrap__ = array_wrap

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        BACKENDS[cls] = NAMESPACE
        if cls.dispatches and cls.__module__.partition(".")[0] != __package__:
            derive(cls, Tensor)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        from .legacy import legacy_tensor

        return legacy_tensor(cls, *args, **kwargs)

    # --- its place in the graph ------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        if self.view_of is not None and self.version[1] != self.rebased:
            if not self.view_of[4]:
                return bool(self.view_of[0].requires_grad)
            refresh(self)
        return self.needs_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value and self.array.dtype.kind not in "fV":
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients"
            )
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether gradients are wanted for this leaf. Returns the tensor itself."""
        if self.node is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            return self
        if requires_grad and self.array.dtype.kind not in "fV":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and is_inference(self) and not mode.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        self.needs_grad = bool(requires_grad)
        return self

    @property
    def grad_fn(self) -> Node | None:
        if self.view_of is not None and self.version[1] != self.rebased:
            refresh(self)
        node = self.node
        return node.parent if isinstance(node, Output) else node

    @property
    def output_nr(self) -> int:
        return self.node.number if isinstance(self.node, Output) else 0

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def retains_grad(self) -> bool:
        return self.node is not None and "_retained" in self.__dict__

    @property
    def _version(self) -> int:
        if is_inference(self):
            raise RuntimeError("Inference tensors do not track version counter.")
        changes: int = self.version[0]
        return changes

    @property
    def _base(self) -> Any:
        source = self.view_of[0] if self.view_of is not None else None
        while source is not None and source.view_of is not None:
            source = source.view_of[0]
        return source

    def _is_view(self) -> bool:
        return self.view_of is not None

    is_inference = is_inference

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add this tensor's gradients to ``grad`` of the leaves; see :func:`autograd.backward`."""
        backward_pass.backward(self, gradient, retain_graph, create_graph, None, inputs)

    def retain_grad(self) -> None:
        """Keep the gradient of this result in ``grad`` during later backward passes."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.node is None or "_retained" in self.__dict__:
            return
        self.__dict__["_retained"] = True
        if self.node.hooks is None:
            self.node.hooks = {}
        reference = weakref.ref(self)  # the node must not keep its own result alive

        def keep(grad: Any) -> None:
            tensor = reference()
            if tensor is not None:
                tensor.grad = grad.clone() if tensor.grad is None else tensor.grad + grad

        self.node.hooks[RETAIN] = keep

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is known; what it returns replaces it."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.node is not None:
            return self.node.hook_gradient(hook)
        if self.hooks is None:
            self.hooks = LeafHooks()
        return RemovableHandle(self.hooks.before, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``hook(tensor)`` after this leaf's ``grad`` was added to."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.node is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if self.hooks is None:
            self.hooks = LeafHooks()
        return RemovableHandle(self.hooks.after, hook)

    def detach(self) -> Tensor:
        """The same memory outside the graph; in-place changes still count for both."""
        result: Tensor = wrap(self.array)
        result.version = self.version
        result.rebased = self.version[1]
        return result

    def detach_(self) -> Tensor:
        """Take this tensor itself out of the graph."""
        if self.view_of is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as "
                "True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
                "these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
                "function in torch/optim/optimizer.py as the solution."
            )
        self.node, self.needs_grad = None, False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor that the graph knows nothing of."""
        result: Tensor = wrap(self.array)
        return result

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.needs_grad and value.array.dtype.kind not in "fV":
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex "
                "dtype"
            )
        self.array = value.array

    def __reduce_ex__(self, protocol: Any) -> Any:
        from .pickling import reduced  # made of what is made of tensors

        return reduced(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self.node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        result = wrap(BACKENDS[type(self.array)].copy(self.array))
        result.__class__ = self.__class__
        result.needs_grad = self.needs_grad
        memo[id(self)] = result
        if self.grad is not None:
            result.grad = self.grad.__deepcopy__(memo)
        for name, value in self.__dict__.items():
            if name not in OWN_ATTRIBUTES:
                result.__dict__[name] = deepcopy(value, memo)
        return result

    def __copy__(self) -> Any:
        result = self.detach()
        result.__class__ = self.__class__
        result.needs_grad = self.needs_grad
        result.node = self.node
        return result

    # --- Python's protocols ----------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from .printing import tensor_repr  # which many programs need for nothing

        return tensor_repr(self)

    def __format__(self, spec: str) -> str:
        from .printing import tensor_format

        return tensor_format(self, spec)

    def __len__(self) -> int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return int(self.array.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(cutting.unbind(self, 0))

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (TensorBase, int, float)):
            return bool((self == element).any())
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    def __bool__(self) -> bool:
        return compare.is_nonzero(self)

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return BACKENDS[type(self.array)].to_host(self.array).item()

    def __round__(self, digits: int | None = None) -> Any:
        from .ops import rounding

        return round(self.item(), digits) if digits else rounding.Round.apply(self)


set_tensor_class(Tensor)
BACKENDS[Tensor] = NAMESPACE
