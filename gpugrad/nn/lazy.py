"""Layers that learn the size of their input from the first one they see."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.grad_mode import no_grad
from ..creation import empty
from ..random.fork import fork_rng
from ..tensor import Tensor
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .group_normalization import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .linear import Linear
from .module import Module
from .parameter import Parameter
from .pooling import Sizes


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


class _Lazy(Module):
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


class LazyLinear(_Lazy, Linear):
    """``Linear`` whose ``in_features`` is the last size of its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyLinear(3)
    >>> _ = layer(gpugrad.zeros(5, 2))
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)
    """

    becomes = Linear
    size_name = "in_features"

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(out_features, bias=bias, device=device, dtype=dtype)

    def size_of_input(self, input: Tensor) -> int:
        return int(input.size(-1))

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(1))


class _LazyChannels(_Lazy):
    """A convolution whose ``in_channels`` is that of its first input."""

    size_name = "in_channels"
    ndim: ClassVar[int]

    def size_of_input(self, input: Tensor) -> int:
        ndim = self.ndim
        if input.dim() not in (ndim + 1, ndim + 2):
            raise RuntimeError(
                f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return int(input.size(-ndim - 1))


class _LazyConv(_LazyChannels):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(1)) * int(self.groups)


class _LazyConvTranspose(_LazyChannels):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(0))


class LazyConv1d(_LazyConv, Conv1d):
    """``Conv1d`` that learns ``in_channels`` from its first input."""

    becomes = Conv1d
    ndim = 1


class LazyConv2d(_LazyConv, Conv2d):
    """``Conv2d`` that learns ``in_channels`` from its first input.

    >>> import gpugrad
    >>> layer = gpugrad.nn.LazyConv2d(4, 3)
    >>> layer(gpugrad.zeros(5, 2, 8, 8)).shape
    torch.Size([5, 4, 6, 6])
    """

    becomes = Conv2d
    ndim = 2


class LazyConv3d(_LazyConv, Conv3d):
    """``Conv3d`` that learns ``in_channels`` from its first input."""

    becomes = Conv3d
    ndim = 3


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """``ConvTranspose1d`` that learns ``in_channels`` from its first input."""

    becomes = ConvTranspose1d
    ndim = 1


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """``ConvTranspose2d`` that learns ``in_channels`` from its first input."""

    becomes = ConvTranspose2d
    ndim = 2


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """``ConvTranspose3d`` that learns ``in_channels`` from its first input."""

    becomes = ConvTranspose3d
    ndim = 3


class _LazyNorm(_Lazy):
    """A normalization whose ``num_features`` is the number of channels of its first input."""

    size_name = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            eps, momentum, affine, track_running_stats, device=device, dtype=dtype, bias=bias
        )

    def size_of_input(self, input: Tensor) -> int:
        if input.dim() < 2:
            raise ValueError(f"expected more than one dimension (got {input.dim()}D input)")
        return int(input.size(1))

    def size_of_state(self, weight: Tensor) -> int:
        return int(weight.size(0))


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """``BatchNorm1d`` that learns ``num_features`` from its first input."""

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """``BatchNorm2d`` that learns ``num_features`` from its first input."""

    becomes = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """``BatchNorm3d`` that learns ``num_features`` from its first input."""

    becomes = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """``InstanceNorm1d`` that learns ``num_features`` from its first input."""

    becomes = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """``InstanceNorm2d`` that learns ``num_features`` from its first input."""

    becomes = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """``InstanceNorm3d`` that learns ``num_features`` from its first input."""

    becomes = InstanceNorm3d
