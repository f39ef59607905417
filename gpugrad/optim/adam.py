"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..creation import zeros_like
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import BETAS, Option
from .optimizer import NO_SCALING, Optimizer, Params, gradients, mark_changed
from .options import check_adam, check_options


class Adam(Optimizer):
    """Adaptive moment estimation.

    ::

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        betas: how much of the running means of the gradient and of its square remains.
        eps: keeps the denominator away from zero.
        weight_decay: strength of the pull towards zero (L2 penalty).
        amsgrad: divide by the largest ``v`` so far instead of the present one.
        maximize: go up the gradient instead of down.
        foreach, fused, capturable: accepted; lists of parameters are always updated together and
            step counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.
        decoupled_weight_decay: shrink the parameter itself, as :class:`AdamW`.

    State: ``step`` (0-d, float32), ``exp_avg``, ``exp_avg_sq`` and with ``amsgrad``
    ``max_exp_avg_sq``, like the parameter.

    Raises:
        ValueError: a negative option, or a beta outside of 0 <= beta < 1.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015); amsgrad: Reddi and
    others, "On the convergence of Adam and beyond" (2018).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.adam)
    _step_supports_amp_scaling = True
    _counts_steps: ClassVar[bool] = True
    _wide_lr: ClassVar[bool] = True
    _numbers = (*BETAS, Option("eps"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if foreach and not capturable:
            for name, value in (("lr", lr), ("betas[0]", betas[0]), ("betas[1]", betas[1])):
                if isinstance(value, Tensor):
                    raise ValueError(
                        f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                    )
        check_adam(lr, betas, eps, weight_decay)
        tensors = [isinstance(beta, Tensor) for beta in betas]
        if not all(tensors) and not all(isinstance(beta, float) for beta in betas):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            if isinstance(beta, Tensor) and beta.numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")
        defaults = {
            "lr": lr,
            "betas": (float(betas[0]), float(betas[1])),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["exp_avg"] = zeros_like(p, requires_grad=False)
        state["exp_avg_sq"] = zeros_like(p, requires_grad=False)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(p, requires_grad=False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        scaled = self.grad_scale is not None or self.found_inf is not None
        for group, bucket, params, arrays in self._work():
            scaling = self._scaling(arrays[0]) if scaled else NO_SCALING
            amsgrad = group["amsgrad"]
            beta1, beta2 = group["betas"]
            states = [self.state[p] for p in params]
            bucket.backend.adam_step(
                arrays,
                gradients(params),
                [s["exp_avg"].array for s in states],
                [s["exp_avg_sq"].array for s in states],
                [s["max_exp_avg_sq"].array for s in states] if amsgrad else [],
                bucket.lr.array,
                bucket.step.array,
                bucket.scratch,
                beta1=beta1,
                beta2=beta2,
                eps=group["eps"],
                weight_decay=group["weight_decay"],
                decoupled=group["decoupled_weight_decay"],
                amsgrad=amsgrad,
                maximize=group["maximize"],
                **scaling,
            )
            mark_changed(params, scaling)
        return loss


class AdamW(Adam):
    """Adam with decoupled weight decay: the decay shrinks the parameter and stays out of ``m``
    and ``v``.

    ::

        p = p * (1 - lr * weight_decay)
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        p = p - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    Arguments, state and errors as for :class:`Adam`, but ``weight_decay`` is 0.01 by default.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8500, 1.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # files from before the option, or from Adam
            group["decoupled_weight_decay"] = True
