"""What layers have in common that learn the size of their input from the first one they see."""

from __future__ import annotations

from typing import Any, ClassVar

from ..random.fork import fork_rng
from ..tensor import Tensor
from .module import Module
from .uninitialized import UninitializedBuffer, UninitializedParameter


class LazyModuleMixin(Module):
    """Base of modules that make their parameters when they see their first input.

    A class derives from this one and from the module that it is to become. It registers
    parameters or buffers without a size, and defines ``initialize_parameters``, which is called
    with the arguments of the first ``forward`` and gives them one by ``materialize``.

    Attributes:
        cls_to_become: the class of the module from then on; its own if None.

    >>> import gpugrad
    >>> from gpugrad import nn
    >>> class Scale(nn.modules.lazy.LazyModuleMixin, nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factors = nn.UninitializedParameter()
    ...     def initialize_parameters(self, x):
    ...         self.factors.materialize((x.shape[-1],))
    ...         nn.init.ones_(self.factors)
    ...     def forward(self, x):
    ...         return x * self.factors
    >>> Scale()(gpugrad.zeros(3)).shape
    torch.Size([3])
    """

    cls_to_become: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__["_initialize_hook"] = self.register_forward_pre_hook(
            LazyModuleMixin._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Override: give the parameters their sizes, from the arguments of ``forward``."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether there are parameters or buffers without a size."""
        own = (*self._parameters.values(), *self._buffers.values())
        return any(isinstance(t, (UninitializedParameter, UninitializedBuffer)) for t in own)

    def _infer_parameters(self, args: Any, kwargs: Any = None) -> None:
        self.initialize_parameters(*args, **(kwargs or {}))
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        self.__dict__.pop("_initialize_hook").remove()
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become


class LazyModule(LazyModuleMixin):
    """A layer without the size of its input, which becomes one with it when first called."""

    becomes: ClassVar[Any]
    size_name: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Module.__init__(self)  # not that of the layer, which needs the size
        device, dtype = kwargs.get("device"), kwargs.get("dtype")
        with fork_rng():
            # Its parameters are not kept, so nobody should notice that they were drawn.
            pattern = self._layer(kwargs.get("groups", 1), args, kwargs)
        names = list(pattern._parameters)
        self.__dict__.update(pattern.__dict__)
        for name in names:
            if self.__dict__[name] is not None:
                self.__dict__[name] = UninitializedParameter(True, device, dtype)
        for name, buffer in pattern._buffers.items():
            if buffer is not None and buffer.dim():
                self.__dict__[name] = UninitializedBuffer(False, device, dtype)
        setattr(self, self.size_name, 0)
        self._given = args, kwargs
        self._waiting = self.register_forward_pre_hook(_initialize)
        self._loading = self.register_load_state_dict_pre_hook(_initialize_from_state)

    def _layer(self, size: int, args: Any, kwargs: Any) -> Module:
        layer: Module = self.becomes(size, *args, **kwargs)
        return layer

    def has_uninitialized_params(self) -> bool:
        """Whether there are parameters without values; False once the layer has been called."""
        return any(isinstance(p, UninitializedParameter) for p in self._parameters.values())

    def size_of_input(self, input: Tensor) -> int:
        """The size that the layer takes from its first input."""
        raise NotImplementedError

    def size_of_state(self, weight: Tensor) -> int:
        """The same from a weight that is loaded."""
        raise NotImplementedError

    def initialize(self, size: int) -> None:
        """Become a layer for inputs of ``size``, with first values drawn now."""
        args, kwargs = self._given
        waiting = [p for p in self._parameters.values() if isinstance(p, UninitializedParameter)]
        if waiting:
            # Of the type that the layer has been turned into: that decides which values are drawn.
            kwargs = {**kwargs, "dtype": waiting[0].dtype}
        made = self._layer(size, args, kwargs)
        for name, parameter in self._parameters.items():
            if isinstance(parameter, UninitializedParameter):
                values = made._parameters[name]
                assert values is not None, "as many as the pattern has"
                parameter.become(values)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                fresh = made._buffers[name]
                assert fresh is not None, "as many as the pattern has"
                self._buffers[name] = fresh.to(device=buffer.device, dtype=buffer.dtype)
        setattr(self, self.size_name, size)
        self._waiting.remove()
        self._loading.remove()
        for name in ("_given", "_waiting", "_loading"):
            del self.__dict__[name]
        self.__class__ = self.becomes


def _initialize(module: Any, args: tuple[Any, ...]) -> None:
    module.initialize(module.size_of_input(args[0]))


def _initialize_from_state(module: Any, state: dict[str, Any], prefix: str, *rest: Any) -> None:
    weight = state.get(f"{prefix}weight", state.get(f"{prefix}running_mean"))
    if isinstance(weight, Tensor) and not isinstance(weight, UninitializedParameter):
        with fork_rng():
            module.initialize(module.size_of_state(weight))
