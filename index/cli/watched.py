"""Prints changes while folders are watched, one line per change, and a summary at the end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from index.cli.printing import print_json, printable
from index.records import Problem, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WIDTH = 8
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


class ChangePrinter:
    """Prints changes to standard output and problems to standard error."""

    def __init__(self, *, quiet: bool, json: bool = False) -> None:
        self._quiet = quiet
        self._json = json
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()

    def begin(self, folders: Sequence[Path]) -> None:
        """Print which folders are watched and how to stop."""
        if not self._quiet:
            typer.echo(f"Watching {printable(', '.join(map(str, folders)))}. Press Ctrl-C to stop.", err=True)

    def __call__(self, event: Receipt | Problem) -> None:
        """Print a line for each change of a receipt, or a problem with its remedy."""
        if self._json:
            self._print_as_json(event)
            return
        if isinstance(event, Problem):
            typer.secho(printable(f"{_now()} {event.what} {event.remedy}"), fg=typer.colors.YELLOW, err=True)
            return
        for name in ("added", "replaced", "removed"):
            for source in getattr(event, name):
                self._print_line(name, source)
        for rename in event.renamed:
            self._print_line("renamed", f"{rename.before} -> {rename.source}")
        for failure in event.failed:
            self._print_line("failed", f"{failure.source}: {failure.reason} {failure.hint}")

    def end(self) -> None:
        """Print the totals."""
        names = ("added", "replaced", "renamed", "removed", "failed")
        done = ", ".join(f"{self._counts[name]} {name}" for name in names if self._counts[name]) or "nothing changed"
        if not self._json:
            typer.echo(f"Stopped after {_span(time.monotonic() - self._began)}: {done}.")

    def _print_as_json(self, event: Receipt | Problem) -> None:
        if isinstance(event, Problem):
            print_json(asdict(event), indent=None)
        elif any((event.added, event.replaced, event.renamed, event.removed, event.failed)):
            from index.schema import receipts

            print_json(receipts.Receipt.model_validate(event).model_dump(), indent=None)

    def _print_line(self, name: str, text: str) -> None:
        self._counts[name] += 1
        if not self._quiet:
            typer.echo(printable(f"{_now()} {name:<{_WIDTH}} {text}"))


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _span(seconds: float) -> str:
    """Return a time in its two largest units."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} days {seconds % _DAY // _HOUR:.0f} h"
