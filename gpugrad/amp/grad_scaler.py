"""``GradScaler``: a loss scaled up, so that the gradients of 16-bit numbers do not vanish."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from ..backend import backend_of
from ..backend.probe import probe
from ..creation import full
from ..device import device as Device
from ..dtypes import float32, int32
from ..tensor import Tensor
from .progress import OptState as OptState
from .progress import Progress, any_of, check_gradients, refuse_unchecked

State = dict[str, Any]


class GradScaler:
    """Scales a loss, unscales the gradients, and finds out by which factor.

    Small gradients become zero in float16. So the loss is multiplied by a large number, and the
    gradients are divided by it before the update. If some come out infinite or nan, the factor
    was too large: the update is left out and the factor is reduced. If for a long time none did,
    it is raised.

    ::

        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    Everything lives on the device. gpugrad's own optimizers take the scale and the flag along, so
    that a step which may be left out waits for nothing. Any other optimizer, whose ``step`` is not
    to be called then, makes :meth:`step` wait for the flag.

    Args:
        device: ``"cuda"`` or ``"cpu"``. With ``"cuda"`` and no CUDA device, it is not enabled.
        init_scale: the first factor.
        growth_factor: by which the factor is multiplied after ``growth_interval`` updates in a row
            without infinite gradients; above 1.
        backoff_factor: by which it is multiplied after infinite gradients; below 1.
        growth_interval: see ``growth_factor``.
        enabled: if False, losses and gradients stay as they are and every step is done.

    Raises:
        AssertionError: a factor on the wrong side of 1.

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.SGD([w], lr=0.5)
    >>> scaler = gpugrad.amp.GradScaler("cpu", init_scale=1024.0)
    >>> scaler.scale(w.sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w, scaler.get_scale()
    (tensor([0.5000, 1.5000], requires_grad=True), 1024.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and probe().module is None:
            warnings.warn(
                "gpugrad.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        # The tensors are made on the device of the first loss.
        self._init_scale = init_scale
        self._init_growth_tracker = 0
        self._scale: Tensor | None = None
        self._growth_tracker: Tensor | None = None
        self._progress: dict[int, Progress] = {}

    # --- the loss ---------------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """A tensor times the scale; of an iterable of tensors, each.

        Raises:
            ValueError: ``outputs`` is neither.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._start(outputs.device)
            return outputs * self._known("scale")[0].to(outputs.device)
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _start(self, device: Device) -> None:
        self._scale = full((), self._init_scale, dtype=float32, device=device)
        self._growth_tracker = full((), self._init_growth_tracker, dtype=int32, device=device)

    def _known(self, caller: str) -> tuple[Tensor, Tensor]:
        """Scale and growth tracker."""
        for name, tensor in (("_scale", self._scale), ("_growth_tracker", self._growth_tracker)):
            if tensor is None:
                raise AssertionError(
                    f"Attempted {caller} but {name} is None.  This may indicate your script did "
                    "not use scaler.scale(loss or outputs) earlier in the iteration."
                )
        assert self._scale is not None and self._growth_tracker is not None
        return self._scale, self._growth_tracker

    # --- the gradients ----------------------------------------------------------------------------

    def unscale_(self, optimizer: Any) -> None:
        """Divide the optimizer's gradients by the scale, in place, as :meth:`step` would.

        For clipping or looking at gradients in between. Nobody waits for anything.

        Raises:
            RuntimeError: it has been done already, or :meth:`step` has been, since the last
                :meth:`update`.
            ValueError: a gradient is float16: it would lose what the scale has kept.
        """
        if not self._enabled:
            return
        scale, _ = self._known("unscale_")
        progress = self._of(optimizer)
        if progress.stage is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = scale.double().reciprocal().float()
        progress.found_inf = check_gradients(optimizer, inverse, allow_float16=False)
        progress.stage = OptState.UNSCALED

    def _of(self, optimizer: Any) -> Progress:
        return self._progress.setdefault(id(optimizer), Progress())

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Unscale the gradients, unless :meth:`unscale_` has, and update the parameters.

        There is no update if a gradient is infinite or nan. The step of an optimizer of gpugrad is
        called in any case, so its hooks run; it does nothing then.

        Args:
            args, kwargs: for the optimizer's ``step``.

        Returns:
            What the optimizer's ``step`` returns; None where it is not called.

        Raises:
            RuntimeError: with a closure, or a second time since the last :meth:`update`.
            ValueError: as :meth:`unscale_`; not if the optimizer was made with ``fused=True``.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._known("step")
        progress = self._of(optimizer)
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            result = self._step_on_device(optimizer, progress, args, kwargs)
        else:
            if progress.stage is OptState.READY:
                self.unscale_(optimizer)
            refuse_unchecked(progress)
            bad = any(flag.item() for flag in progress.found_inf.values())
            result = None if bad else optimizer.step(*args, **kwargs)
        progress.stage = OptState.STEPPED
        return result

    def _step_on_device(
        self, optimizer: Any, progress: Progress, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Give scale and flag to an optimizer that heeds them."""
        scale, _ = self._known("step")
        own = getattr(optimizer, "grad_scale", None)  # that somebody has given to it
        if progress.stage is OptState.READY:
            fused = any(group.get("fused") for group in optimizer.param_groups)
            progress.found_inf = check_gradients(optimizer, None, allow_float16=fused)
            own = scale if own is None else scale * own
        refuse_unchecked(progress)
        optimizer.grad_scale = own
        optimizer.found_inf = any_of(progress.found_inf.values(), scale.device)
        try:
            return optimizer.step(*args, **kwargs)
        finally:
            del optimizer.grad_scale, optimizer.found_inf

    # --- the scale --------------------------------------------------------------------------------

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adjust the scale, at the end of an iteration, after all steps.

        Args:
            new_scale: the scale from now on; a number or a tensor of one element, which is copied.

        Raises:
            AssertionError: nothing has been unscaled, or ``new_scale`` is a tensor of another
                device, of several elements, or requires a gradient.
        """
        if not self._enabled:
            return
        scale, growth_tracker = self._known("update")
        if new_scale is None:
            flags = [flag for p in self._progress.values() for flag in p.found_inf.values()]
            if not flags:
                raise AssertionError("No inf checks were recorded prior to update.")
            backend_of(scale.array).update_scale(
                scale.array,
                growth_tracker.array,
                any_of(flags, scale.device).array,
                growth_factor=self._growth_factor,
                backoff_factor=self._backoff_factor,
                growth_interval=self._growth_interval,
            )
        elif isinstance(new_scale, float):
            scale.fill_(new_scale)
        else:
            fits = new_scale.device.type == self._device and new_scale.numel() == 1
            if not fits or new_scale.requires_grad:
                raise AssertionError(
                    "new_scale should be a float or a 1-element gpugrad.cuda.FloatTensor or "
                    "gpugrad.FloatTensor with requires_grad=False."
                )
            scale.copy_(new_scale.reshape(()))
        self._progress = {}

    def get_scale(self) -> float:
        """The scale as a number, for which the device is waited for; 1.0 if not enabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale.item())

    def _get_growth_tracker(self) -> int:
        tracker = self._growth_tracker
        return self._init_growth_tracker if tracker is None else int(tracker.item())

    def get_growth_factor(self) -> float:
        """By which the scale is raised."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Raise the scale by this from now on."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By which the scale is reduced."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Reduce the scale by this from now on."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good updates in a row the scale is raised."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Raise the scale after so many good updates from now on."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales anything."""
        return self._enabled

    # --- saving -----------------------------------------------------------------------------------

    def state_dict(self) -> State:
        """What :meth:`load_state_dict` needs, as numbers; empty if not enabled.

        To be called after :meth:`update`.
        """
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: State) -> None:
        """Go on from where ``state_dict`` was made; does nothing if not enabled.

        Raises:
            RuntimeError: it is empty.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._init_scale = state_dict["scale"]
        self._init_growth_tracker = state_dict["_growth_tracker"]
        if self._scale is not None and self._growth_tracker is not None:
            self._scale.fill_(self._init_scale)
            self._growth_tracker.fill_(self._init_growth_tracker)

    def __getstate__(self) -> State:
        state = self.__dict__.copy()
        if self._enabled:
            if self._progress:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, "
                    "or at the end after scaler.update()."
                )
            state["_init_scale"] = self.get_scale()
            state["_init_growth_tracker"] = self._get_growth_tracker()
            state["_scale"] = state["_growth_tracker"] = None
        return state
