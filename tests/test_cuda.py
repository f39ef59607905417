"""``gpugrad.cuda``: devices, memory, streams, events and random states, over the stand-in too."""

from __future__ import annotations

import gc
import threading

import pytest

import gpugrad
from gpugrad import cuda
from tests import host_cupy
from tests.conftest import DEVICES, device_named


@pytest.fixture(params=DEVICES[1:])
def device(request: pytest.FixtureRequest) -> str:
    return device_named(request)


# --- without CUDA ---------------------------------------------------------------------------------


def test_what_can_be_asked_before_cuda_is_used() -> None:
    if cuda.is_initialized():
        pytest.skip("CUDA has been used")
    for ask in (
        cuda.memory_allocated,
        cuda.memory_reserved,
        cuda.max_memory_allocated,
        cuda.max_memory_reserved,
    ):
        assert ask() == 0
    cuda.empty_cache()
    cuda.manual_seed(3)
    cuda.manual_seed_all(3)
    cuda.seed_all()
    with cuda.device(None), cuda.device(-1), cuda.stream(None), cuda.device_of(gpugrad.ones(1)):
        pass
    assert not cuda.is_initialized()


# --- devices --------------------------------------------------------------------------------------


def test_devices(device: str) -> None:
    assert cuda.is_available()
    assert cuda.unavailable_reason() is None
    assert cuda.device_count() >= 1
    cuda.init()
    assert cuda.is_initialized()
    assert cuda.current_device() == 0
    cuda.set_device(0)
    cuda.set_device("cuda:0")
    cuda.set_device(gpugrad.device("cuda", 0))
    cuda.set_device(-1)
    assert cuda.current_device() == 0
    cuda.synchronize()
    cuda.synchronize("cuda")
    assert not cuda.can_device_access_peer(0, 0)


def test_properties(device: str) -> None:
    found = cuda.get_device_properties(0)
    assert found is cuda.get_device_properties()
    assert cuda.get_device_name() == cuda.get_device_name("cuda:0") == found.name
    assert cuda.get_device_capability() == (found.major, found.minor)
    assert found.major >= 5
    assert found.total_memory > 2**28
    assert found.multi_processor_count > 0
    assert found.warp_size == 32
    assert found.max_threads_per_multi_processor % 32 == 0
    assert repr(found).startswith(
        f"_CudaDeviceProperties(name='{found.name}', major={found.major}, minor={found.minor}, "
        f"total_memory={found.total_memory // 2**20}MB, multi_processor_count="
    )
    free, total = cuda.mem_get_info()
    assert 0 < free <= total


def test_no_such_device(device: str) -> None:
    n = cuda.device_count()
    for invalid in (cuda.get_device_name, cuda.get_device_properties, cuda.get_device_capability):
        with pytest.raises(AssertionError, match=r"^Invalid device id$"):
            invalid(n)
    for use in (cuda.set_device, cuda.synchronize, cuda.Stream, cuda.mem_get_info):
        with pytest.raises(RuntimeError, match=rf"^invalid device cuda:{n}: there is "):
            use(n)
    with pytest.raises(ValueError, match=r"^Expected a non cpu device, but got: cpu$"):
        cuda.set_device("cpu")
    for no_index in ("cuda", None, 2.5):
        with pytest.raises(ValueError, match=r"^Expected a torch.device with a specified index"):
            cuda.set_device(no_index)


def test_the_current_device(two_devices: host_cupy.Copies) -> None:
    assert cuda.device_count() == 2
    with cuda.device(1):
        assert cuda.current_device() == 1
        x = gpugrad.ones(2, device="cuda")
        assert x.device == gpugrad.device("cuda", 1)
        with cuda.device("cuda:0"):
            assert cuda.current_device() == 0
            assert gpugrad.ones(2, device="cuda").get_device() == 0
        assert cuda.current_device() == 1
    assert cuda.current_device() == 0
    with cuda.device_of(x):
        assert cuda.current_device() == 1
    with cuda.device_of(gpugrad.ones(1)):
        assert cuda.current_device() == 0
    y = (x * 2).sum()
    assert str(y.device) == "cuda:1"
    assert str(x.to("cuda:0").device) == "cuda:0"
    with pytest.raises(RuntimeError, match="two devices, cuda:1 and cuda:0!"):
        x + gpugrad.ones(2, device="cuda:0")
    seen: list[int] = []
    cuda.set_device(1)
    thread = threading.Thread(target=lambda: seen.append(cuda.current_device()))
    thread.start()
    thread.join()
    assert seen == [0]
    assert cuda.can_device_access_peer(0, 1)


def test_training_on_a_device_that_is_not_current(two_devices: host_cupy.Copies) -> None:
    model = gpugrad.nn.Sequential(
        gpugrad.nn.Linear(3, 4), gpugrad.nn.Tanh(), gpugrad.nn.Linear(4, 2)
    ).to("cuda:1")
    optimizer = gpugrad.optim.Adam(model.parameters())
    x, y = gpugrad.randn(5, 3, device="cuda:1"), gpugrad.zeros(5, dtype=gpugrad.int64).cuda(1)
    for _ in range(2):
        optimizer.zero_grad()
        loss = gpugrad.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    assert str(loss.device) == "cuda:1"
    assert {str(p.grad.device) for p in model.parameters()} == {"cuda:1"}
    assert cuda.current_device() == 0


# --- memory ---------------------------------------------------------------------------------------


def test_memory(device: str) -> None:
    gc.collect()
    start = cuda.memory_allocated() if cuda.is_initialized() else 0
    x = gpugrad.empty(1000, device=device)
    assert cuda.memory_allocated() - start == 4096
    assert cuda.memory_reserved() >= cuda.memory_allocated()
    view = x[10:]
    assert cuda.memory_allocated() - start == 4096
    del x
    assert cuda.memory_allocated() - start == 4096
    del view
    assert cuda.memory_allocated() == start
    held = cuda.memory_reserved()
    assert held >= start + 4096
    cuda.empty_cache()
    assert cuda.memory_reserved() <= held - 4096
    assert cuda.max_memory_reserved() >= held


def test_the_peak(device: str) -> None:
    keep = gpugrad.empty(256, device=device)
    assert cuda.max_memory_allocated() == cuda.max_memory_reserved() > 0
    cuda.reset_peak_memory_stats()
    start = cuda.memory_allocated()
    assert cuda.max_memory_allocated() == start >= 1024
    for _ in range(3):
        big = gpugrad.empty(2**18, device=device)
        del big
    assert cuda.memory_allocated() == start
    assert cuda.max_memory_allocated() == start + 2**20
    cuda.reset_peak_memory_stats("cuda:0")
    assert cuda.max_memory_allocated(0) == start
    del keep
    assert cuda.max_memory_allocated() == start


# --- streams and events ---------------------------------------------------------------------------


def test_streams(device: str) -> None:
    usual = cuda.default_stream()
    assert cuda.current_stream() == usual
    assert usual.cuda_stream == 0
    assert repr(usual) == "<torch.cuda.Stream device=cuda:0 cuda_stream=0x0>"
    own, other = cuda.Stream(), cuda.Stream(device="cuda:0", priority=-1)
    assert own.device == gpugrad.device("cuda", 0)
    assert len({own, other, usual, cuda.default_stream()}) == 3
    assert own != other
    assert own != 5
    assert other.priority <= own.priority
    assert own.__cuda_stream__() == (0, own.cuda_stream)
    with cuda.stream(own):
        assert cuda.current_stream() == own
        with cuda.stream(None), cuda.stream(other):
            assert cuda.current_stream() == other
        assert cuda.current_stream() == own
        x = gpugrad.ones(3, device=device) * 2
    assert cuda.current_stream() == usual
    usual.wait_stream(own)
    assert x.tolist() == [2, 2, 2]
    own.synchronize()
    assert own.query()
    try:
        cuda.set_stream(own)
        assert cuda.current_stream() == own
        cuda.set_stream(None)
        assert cuda.current_stream() == own
    finally:
        cuda.set_stream(usual)


def test_the_stream_is_put_back_after_an_error(device: str) -> None:
    with pytest.raises(KeyError), cuda.stream(cuda.Stream()):
        raise KeyError
    assert cuda.current_stream() == cuda.default_stream()


def test_a_stream_of_another_device(two_devices: host_cupy.Copies) -> None:
    there = cuda.Stream(device=1)
    assert there.device == gpugrad.device("cuda", 1)
    with cuda.stream(there):
        assert cuda.current_device() == 1
        assert cuda.current_stream() == there
        assert cuda.current_stream(0) == cuda.default_stream(0)
    assert cuda.current_device() == 0
    assert cuda.current_stream(1) == cuda.default_stream(1)
    assert cuda.default_stream(0) != cuda.default_stream(1)
    event = there.record_event()
    cuda.current_stream().wait_event(event)


def test_events(device: str) -> None:
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    assert repr(start) == "<torch.cuda.Event uninitialized>"
    assert start.query()
    start.synchronize()
    start.wait()
    with pytest.raises(ValueError, match=r"^Both events must be recorded before calculating"):
        start.elapsed_time(end)
    start.record()
    (gpugrad.ones(100, 100, device=device) @ gpugrad.ones(100, 100, device=device)).sum()
    end.record(cuda.current_stream())
    end.synchronize()
    assert end.query()
    assert 0 <= start.elapsed_time(end) < 60_000
    assert repr(start) == f"<torch.cuda.Event {start.cuda_event:#x}>"
    assert start.cuda_event != end.cuda_event
    own = cuda.Stream()
    own.wait_event(end)
    again = own.record_event(end)
    assert again is end
    untimed = own.record_event()
    own.synchronize()
    with pytest.raises(ValueError, match=r"^Both events must be created with argument 'enable_tim"):
        start.elapsed_time(untimed)
    with pytest.raises(ValueError, match="cannot measure time"):
        cuda.Event(enable_timing=True, interprocess=True)


def test_an_event_that_has_not_been_reached(
    host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    start.record()
    end.record()
    monkeypatch.setattr(host_cupy.Event, "done", False)
    with pytest.raises(RuntimeError, match=r"^Both events must be completed before calculating"):
        start.elapsed_time(end)


def test_waiting_reaches_cupy(host: host_cupy.Copies) -> None:
    first, second = cuda.Stream(), cuda.Stream()
    event = first.record_event()
    assert event._raw.stream is first.raw
    second.wait_event(event)
    assert second.raw.waited_for == [event._raw]
    second.wait_stream(first)
    assert second.raw.waited_for[1].stream is first.raw
    with cuda.stream(first):
        inside = cuda.Event()
        inside.record()
        assert inside._raw.stream is first.raw


# --- random numbers -------------------------------------------------------------------------------


def test_random_state(device: str) -> None:
    cuda.manual_seed(5)
    assert cuda.initial_seed() == 5
    state = cuda.get_rng_state()
    assert state.is_cpu
    first = gpugrad.rand(4, device=device).tolist()
    cuda.set_rng_state(state)
    assert gpugrad.rand(4, device=device).tolist() == first
    cuda.manual_seed_all(5)
    assert gpugrad.rand(4, device=device).tolist() == first
    gpugrad.manual_seed(5)
    assert gpugrad.rand(4, device=device).tolist() == first
    cuda.seed()
    assert gpugrad.rand(4, device=device).tolist() != first
    cuda.seed_all()
    assert cuda.initial_seed() != 5
    own = gpugrad.Generator(device).manual_seed(5)
    assert gpugrad.rand(4, device=device, generator=own).tolist() == first


def test_every_device_has_its_own_stream_of_numbers(two_devices: host_cupy.Copies) -> None:
    cuda.manual_seed_all(5)
    first = gpugrad.rand(4, device="cuda:0").tolist()
    gpugrad.rand(4, device="cuda:0")
    second = gpugrad.rand(4, device="cuda:1")
    assert str(second.device) == "cuda:1"
    assert second.tolist() == first
    with cuda.device(1):
        cuda.manual_seed(6)
    assert cuda.initial_seed() == 5


def test_bfloat16(device: str) -> None:
    pytest.importorskip("ml_dtypes")
    assert cuda.is_bf16_supported()
    assert gpugrad.ones(2, dtype=gpugrad.bfloat16, device=device).sum().item() == 2
