"""Messages between the main process and a worker: small ones by a socket, arrays by memory.

A message is a pickle with its arrays beside it (protocol 5). If all of it is small, it goes through
the socket. Otherwise it is written to memory of its own, whose file descriptor goes through the
socket, and the arrays that arrive are views of that memory: they are copied once, by the sender.
Such memory has no name: it is gone with the last process that uses it, however that ends. Where the
system has none (it is Linux that does), everything goes through the socket.
"""

from __future__ import annotations

import array
import io
import mmap
import os
import pickle
import socket
import struct
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

SMALL = 4096
"""Messages of so many bytes at most are not worth memory of their own.

Few enough that a socket holds all messages that may be under way: nobody waits for a reader."""

_ALIGNMENT = 64
_NUMBER = struct.Struct("<Q")
_HAS_MEMORY = hasattr(os, "memfd_create") and hasattr(socket, "SCM_RIGHTS")


class Channel:
    """One end of a connection of two processes.

    Args:
        connection: an end of a duplex ``multiprocessing.Pipe``.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, message: Any) -> None:
        """Send something that can be pickled.

        Raises:
            OSError: the other end is closed.
        """
        buffers: list[pickle.PickleBuffer] = []
        text = _dumps(message, buffers)
        parts = [memoryview(text), *(b.raw() for b in buffers)]
        sizes = [part.nbytes for part in parts]
        header = _NUMBER.pack(len(parts)) + b"".join(map(_NUMBER.pack, sizes))
        if sum(sizes) <= SMALL or not _HAS_MEMORY:
            self.connection.send_bytes(b"".join([b"s", header, *parts]))
            return
        places, end = _places(sizes)
        memory = os.memfd_create("gpugrad-batch")
        try:
            os.ftruncate(memory, end)
            with mmap.mmap(memory, end) as target:
                for part, place in zip(parts, places, strict=True):
                    target[place : place + part.nbytes] = part
            self.connection.send_bytes(b"m" + header)
            self._send_descriptor(memory)
        finally:
            os.close(memory)

    def receive(self) -> Any:
        """The next message; waits for it.

        Raises:
            EOFError, OSError: the other end is closed.
        """
        message = memoryview(self.connection.recv_bytes())
        kind, rest = bytes(message[:1]), message[1:]
        (count,) = _NUMBER.unpack_from(rest)
        sizes = [_NUMBER.unpack_from(rest, 8 * (i + 1))[0] for i in range(count)]
        if kind == b"s":
            # In memory that may be written to, as everybody may write to an array.
            data, place, parts = memoryview(bytearray(rest[8 * (count + 1) :])), 0, []
            for size in sizes:
                parts.append(data[place : place + size])
                place += size
        else:
            places, end = _places(sizes)
            memory = self._receive_descriptor()
            try:
                whole = memoryview(mmap.mmap(memory, end))
            finally:
                os.close(memory)
            parts = [whole[at : at + size] for at, size in zip(places, sizes, strict=True)]
        return pickle.loads(parts[0], buffers=parts[1:])

    def _send_descriptor(self, descriptor: int) -> None:
        with socket.socket(fileno=os.dup(self.connection.fileno())) as end:
            rights = array.array("i", [descriptor])
            end.sendmsg([b"d"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])

    def _receive_descriptor(self) -> int:
        numbers = array.array("i")
        with socket.socket(fileno=os.dup(self.connection.fileno())) as end:
            data, ancillary, _, _ = end.recvmsg(1, socket.CMSG_SPACE(numbers.itemsize))
        if not data or not ancillary:
            raise EOFError
        numbers.frombytes(ancillary[0][2][: numbers.itemsize])
        return numbers[0]

    def close(self) -> None:
        """Close this end; the other one finds out when it sends or receives."""
        self.connection.close()


def _places(sizes: list[int]) -> tuple[list[int], int]:
    """Where parts lie in memory, each aligned, and where the last one ends."""
    places, end = [], 0
    for size in sizes:
        places.append(end)
        end += -(-max(size, 1) // _ALIGNMENT) * _ALIGNMENT
    return places, end


def _dumps(message: Any, buffers: list[pickle.PickleBuffer]) -> bytes:
    file = io.BytesIO()
    # Knows how to send what only makes sense between processes, such as locks and connections.
    make: Any = ForkingPickler  # whose arguments go by position only
    pickler = make(file, 5, True, buffers.append)
    pickler.dump(message)
    return file.getvalue()
