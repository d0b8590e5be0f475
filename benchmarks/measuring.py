"""Helpers that several benchmarks share: questions, quantiles, memory, subprocesses, several tables in one file."""

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
    """About so many questions, evenly from all files."""
    texts = [json.loads(line)["text"] for path in files for line in path.read_text("utf-8").splitlines()]
    return texts[:: max(1, len(texts) // count)][:count]


def quantiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """The median and the slow end."""
    return {f"p{share} ms": float(np.percentile(milliseconds, share)) for share in (50, 95, 99)}


def memory(process: int | str = "self") -> dict[str, float]:
    """Resident memory of a process, all of it and its share of what it has in common with others, in MB."""
    fields = dict(_fields(f"/proc/{process}/smaps_rollup"))
    shown = {name: fields[key] / 1024 for key, name in _SMAPS.items() if key in fields}
    peak = dict(_fields(f"/proc/{process}/status")).get("VmHWM", 0.0)
    return {**shown, "peak RSS MB": peak / 1024}


def warm_cache(folder: Path) -> None:
    """Have the system read a library's files into its memory, as they are where the library is in use."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(_BLOCK):
                    pass


@contextmanager
def temporary_copy(folder: Path) -> Iterator[Path]:
    """A copy beside the library, which may be changed at will and does not outlive its use."""
    copy = folder.with_name(f"{folder.name}.{os.getpid()}.copy")
    try:
        yield Path(shutil.copytree(folder, copy))
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def run_in_new_process(work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """Do it in a process that has done nothing before, so that its memory and its warmth are its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args, **named).result()


def report_tables(tables: Mapping[str, Rows], file: str | None, notes: Sequence[str] = ()) -> None:
    """All tables on standard output; with `file`, the same as JSON."""
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
