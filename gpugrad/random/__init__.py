"""Random numbers: generators and their states, and tensors filled with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import later as _later
from .generator import Generator as Generator
from .generator import default_generator as default_generator
from .generator import get_rng_state as get_rng_state
from .generator import initial_seed as initial_seed
from .generator import manual_seed as manual_seed
from .generator import seed as seed
from .generator import set_rng_state as set_rng_state

_HOMES = _later.homes(
    {
        "fork": "fork_rng",
        "functions": "normal rand rand_like randint randint_like randn randn_like randperm",
        "rejection": "binomial poisson",
        "sampling": "bernoulli multinomial_out",
    }
)

if TYPE_CHECKING:
    from .fork import fork_rng as fork_rng
    from .functions import normal as normal
    from .functions import rand as rand
    from .functions import rand_like as rand_like
    from .functions import randint as randint
    from .functions import randint_like as randint_like
    from .functions import randn as randn
    from .functions import randn_like as randn_like
    from .functions import randperm as randperm
    from .rejection import binomial as binomial
    from .rejection import poisson as poisson
    from .sampling import bernoulli as bernoulli
    from .sampling import multinomial_out as multinomial_out

    multinomial: Any


def __getattr__(name: str) -> Any:
    if name == "multinomial":  # beside its functions there is the method of that name
        name = "multinomial_out"
    return _later.found(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, "multinomial"})
