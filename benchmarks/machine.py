"""Describes the machine, and prints the tables of the benchmarks."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def machine() -> dict[str, str]:
    """Return the processor, the number of cores, the system and the versions of libraries."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    flags = next((line.split(":")[1].split() for line in _cpuinfo() if line.startswith("flags")), [])
    instructions = [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in flags]
    libraries = {name: version(name) for name in ("torch", "sentence-transformers", "faiss-cpu", "tantivy")}
    return {
        "processor": f"{cpu} ({', '.join(instructions)})",
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        **libraries,
    }


def report(title: str, rows: Sequence[Mapping[str, Any]], file: str | None = None) -> None:
    """Print a Markdown table; with `file`, also write it as JSON."""
    description = machine()
    print(f"\n### {title}\n\n{'; '.join(f'{name} {value}' for name, value in description.items())}\n")
    if rows:
        names = list(rows[0])
        print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
        for row in rows:
            print("| " + " | ".join(_formatted(row.get(name, "")) for name in names) + " |")
    sys.stdout.flush()
    if file:
        Path(file).write_text(json.dumps({"title": title, "machine": description, "rows": list(rows)}, indent=2))


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of `rounds` runs."""
    times = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return statistics.median(times)


def _formatted(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
