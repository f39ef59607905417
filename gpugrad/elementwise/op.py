"""Expressions of the user's own as differentiable functions of tensors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .. import dtypes
from ..autograd.engine import Node, TensorBase, wrap
from ..autograd.gradcheck import gradcheck as check_gradients
from ..backend import device_of, get_backend
from ..backend.expressions.expression import Expression, as_number, names_in
from ..backend.expressions.expression import name as input_named
from ..backend.expressions.program import Program
from ..backend.expressions.text import one_line
from ..device import device as Device
from ..ops.mixing import common_type
from ..ops.operands import cast, misfit, sum_to
from .derivative import derivative
from .parser import RESERVED, parse
from .symbol import trace

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


class ElementwiseNode(Node):
    """One application of an :class:`Elementwise`; each has subclasses of its own."""

    __slots__ = ("numbers", "shapes")

    form: ClassVar[Form]

    def forward(self, xp: Any, *operands: Any) -> Any:
        *arrays, self.numbers = operands
        self.shapes = [a.shape for a in arrays]
        for attribute, position in self.saves.items():
            setattr(self, attribute, arrays[position])
        (out,) = xp.generated(*arrays, program=self.form.forward, numbers=self.numbers)
        return out

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        wanted = tuple(edge is not None for edge in self.edges)
        saved = [getattr(self, attribute) for attribute in self.saves]
        if isinstance(grad, TensorBase):  # recorded itself: every gradient is such a function
            numbers = self.numbers
            parts = (p(grad, *saved, *numbers) for p in itertools.compress(self.form.parts, wanted))
        else:
            program = self.form.gradient(wanted)
            parts = iter(xp.generated(grad, *saved, program=program, numbers=self.numbers))
        return tuple(
            sum_to(xp, next(parts), shape) if is_wanted else None
            for is_wanted, shape in zip(wanted, self.shapes, strict=True)
        )


class Form:
    """An :class:`Elementwise` for one choice of which operands are tensors and which numbers."""

    def __init__(self, function: Elementwise, numbers: frozenset[str]) -> None:
        self._function, self._numbers = function, numbers
        self._gradients: dict[tuple[bool, ...], Program] = {}
        inputs = function.inputs
        tensors = [n for n in inputs if n not in numbers]
        self.forward = Program(
            f"{function.name}_forward", inputs, numbers, {"out": function.expression}
        )
        slopes = {n: function.derivative(n).expression for n in tensors}
        used = names_in(slopes.values())
        kept = [n for n in tensors if n in used]
        incoming = "grad"
        while incoming in inputs:
            incoming += "_"
        self._operands = (incoming, *kept, *(n for n in inputs if n in numbers))
        self._slopes = {n: input_named(incoming) * slope for n, slope in slopes.items()}
        body: dict[str, Any] = {
            "__slots__": tuple(f"saved_{n}" for n in kept),
            "saves": {f"saved_{n}": tensors.index(n) for n in kept},
            "form": self,
        }
        title = "".join(part.capitalize() for part in function.name.split("_"))
        self.node: type[ElementwiseNode] = type(title, (ElementwiseNode,), body)

    def gradient(self, wanted: tuple[bool, ...]) -> Program:
        """The gradients of the wanted tensors, from the result's, what is kept and numbers."""
        found = self._gradients.get(wanted)
        if found is None:
            outputs = dict(itertools.compress(self._slopes.items(), wanted))
            name = f"{self._function.name}_backward"
            named = {f"grad_{n}": slope for n, slope in outputs.items()}
            found = Program(name, self._operands, self._numbers, named)
            self._gradients[wanted] = found
        return found

    @cached_property
    def parts(self) -> list[Elementwise]:
        """The gradient of each tensor as a function of the same operands."""
        return [
            Elementwise(self._operands, slope, f"{self._function.name}_{n}")
            for n, slope in self._slopes.items()
        ]


class Elementwise:
    """A function of tensors, element by element; made by :func:`elementwise`.

    Calling it takes one tensor or number for each input, in order or by name, and returns a
    tensor. Tensors broadcast and are converted to a common type by PyTorch's rules, whole numbers
    to the default floating type; float16 and bfloat16 compute in float32. One kernel launch
    computes the result, and one all gradients. On the CPU the same expression is computed by NumPy.

    Attributes:
        inputs: their names.
        expression: the tree.
        name: the name of the kernels, which ``grad_fn`` shows too.
    """

    def __init__(self, inputs: Sequence[str], expression: Expression, name: str) -> None:
        self.inputs, self.expression, self.name = tuple(inputs), as_number(expression), name
        self._forms: dict[tuple[bool, ...], Form] = {}

    def __call__(self, *operands: Any, **named: Any) -> Any:
        if named or len(operands) != len(self.inputs):
            operands = self._bound(operands, named)
        kinds = tuple(isinstance(o, TensorBase) for o in operands)
        tensors = list(itertools.compress(operands, kinds))
        if len(tensors) < len(operands):
            numbers = [self._number(i, o) for i, o in enumerate(operands) if not kinds[i]]
        else:
            numbers = []
        if not tensors:
            raise TypeError(f"{self.name}(): at least one operand must be a Tensor")
        kind, dtype = type(tensors[0].array), tensors[0].array.dtype
        for t in tensors:
            if type(t.array) is not kind:
                return self(*_on_one_device(operands))
        if dtype.kind not in "fV" or any(t.array.dtype != dtype for t in tensors):
            wanted = common_type(*tensors)
            wanted = wanted if wanted.is_floating_point else dtypes.get_default_dtype()
            tensors = [cast(t, wanted) for t in tensors]
        try:
            return self._form(kinds).node.apply(*tensors, numbers)
        except ValueError:
            for a, b in itertools.combinations(tensors, 2):
                if explained := misfit(a.array.shape, b.array.shape):
                    raise explained from None
            raise

    def _form(self, kinds: tuple[bool, ...]) -> Form:
        found = self._forms.get(kinds)
        if found is None:
            numbers = frozenset(n for n, k in zip(self.inputs, kinds, strict=True) if not k)
            found = self._forms[kinds] = Form(self, numbers)
        return found

    def _bound(self, operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        rest = self.inputs[len(operands) :]
        if len(operands) > len(self.inputs) or set(rest) != set(named):
            raise TypeError(
                f"{self.name}() takes {len(self.inputs)} operands ({', '.join(self.inputs)}), got "
                + ", ".join([str(len(operands)), *named])
            )
        return (*operands, *(named[n] for n in rest))

    def _number(self, position: int, value: Any) -> float:
        if isinstance(value, (int, float, np.number, np.bool_)):
            return float(value)
        raise TypeError(
            f"{self.name}(): argument '{self.inputs[position]}' (position {position + 1}) must be "
            f"Tensor or number, not {type(value).__name__}"
        )

    def derivative(self, by: str) -> Elementwise:
        """The derivative by one input, as a function of the same inputs.

        Raises:
            ValueError: there is no such input.

        >>> import gpugrad
        >>> print(gpugrad.cuda.elementwise("x, y", "x * sin(y)").derivative("y"))
        x * cos(y)
        """
        if by not in self.inputs:
            raise ValueError(f"[{self.name}] no input {by!r}; there are {', '.join(self.inputs)}")
        return Elementwise(self.inputs, derivative(self.expression, by), f"{self.name}_d{by}")

    @property
    def source(self) -> str:
        """The CUDA C of the kernels for tensors: the forward one, and that of all gradients."""
        form = self._form((True,) * len(self.inputs))
        every = (True,) * len(self.inputs)
        return f"{form.forward.source()}\n{form.gradient(every).source()}"

    def gradcheck(self, *samples: Any, device: Any = "cpu", **options: Any) -> bool:
        """Compare the derived gradients with differences, by :func:`gpugrad.autograd.gradcheck`.

        Args:
            samples: tensors and numbers to check at, as in a call; tensors are converted to
                float64. Default: for each input twelve numbers between 0.1 and 0.9.
            device: of the default samples.
            options: ``eps``, ``atol``, ``rtol``, ``raise_exception``.

        Raises:
            GradcheckError: naming the worst element and both values there.

        >>> import gpugrad
        >>> gpugrad.cuda.elementwise("x, y", "hypot(x, y)").gradcheck()
        True
        """
        if not samples:
            random, where = np.random.default_rng(0), Device(device)
            backend = get_backend(where)
            drawn = [random.uniform(0.1, 0.9, (3, 4)) for _ in self.inputs]
            samples = tuple(wrap(backend.from_host(x, where)) for x in drawn)
        leaves = [
            cast(s.detach(), dtypes.float64).clone().requires_grad_()
            if isinstance(s, TensorBase)
            else s
            for s in samples
        ]
        return check_gradients(self, leaves, **options)

    def __deepcopy__(self, memo: object) -> Elementwise:
        return self  # nothing in it ever changes

    def __reduce__(self) -> tuple[Any, ...]:
        return _read_again, (self.inputs, str(self), self.name)

    def __str__(self) -> str:
        return one_line(self.expression)

    def __repr__(self) -> str:
        return f'elementwise("{", ".join(self.inputs)}", "{self}")'


def _read_again(inputs: Sequence[str], text: str, name: str) -> Elementwise:
    return Elementwise(inputs, parse(text, inputs), name)


def _on_one_device(operands: Sequence[Any]) -> list[Any]:
    """Let 0-d CPU tensors act as numbers beside CUDA tensors; refuse every other mixture."""
    devices = [device_of(o.array) if isinstance(o, TensorBase) else None for o in operands]
    where = next(d for d in devices if d is not None and d.type != "cpu")
    found = []
    for operand, device in zip(operands, devices, strict=True):
        if device is not None and device.type == "cpu":
            if operand.array.ndim:
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {where} and {device}!"
                )
            operand = operand.to(where) if operand.requires_grad else operand.array.item()
        found.append(operand)
    return found


def elementwise(
    inputs: str | Callable[..., Any], expression: str | None = None, *, name: str | None = None
) -> Elementwise:
    """A differentiable function of tensors from an expression for one element.

    The gradient is derived from the expression, and can itself be differentiated. On CUDA both are
    kernels of one launch each, compiled when first used; on the CPU they are computed by NumPy.

    Args:
        inputs: the names of the inputs, separated by commas; or a Python function of them, which
            is called once, with symbols: see :mod:`gpugrad.elementwise`.
        expression: what to compute, in CUDA C: arithmetic, comparisons, ``&& || !``, ``?:``,
            functions such as ``exp`` or ``expf``, and before it statements such as
            ``float t = tanh(x);``. Numbers are of the type of the computation: ``1 / 2`` is 0.5.
        name: of the kernels. Default: that of the Python function, or ``elementwise``.

    Returns:
        A function; print it, its ``derivative("x")`` or its ``source``, try its ``gradcheck()``.

    Raises:
        ExpressionError: the expression cannot be read; the message shows the place.
        ValueError: a name cannot be used.
        TypeError: the Python function does what cannot be written down, such as ``if``.

    A derivative is computed from the parts of its expression and overflows where they do: the
    gradient of ``1 / (1 + exp(-x))`` is nan where ``exp(-x)`` is infinite, which is no concern of
    the equal ``0.5 * (1 + tanh(0.5 * x))``.

    >>> import gpugrad
    >>> swish = gpugrad.cuda.elementwise("x, beta", "x / (1 + exp(-beta * x))")
    >>> swish(gpugrad.ones(2), 1.5)
    tensor([0.8176, 0.8176])
    >>> print(swish.derivative("beta"))
    t0 = exp(-(beta * x)); t1 = 1 + t0; x / t1 * (t0 * x) / t1
    """
    if callable(inputs):
        if expression is not None:
            raise TypeError("elementwise() takes a function, or names and an expression")
        names, tree = trace(inputs)
        own = getattr(inputs, "__name__", "")
        default = own if _NAME.fullmatch(own) else "elementwise"
    else:
        if expression is None:
            raise TypeError(
                'elementwise() takes names and an expression, such as ("x, y", "x * y")'
            )
        names = tuple(part.strip() for part in inputs.split(","))
        tree, default = None, "elementwise"
    for each in names:
        if not _NAME.fullmatch(each) or each in RESERVED:
            raise ValueError(f"[elementwise] {each!r} cannot be the name of an input")
        if names.count(each) > 1:
            raise ValueError(f"[elementwise] the input {each!r} is named twice")
    if name is not None and not _NAME.fullmatch(name):
        raise ValueError(f"[elementwise] {name!r} cannot be the name of a kernel")
    if tree is None:
        assert expression is not None
        tree = parse(expression, names)
    return Elementwise(names, tree, name or default)
