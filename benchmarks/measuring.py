"""Provides helpers for several benchmarks: questions, quantiles, memory, processes, several tables in one file."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from benchmarks.machine import machine, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Rows = Sequence[Mapping[str, Any]]

P = ParamSpec("P")
R = TypeVar("R")
_SMAPS = {"Rss": "RSS MB", "Pss": "PSS MB", "Anonymous": "anonymous MB"}
_BLOCK = 1 << 24


def read_questions(files: Sequence[Path], count: int) -> list[str]:
    """Return at most `count` questions, evenly from all files."""
    texts = [json.loads(line)["text"] for path in files for line in path.read_text("utf-8").splitlines()]
    return texts[:: max(1, len(texts) // count)][:count]


def quantiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th and the 99th percentile."""
    return {f"p{share} ms": float(np.percentile(milliseconds, share)) for share in (50, 95, 99)}


def memory(process: int | str = "self") -> dict[str, float]:
    """Return the resident memory of a process in MB, its proportional and its anonymous part, and its peak."""
    fields = dict(_fields(f"/proc/{process}/smaps_rollup"))
    shown = {name: fields[key] / 1024 for key, name in _SMAPS.items() if key in fields}
    peak = dict(_fields(f"/proc/{process}/status")).get("VmHWM", 0.0)
    return {**shown, "peak RSS MB": peak / 1024}


def warm_cache(folder: Path) -> None:
    """Read all files of a library, so that they are in the system's cache, as in a library that is in use."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(_BLOCK):
                    pass


@contextmanager
def temporary_copy(folder: Path) -> Iterator[Path]:
    """Copy a library beside itself, and remove the copy after the block."""
    copy = folder.with_name(f"{folder.name}.{os.getpid()}.copy")
    try:
        yield Path(shutil.copytree(folder, copy))
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def run_in_new_process(work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """Run `work` in a new process, so that earlier work affects neither its memory nor its caches."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args, **named).result()


def report_tables(tables: Mapping[str, Rows], file: str | None, notes: Sequence[str] = ()) -> None:
    """Print all tables and notes; with `file`, also write them as JSON."""
    for title, rows in tables.items():
        report(title, rows)
    for note in filter(None, notes):
        print(f"\n{note}")
    if file:
        content = {
            "machine": machine(),
            "tables": {title: list(rows) for title, rows in tables.items()},
            "notes": notes,
        }
        Path(file).write_text(json.dumps(content, indent=2))


def _fields(path: str) -> Iterator[tuple[str, float]]:
    for line in Path(path).read_text().splitlines():
        name, _, rest = line.partition(":")
        if rest.strip().endswith("kB"):
            yield name, float(rest.split()[0])
