"""What layers have in common that learn the size of their input from the first one they see."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.grad_mode import no_grad
from ..creation import empty
from ..random.fork import fork_rng
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter


class UninitializedParameter(Parameter, printed_as="torch.nn.parameter.UninitializedParameter"):
    """A parameter that has no shape and no values yet; it becomes a ``Parameter`` with them.

    An optimizer may be given it before: it stays the same object.
    """

    __slots__ = ()

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return super().__new__(cls, empty((0,), dtype=dtype, device=device), requires_grad)

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def become(self, values: Tensor) -> None:
        """Take the values of another tensor, on this one's device and of its type."""
        self.__class__ = Parameter  # type: ignore[assignment]
        with no_grad():
            self.data = values.detach().to(device=self.device, dtype=self.dtype)

    def detach(self) -> Any:
        """The parameter itself: it has no values that a copy could share."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]

    # mypy forgets the names of special methods' arguments
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


class LazyModule(Module):
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
