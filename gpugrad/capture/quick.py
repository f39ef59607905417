"""A call of a compiled function that is like the one before, in as little Python as can be.

For one kind of arguments and one program, a function is written and compiled that asks all that the
general way asks, and then does what that does: without loops, look-ups and tuples, most of a small
step's time would otherwise be spent on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.engine import TensorBase, wrap
from ..autograd.grad_mode import mode
from .program import Program
from .structure import PLAIN, shared, tensors_in
from .trace import Slot

MISS = object()
"""What the function gives where the call is another one; nothing has happened then."""

MOST = 12
"""With more tensors among its arguments, a call takes the general way."""


def quick_call(
    program: Program, args: Sequence[Any], leaves: Sequence[TensorBase]
) -> Callable[[tuple[Any, ...]], Any] | None:
    """The function for a program and arguments that fit it; None if they are not of simple kinds.

    Args:
        leaves: whose gradients must be there, or not, as they are now, before the call.
    """
    if not _is_simple(program, args):
        return None
    writer = _Writer()
    name = writer.name
    tests = [f"len(args) == {len(args)}", f"{name(mode)}.enabled is {mode.enabled}"]
    names = [f"a{n}" for n in range(len(args))]
    tensors = [n for n, a in enumerate(args) if isinstance(a, TensorBase)]
    asked = [_asked(writer, f"a{n}", f"x{n}", arg) for n, arg in enumerate(args)]
    if len(tensors) > 1:
        asked.append(_apart(writer, [f"x{n}" for n in tensors], [args[n] for n in tensors]))
    asked += [
        f"{name(leaf)}.gradient is {'' if leaf.gradient is None else 'not '}None" for leaf in leaves
    ]
    inputs = program.trace.inputs
    asked += [f"x{tensors[n]} is {name(inputs[n])}" for n in program.bound]
    asked.append(f"{name(program.holds)}()")
    if program.made:
        asked.append(f"{name(program.references)}() == {name(program)}.holders")
    lines = ["def call(args):", f"    if not ({' and '.join(tests)}):", "        return MISS"]
    if names:
        lines.append(f"    {', '.join(names)}, = args")
    lines += [f"    if not ({' and '.join(asked)}):", "        return MISS"]
    lines += ["    " + line for line in _carried_out(writer, program, tensors)]
    writer.space["MISS"] = MISS
    exec("\n".join(lines), writer.space)
    found: Callable[[tuple[Any, ...]], Any] = writer.space["call"]
    return found


class _Writer:
    """Names for the objects that a text mentions."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def name(self, thing: Any) -> str:
        if id(thing) not in self._names:
            self._names[id(thing)] = f"o{len(self._names)}"
            self.space[self._names[id(thing)]] = thing
        return self._names[id(thing)]


def _is_simple(program: Program, args: Sequence[Any]) -> bool:
    trace = program.trace
    if trace.given or trace.sources or program.returned:
        return False
    if sum(isinstance(a, TensorBase) for a in args) > MOST:
        return False
    result = trace.result
    if not (result is None or (type(result) is Slot and result.ref is not None)):
        return False
    for arg in args:
        if isinstance(arg, (list, tuple, dict)):
            return False
        if not isinstance(arg, (TensorBase, *PLAIN)) and next(tensors_in(arg), None) is not None:
            return False
        if type(arg) in (float, complex) and (not arg or arg != arg):
            return False
    return True


def _asked(writer: _Writer, name: str, array: str, arg: Any) -> str:
    """A condition that an argument must meet, which also names a tensor's array."""
    thing = writer.name
    kind = f"type({name}) is {thing(type(arg))}"
    if not isinstance(arg, TensorBase):
        if type(arg) in PLAIN:
            return f"{kind} and {name} == {thing(arg)}"
        return f"{name} is {thing(arg)}"
    found = arg.array
    grad = f"not {name}.needs_grad"
    if arg.needs_grad:
        node = "is" if arg.node is None else "is not"
        grad = f"{name}.needs_grad and {name}.node {node} None"
        if arg.node is None:
            grad += f" and {name}.gradient is {'' if arg.gradient is None else 'not '}None"
    return (
        f"{kind} and type({array} := {name}.array) is {thing(type(found))}"
        f" and {array}.shape == {found.shape} and {array}.strides == {found.strides}"
        f" and {array}.dtype is {thing(found.dtype)} and {grad}"
    )


def _apart(writer: _Writer, arrays: Sequence[str], tensors: Sequence[TensorBase]) -> str:
    """Whether the tensors lie in each other's memory as they do now."""
    now = shared(tensors)
    if now is not None or len(arrays) > 3:
        tensors_now = ", ".join("a" + a[1:] for a in arrays)
        return f"{writer.name(shared)}(({tensors_now})) == {now}"
    owners = [f"({a} if {a}.base is None else {a}.base)" for a in arrays]
    return " and ".join(
        f"{one} is not {other}" for n, one in enumerate(owners) for other in owners[n + 1 :]
    )


def _carried_out(writer: _Writer, program: Program, tensors: Sequence[int]) -> list[str]:
    """The replay, and what it leaves behind."""
    thing = writer.name
    run = program.first_run()
    places = run.plan.places()
    lines = [f"{thing(action)}()" for action in program.before]
    free = [f"x{tensors[n]}" for n in program.free]
    if places is None:
        lines.append(f"{thing(run.plan)}.run([{', '.join(free)}])")
    else:
        arguments, positions = places
        lines += [
            f"{thing(arguments)}[{position}] = {array}"
            for array, position in zip(free, positions, strict=True)
            if position is not None
        ]
        lines.append(f"{thing(run.plan.execute)}()")
    lines += [
        f"{thing(leaf)}.gradient = {thing(g) if g is not None else None}"
        for leaf, g in program.left
    ]
    lines += [
        f"a{tensors[n]}.gradient = {thing(g) if g is not None else None}"
        for n, g in program.left_to_inputs
    ]
    lines += [f"{thing(count)}[0] += 1" for count in program.changed]
    lines += [f"a{tensors[n]}.version[0] += 1" for n in program.changed_inputs]
    result = program.trace.result
    if result is not None:
        lines.append(f"return {thing(wrap)}({thing(run.array(result))}.copy())")
    return lines
