"""``gpugrad kernels``: CUDA kernels listed, compiled for any GPU, and deleted from the cache."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

import gpugrad

from ..backend import kernel_source, nvrtc
from ..backend.kernel_report import (
    ARCHITECTURES,
    Report,
    Usage,
    cache_folder,
    clear,
    compile_sources,
)
from .errors import UserError, choose_device, optional

_WIDTH = 120  # of the table where there is no terminal


def list_kernels() -> int:
    """Print every source file with its kernels as it declares them; always 0."""
    print("# T is each of", ", ".join(kernel_source.SUFFIXES))
    entries = sorted(kernel_source.entries().values(), key=lambda entry: entry.stem)
    for stem, group in groupby(entries, key=lambda entry: entry.stem):
        print(kernel_source.folder() / f"{stem}.cu")
        for entry in group:
            print(f"    {entry.name}({', '.join(map(str, entry.parameters))})")
    return 0


def clear_cache() -> int:
    """Delete what CuPy keeps of our kernels, and say how much that was; always 0."""
    removed = clear()
    print(f"deleted {removed} file{'' if removed == 1 else 's'} of kernels in {cache_folder()}")
    return 0


def compile_kernels(stems: Sequence[str], asked: Sequence[str]) -> int:
    """Compile, and print what each kernel uses; 1 if the compiler warns or a kernel spills.

    Args:
        stems: the sources, without ``.cu``; none for all.
        asked: compute capabilities, ``all`` or ``native``.

    Raises:
        UserError: there is no compiler, no such source or no such architecture.
    """
    stems = _known_stems(stems)
    try:
        architectures = _architectures(asked)
        track, total = optional("rich.progress").track, len(stems) * len(architectures)
        found = compile_sources(stems, architectures)
        reports = list(track(found, "compiling", total, transient=True))
    except nvrtc.NvrtcMissingError as error:
        raise UserError(str(error)) from None
    except RuntimeError as error:
        # The compiler's messages are many lines, and all are wanted.
        print(f"gpugrad: error: {error}", file=sys.stderr)
        return 1
    _print_table([kernel for report in reports for kernel in report.kernels], architectures)
    return _print_faults(reports)


def _known_stems(asked: Sequence[str]) -> tuple[str, ...]:
    known = kernel_source.stems()
    for stem in asked:
        if stem not in known:
            raise UserError(f"no kernel source {stem!r}; there are {', '.join(known)}")
    return tuple(dict.fromkeys(asked)) or known


def _architectures(asked: Sequence[str]) -> tuple[str, ...]:
    if "native" in asked:
        choose_device("cuda")
        major, minor = gpugrad.cuda.get_device_capability()
        asked = [f"{major}{minor}" if name == "native" else name for name in asked]
    if "all" in asked:
        asked = [*(name for name in asked if name != "all"), *ARCHITECTURES]
    known = nvrtc.architectures()
    for name in asked:
        if name not in known:
            raise UserError(
                f"the compiler (CUDA {'.'.join(map(str, nvrtc.version()))}) knows no architecture "
                f"{name!r} but {', '.join(known)}; names of sources go before --arch"
            )
    return tuple(dict.fromkeys(asked))


def _print_table(kernels: Iterable[Usage], architectures: Sequence[str]) -> None:
    """A row for each kernel; where architectures differ in stack or shared memory, the most."""
    table = optional("rich.table").Table("kernel", title="registers of a thread, bytes of memory")
    for name in (*(f"sm_{a}" for a in architectures), "stack", "shared"):
        table.add_column(name, justify="right")
    for name, group in groupby(sorted(kernels, key=lambda k: k.kernel), key=lambda k: k.kernel):
        uses = {usage.architecture: usage for usage in group}
        registers = [str(uses[a].registers) for a in architectures]
        stack = max(usage.stack_bytes for usage in uses.values())
        shared = max(usage.shared_bytes for usage in uses.values())
        table.add_row(name, *registers, str(stack), str(shared))
    width = None if sys.stdout.isatty() else _WIDTH
    optional("rich.console").Console(width=width).print(table)


def _print_faults(reports: Sequence[Report]) -> int:
    """Show warnings and spills on stderr; whether there were any, as an exit code."""
    warned = [report for report in reports if report.log]
    for report in warned:
        print(f"{report.stem}.cu for sm_{report.architecture}:\n{report.log}", file=sys.stderr)
    spilling = [usage for report in reports for usage in report.kernels if usage.stack_bytes]
    for usage in spilling:
        print(
            f"{usage.kernel} for sm_{usage.architecture}: {usage.stack_bytes} bytes for each "
            "thread do not fit into registers",
            file=sys.stderr,
        )
    return int(bool(warned or spilling))
