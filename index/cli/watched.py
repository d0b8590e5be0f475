"""What happens while folders are watched, a line for each change, and a summary."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from index.cli.printing import as_json, printable
from index.records import Problem, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WIDTH = 8
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


class Watched:
    """Prints what it is told: changes on standard output, what is in the way on standard error."""

    def __init__(self, *, quiet: bool, json: bool = False) -> None:
        self._quiet = quiet
        self._json = json
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()

    def begin(self, folders: Sequence[Path]) -> None:
        """Say what is watched, and how that ends."""
        if not self._quiet:
            typer.echo(f"Watching {printable(', '.join(map(str, folders)))}. Ctrl-C ends it.", err=True)

    def __call__(self, told: Receipt | Problem) -> None:
        """A line for each change."""
        if self._json:
            self._tell_in_json(told)
            return
        if isinstance(told, Problem):
            typer.secho(printable(f"{_now()} {told.what} {told.remedy}"), fg=typer.colors.YELLOW, err=True)
            return
        for name in ("added", "replaced", "removed"):
            for source in getattr(told, name):
                self._line(name, source)
        for one in told.renamed:
            self._line("renamed", f"{one.before} -> {one.source}")
        for failure in told.failed:
            self._line("failed", f"{failure.source}: {failure.reason} {failure.hint}")

    def end(self) -> None:
        """Say what was done in all."""
        names = ("added", "replaced", "renamed", "removed", "failed")
        done = ", ".join(f"{self._counts[name]} {name}" for name in names if self._counts[name]) or "nothing changed"
        if not self._json:
            typer.echo(f"Stopped after {_span(time.monotonic() - self._began)}: {done}.")

    def _tell_in_json(self, told: Receipt | Problem) -> None:
        if isinstance(told, Problem):
            as_json(asdict(told), indent=None)
        elif any((told.added, told.replaced, told.renamed, told.removed, told.failed)):
            from index.schema import receipts

            as_json(receipts.Receipt.model_validate(told).model_dump(), indent=None)

    def _line(self, name: str, what: str) -> None:
        self._counts[name] += 1
        if not self._quiet:
            typer.echo(printable(f"{_now()} {name:<{_WIDTH}} {what}"))


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _span(seconds: float) -> str:
    """A time in the two largest units it has."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} days {seconds % _DAY // _HOUR:.0f} h"
