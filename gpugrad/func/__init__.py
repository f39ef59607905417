"""Derivatives of functions as functions, and functions over batches: PyTorch's ``torch.func``.

``grad``, ``vjp``, ``jvp``, ``jacrev``, ``jacfwd``, ``hessian`` and ``vmap`` take a function of
tensors and can be nested in any order. Arguments and results may be tuples, lists and dictionaries
of tensors.

>>> import gpugrad
>>> from gpugrad.func import grad
>>> grad(grad(gpugrad.sin))(gpugrad.tensor(1.0))
tensor(-0.8415)
"""

from .batching import vmap as vmap
from .derivative import grad as grad
from .derivative import grad_and_value as grad_and_value
from .derivative import jvp as jvp
from .derivative import linearize as linearize
from .derivative import vjp as vjp
from .jacobian import hessian as hessian
from .jacobian import jacfwd as jacfwd
from .jacobian import jacrev as jacrev
from .stateless import functional_call as functional_call
from .stateless import stack_module_state as stack_module_state
