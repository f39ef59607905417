"""``SummaryWriter``: what it writes, read back; what it says without the package."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gpugrad

WITHOUT = """
import sys
sys.modules["tensorboardX"] = None
try:
    import gpugrad.utils.tensorboard
except ImportError as error:
    print(error)
"""


def test_without_the_package_it_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert "needs the package tensorboardX" in done.stdout
    assert "pip install tensorboardX" in done.stdout


def events(folder: Path) -> list[Any]:
    """All events of the one file in a folder: records of a length, two sums and a message."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.iterdir()
    data, found, start = path.read_bytes(), [], 0
    while start < len(data):
        (length,) = struct.unpack_from("<Q", data, start)
        found.append(Event.FromString(data[start + 12 : start + 12 + length]))
        start += length + 16
    return found


@pytest.mark.filterwarnings("ignore")
def test_tensors_are_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    from gpugrad.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", gpugrad.tensor(0.25, requires_grad=True), 3)
        writer.add_scalar("half", gpugrad.tensor(0.5, dtype=gpugrad.bfloat16), 4)
        writer.add_histogram("weights", gpugrad.arange(10.0), 1)
        writer.add_image("picture", gpugrad.zeros(1, 4, 4), 2)
        with pytest.raises(NotImplementedError, match="add_graph is not in gpugrad"):
            writer.add_graph(None)
    found = {v.tag: (e.step, v) for e in events(tmp_path) for v in e.summary.value}
    assert found["loss"][0] == 3
    assert found["loss"][1].simple_value == 0.25
    assert found["half"][1].simple_value == 0.5
    assert found["weights"][1].histo.num == 10
    assert found["picture"][1].image.height == 4
