"""Records on a terminal. A document's words are data: nothing in them is taken for markup or for control codes."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.exporting import PackFinding
    from index.records import (
        Document,
        DocumentInfo,
        Location,
        Problem,
        ProgressCallback,
        Queue,
        Receipt,
        Unconfirmed,
        Verification,
    )
    from index.records import Progress as Moment

_STEERING = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {0x0A, 0x09}
_HALVES = range(0xD800, 0xE000)  # of characters: how Python spells the bytes of a file name that is not text
_HARMLESS: dict[int, str | None] = {**dict.fromkeys(_STEERING), **dict.fromkeys(_HALVES, "\ufffd")}
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_STEERING, *_HALVES) if code >= 0x7F}
_LISTED = 10
"""How many names a receipt lists before it says how many more there are; --verbose lists all."""


def as_json(value: Any) -> None:
    """JSON on standard output, for programs."""
    typer.echo(json.dumps(value, ensure_ascii=not _speaks_unicode(), indent=2).translate(_ESCAPED))


def receipt(each: Receipt, *, quiet: bool, verbose: bool) -> None:
    """What was done, counted and, where it matters, named."""
    console = Console(highlight=False)
    names = ("added", "replaced", "renamed", "unchanged", "removed", "failed")
    counts = {name: len(getattr(each, name)) for name in names}
    shown = [f"{number} {name}" for name, number in counts.items() if number] or ["nothing to do"]
    console.print(
        Text(", ".join(shown) + (f"; {each.passages} passages in {each.seconds:.1f} s" if each.passages else ""))
    )
    if quiet:
        return
    for name in ("added", "replaced", "removed") if verbose else ("removed",):
        for source in getattr(each, name):
            console.print(_text(f"  {name}: {source}"))
    for one in each.renamed if verbose else ():
        console.print(_text(f"  renamed: {one.before} -> {one.source}"))
    for note in _some(console, each.notes, verbose=verbose):
        console.print(_text(f"  note: {Path(note.source).name}: {note.text}", style="dim"))
    for failure in each.failed:
        console.print(_text(f"  failed: {failure.source}", style="red"))
        console.print(_text(f"    {failure.reason} {failure.hint}"))


def queue(each: Queue, *, verbose: bool) -> None:
    """What waits, and what failed, counted and named."""
    console = Console(highlight=False)
    console.print(Text(f"{len(each.waiting):,} waiting, {len(each.failed):,} failed"))
    for path in _some(console, each.waiting, verbose=verbose):
        console.print(_text(f"  waiting: {path}"))
    for failure in _some(console, each.failed, verbose=verbose):
        console.print(_text(f"  failed: {failure.source}", style="red"))
        console.print(_text(f"    {failure.reason} {failure.hint}"))


def documents(infos: Sequence[DocumentInfo]) -> None:
    """One row a document."""
    console = Console(highlight=False)
    if not infos:
        console.print("The library is empty. Add files to it: pincite add PATH")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Id", "Title", "Author", "Date", "Pages", "Passages", "Source"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Pages", "Passages") else "left")
    for info in infos:
        cells = (
            info.id[:12],
            info.name,
            info.author,
            info.date,
            str(info.pages or ""),
            str(info.passages),
            info.source,
        )
        table.add_row(*(_text(cell) for cell in cells))
    console.print(table)


def document(full: Document, span: Span | None, location: Location | None) -> None:
    """A document's text as it is; with a span, its words, and where they stand."""
    if location is not None and location.label:
        typer.secho(printable(location.label), dim=True, err=True)
    typer.echo(printable(span.of(full.text) if span else full.text))


def verification(each: Verification) -> None:
    """What was proved, and what was not."""
    console = Console(highlight=False)
    console.print(
        f"{each.documents} documents, {each.passages} passages, {each.sentences} sentences; "
        f"{each.sources_checked} sources read again: {len(each.mismatches)} mismatches."
    )
    told = (
        ("changed since", each.sources_changed),
        ("no longer there", each.sources_missing),
        ("imported, and never read here", each.sources_claimed),
    )
    for name, sources in told:
        for source in sources:
            console.print(_text(f"  {name}: {source}", style="dim"))
    for source, pages in _pages(each.unconfirmed).items():
        console.print(_text(f"  look at the order of words: {source}, page {', '.join(pages)}", style="yellow"))
    problems(each.mismatches)


def _pages(unconfirmed: Sequence[Unconfirmed]) -> dict[str, list[str]]:
    """The pages of each source on which passages are unconfirmed, each once."""
    pages: dict[str, dict[str, None]] = {}
    for each in unconfirmed:
        pages.setdefault(each.source, {})[each.page] = None
    return {source: list(labels) for source, labels in pages.items()}


def findings(found_in_pack: Sequence[PackFinding]) -> None:
    """What of an evidence pack does not hold."""
    console = Console(highlight=False)
    if not found_in_pack:
        console.print("Every quote of the pack is in this library's documents.")
    for each in found_in_pack:
        console.print(_text(f"  {each.fault}: {each.document}", style="red"))
        console.print(_text(f"    {each.quote}"))
        console.print(_text(f"    {each.what}"))


def problems(found_problems: Sequence[Problem]) -> None:
    """What is wrong, and the remedy."""
    console = Console(highlight=False)
    for problem in found_problems:
        console.print(_text(f"  {problem.what}", style="red"))
        console.print(_text(f"    {problem.remedy}"))


def table(rows: Mapping[str, Any]) -> None:
    """Names and values."""
    console = Console(highlight=False)
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{k}: {v}" for k, v in value.items())
        else:
            shown = " ".join(value) if isinstance(value, list | tuple) else str(value)
        grid.add_row(Text(name.replace("_", " "), style="dim"), Text(printable(shown), overflow="fold"))
    console.print(grid)


@contextmanager
def progress(*, shown: bool) -> Iterator[ProgressCallback | None]:
    """A bar on standard error with files, passages, rate and time left; nothing where that is no terminal."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rate="")
        rate = _Rate()

        def report(moment: Moment) -> None:
            if moment.stage == "settled":  # the next moment counts it
                return
            name = escape(printable(Path(moment.source).name[:32]))
            total, done = moment.files, float(moment.files_done)
            if moment.of_passages:
                done += moment.passages / moment.of_passages
            bar.update(task, description=f"{moment.stage} {name}", total=total, completed=done, rate=rate.after(moment))

        yield report


def parse_span(text: str) -> Span:
    """`START:END` as a span. Raises a usage error for anything else."""
    start, colon, end = text.partition(":")
    if not colon or not start.strip().isdecimal() or not end.strip().isdecimal():
        raise typer.BadParameter(f"{text!r} is not START:END.", param_hint="--span")
    return Span(int(start), int(end))


def printable(text: str) -> str:
    """Without the characters that steer a terminal or reverse the direction of what follows."""
    return text.translate(_HARMLESS)


class _Rate:
    """Passages a second, over the whole run."""

    def __init__(self) -> None:
        from time import monotonic

        self._now = monotonic
        self._began = monotonic()
        self._finished = 0
        self._current = 0

    def after(self, moment: Moment) -> str:
        if moment.stage == "encoding":
            if moment.passages < self._current:
                self._finished += self._current
            self._current = moment.passages
        passages = self._finished + self._current
        return f"{passages / max(self._now() - self._began, 0.001):.0f} passages/s" if passages else ""


def _some(console: Console, values: Sequence[Any], *, verbose: bool) -> Iterator[Any]:
    yield from values if verbose else values[:_LISTED]
    if len(values) > _LISTED and not verbose:
        console.print(Text(f"  … and {len(values) - _LISTED} more; --verbose names them", style="dim"))


def _text(words: str, style: str = "") -> Text:
    return Text(printable(words), style=style)


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
