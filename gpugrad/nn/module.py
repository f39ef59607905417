"""``Module``, the base of every layer and model.

The parts are in files of their own, each class derived from the one before:
registry (attributes and registration), state (``state_dict``), traversal (walking the tree),
conversion (devices and types), and here calling, hooks, training mode and the printed form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ..autograd.engine import TensorBase
from ..autograd.hooks import RemovableHandle
from ..backend import recording
from ..backend.guards import Guards, watch_attributes
from .conversion import ModuleConversion
from .error_path import note_module
from .hooks import ForwardHook, Hooks, add_hook, call_with_hooks

if TYPE_CHECKING:
    from ..model_summary import Summary


def _forward_unimplemented(self: Any, *input: Any) -> Any:
    """Override: compute the result from the inputs."""
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function'
    )


def _watch_tensor(guards: Guards, place: str, holder: Any, value: Any) -> None:
    """Take a tensor for granted that is an attribute without being registered."""
    if isinstance(value, TensorBase):
        guards.require(place + " is {}", holder, value)
        guards.require("{}.array is {}", value, value.array)


class Module(ModuleConversion):
    """Base class of layers and models: holds parameters, buffers and other modules.

    Subclasses call ``super().__init__()``, assign their parts as attributes and define
    ``forward``; the module is then called like a function.

    Attributes:
        training: whether the module is in training mode; layers such as ``Dropout`` read it.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = nn.Linear(2, 1)
    ...     def forward(self, x):
    ...         return self.layer(x).relu()
    >>> Net()
    Net(
      (layer): Linear(in_features=2, out_features=1, bias=True)
    )
    >>> Net()(gpugrad.zeros(5, 2)).shape
    torch.Size([5, 1])
    """

    training: bool
    # One attribute says whether a call takes the short way.
    _call_hooks: Hooks | None = None

    def __init__(self) -> None:
        self._init_registry()
        self.__dict__["training"] = True

    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        hooks = self._call_hooks
        if recording.listener is not None:
            self._take_for_granted()
        try:
            if hooks is None:
                return self.forward(*args, **kwargs)
            return call_with_hooks(self, hooks, args, kwargs)
        except Exception as error:
            note_module(error, self, args)
            raise

    def _take_for_granted(self) -> None:
        """Tell a recorder what its recording of this call depends on."""
        recorder = recording.current()
        if recorder is None or not recorder.for_replays:
            return
        recorder.require("{}.training is {}", self, self.training)
        recorder.require("{}._call_hooks is {}", self, self._call_hooks)
        if self._call_hooks is not None:
            for table in self._call_hooks.tables():
                recorder.require("tuple({}) == {}", table, tuple(table))
        watch_attributes(recorder.guards, self, type(self).forward, _watch_tensor)
        own = self.__dict__  # what is registered lies there, too
        for name in self._module_names:
            recorder.require(f"{{}}.get({name!r}) is {{}}", own, own[name])
        for names in (self._parameter_names, self._buffer_names):
            for name in names:
                tensor = own[name]
                recorder.require(f"{{}}.get({name!r}) is {{}}", own, tensor)
                if tensor is not None:
                    recorder.require("{}.array is {}", tensor, tensor.array)
                    recorder.require("{}.needs_grad is {}", tensor, tensor.needs_grad)

    # Hooks -----------------------------------------------------------------------------------

    def _ensure_hooks(self) -> Hooks:
        if self._call_hooks is None:
            self._call_hooks = Hooks()
        return self._call_hooks

    # PyTorch's tables, which programs look into, or clear.
    _forward_pre_hooks = property(lambda self: self._ensure_hooks().forward_pre)
    _forward_hooks = property(lambda self: self._ensure_hooks().forward)
    _backward_pre_hooks = property(lambda self: self._ensure_hooks().backward_pre)
    _backward_hooks = property(lambda self: self._ensure_hooks().backward)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``; what it returns replaces ``args``.

        With ``with_kwargs`` the hook is called as ``hook(module, args, kwargs)`` and returns
        ``(args, kwargs)`` or ``None``. The handle's ``remove()`` takes the hook off.
        """
        return add_hook(self._ensure_hooks().forward_pre, ForwardHook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``; its result, unless
        ``None``, replaces the output.

        Args:
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: call the hook even if ``forward`` raises.

        >>> import gpugrad
        >>> layer = gpugrad.nn.Identity()
        >>> handle = layer.register_forward_hook(lambda module, args, output: output * 2)
        >>> layer(gpugrad.ones(1))
        tensor([2.])
        >>> handle.remove()
        """
        entry = ForwardHook(hook, with_kwargs, always_call)
        return add_hook(self._ensure_hooks().forward, entry, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known; what it
        returns, unless ``None``, replaces them."""
        return add_hook(self._ensure_hooks().backward_pre, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are
        known; what it returns, unless ``None``, replaces ``grad_input``.

        Both are tuples, with ``None`` for what is no tensor or has no gradient.
        """
        return add_hook(self._ensure_hooks().backward, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """:meth:`register_full_backward_hook` under the name of its predecessor."""
        return self.register_full_backward_hook(hook)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Let :func:`gpugrad.compile`, which gets the arguments, do the calls of this module."""
        from ..compiler import compile as compiled

        self.__dict__["forward"] = compiled(self.forward, *args, **kwargs)

    # Training --------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call ``fn`` with every module of the tree, children first, and return this module.

        >>> from gpugrad import nn
        >>> net = nn.Sequential(nn.ReLU()).apply(lambda module: print(type(module).__name__))
        ReLU
        Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode on this module and all below it.

        Raises:
            ValueError: ``mode`` is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """The same as ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say for every parameter whether it gets a gradient."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    if parameter.grad.grad_fn is not None:
                        parameter.grad.detach_()
                    else:
                        parameter.grad.requires_grad_(False)
                    parameter.grad.zero_()

    # Printed form ----------------------------------------------------------------------------

    def summary(self, *args: Any, **kwargs: Any) -> Summary:
        """Run the module on an example and give a table of its parts: :func:`gpugrad.summary`."""
        from ..model_summary import summary

        return summary(self, *args, **kwargs)

    def extra_repr(self) -> str:
        """Override: what the printed form shows between the brackets."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {indent_following(repr(module))}" for name, module in self._modules.items()
        ]
        return layout_repr(self._get_name(), extra_lines, child_lines)


def indent_following(text: str, spaces: int = 2) -> str:
    """``text`` with every line after the first indented."""
    return text.replace("\n", "\n" + " " * spaces)


def layout_repr(name: str, extra_lines: list[str], child_lines: list[str]) -> str:
    """The printed form of a module: on one line if it has no children and a short description."""
    if len(extra_lines) == 1 and not child_lines:
        return f"{name}({extra_lines[0]})"
    lines = extra_lines + child_lines
    if not lines:
        return f"{name}()"
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)"


def __getattr__(name: str) -> Any:
    if name.startswith("register_module_"):
        from . import global_hooks  # which few programs need

        return getattr(global_hooks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
