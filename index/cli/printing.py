"""Records on a terminal. A document's words are data: nothing in them is taken for markup or for control codes."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from index.records import CLAIMED, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from index.diagnosis import Setting
    from index.exporting import PackFinding
    from index.records import (
        Document,
        Location,
        Problem,
        Queue,
        Receipt,
        Unconfirmed,
        Verification,
    )

_STEERING = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {0x0A, 0x09}
_HALVES = range(0xD800, 0xE000)  # of characters: how Python spells the bytes of a file name that is not text
_HARMLESS: dict[int, str | None] = {**dict.fromkeys(_STEERING), **dict.fromkeys(_HALVES, "\ufffd")}
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_STEERING, *_HALVES) if code >= 0x7F}
_UNWRAPPED = 1_000_000
"""Columns: more than any line has."""
_LISTED = 10
"""How many names a receipt lists before it says how many more there are; --verbose lists all."""


def console(*, stderr: bool = False) -> Console:
    """Where to print. Only a terminal has a width: what is piped or written to a file is not wrapped or cut."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=_UNWRAPPED)


def as_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on standard output, for programs; without `indent` on one line."""
    typer.echo(json.dumps(value, ensure_ascii=not _speaks_unicode(), indent=indent).translate(_ESCAPED))


class TableStream:
    """Standard output for a table's rows: no word in them steers a terminal, in JSON by escapes."""

    def __init__(self, *, json: bool) -> None:
        self._json = json

    def __enter__(self) -> Self:
        # As bytes, or some systems would end the lines of CSV in two carriage returns.
        self._stream = TextIOWrapper(typer.get_binary_stream("stdout"), encoding="utf-8", newline="")
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.detach()  # or standard output would be closed with it

    def write(self, text: str) -> None:
        """Whole rows."""
        end = "\r\n" if text.endswith("\r\n") else ""
        row = text.removesuffix(end)
        self._stream.write((row.translate(_ESCAPED) if self._json else printable(row)) + end)

    def flush(self) -> None:
        """To whoever reads."""
        self._stream.flush()


def receipt(each: Receipt, *, quiet: bool, verbose: bool) -> None:
    """What was done, counted and, where it matters, named."""
    out = console()
    names = ("added", "replaced", "renamed", "unchanged", "removed", "failed")
    counts = {name: len(getattr(each, name)) for name in names}
    shown = [f"{number} {name}" for name, number in counts.items() if number] or ["nothing to do"]
    took = f" in {each.seconds:.1f} s" if each.seconds else ""  # a dry run has none
    out.print(Text(", ".join(shown) + (f"; {each.passages} passages{took}" if each.passages else "")))
    if quiet:
        return
    for name in ("added", "replaced", "removed") if verbose else ("removed",):
        for source in getattr(each, name):
            out.print(_text(f"  {name}: {source}"))
    for one in each.renamed if verbose else ():
        out.print(_text(f"  renamed: {one.before} -> {one.source}"))
    for note in _some(out, each.notes, verbose=verbose):
        out.print(_text(f"  note: {Path(note.source).name}: {note.text}", style="dim"))
    for failure in each.failed:
        out.print(_text(f"  failed: {failure.source}", style="red"))
        out.print(_text(f"    {failure.reason} {failure.hint}"))


def queue(each: Queue, *, verbose: bool) -> None:
    """What waits, and what failed, counted and named."""
    out = console()
    out.print(Text(f"{len(each.waiting):,} waiting, {len(each.failed):,} failed"))
    for path in _some(out, each.waiting, verbose=verbose):
        out.print(_text(f"  waiting: {path}"))
    for failure in _some(out, each.failed, verbose=verbose):
        out.print(_text(f"  failed: {failure.source}", style="red"))
        out.print(_text(f"    {failure.reason} {failure.hint}"))


def document(full: Document, span: Span | None, location: Location | None, *, claimed: bool) -> None:
    """A document's text as it is; with a span, its words, and where they stand. A note where an import claims it."""
    if claimed:
        typer.secho(f"note: {CLAIMED}", dim=True, err=True)
    if location is not None and location.label:
        typer.secho(printable(location.label), dim=True, err=True)
    typer.echo(printable(span.of(full.text) if span else full.text))


def verification(each: Verification) -> None:
    """What was proved, and what was not."""
    out = console()
    out.print(
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
            out.print(_text(f"  {name}: {source}", style="dim"))
    for source, pages in _pages(each.unconfirmed).items():
        out.print(_text(f"  look at the order of words: {source}, page {', '.join(pages)}", style="yellow"))
    problems(each.mismatches)


def _pages(unconfirmed: Sequence[Unconfirmed]) -> dict[str, list[str]]:
    """The pages of each source on which passages are unconfirmed, each once."""
    pages: dict[str, dict[str, None]] = {}
    for each in unconfirmed:
        pages.setdefault(each.source, {})[each.page] = None
    return {source: list(labels) for source, labels in pages.items()}


def findings(found_in_pack: Sequence[PackFinding]) -> None:
    """What of an evidence pack does not hold."""
    out = console()
    if not found_in_pack:
        out.print("Every quote of the pack is in this library's documents.")
    for each in found_in_pack:
        out.print(_text(f"  {each.fault}: {each.document}", style="red"))
        out.print(_text(f"    {each.quote}"))
        out.print(_text(f"    {each.what}"))


def problems(found_problems: Sequence[Problem]) -> None:
    """What is wrong, and the remedy."""
    out = console()
    for problem in found_problems:
        out.print(_text(f"  {problem.what}", style="red"))
        out.print(_text(f"    {problem.remedy}"))


def settings(applied: Sequence[Setting], *, verbose: bool) -> None:
    """What is set and where; with `verbose` also the defaults."""
    out = console()
    shown = [each for each in applied if verbose or each.origin != "default"]
    defaults = len(applied) - len(shown)
    out.print("Settings" + (f" ({defaults} more are defaults; --verbose lists them)" if defaults else ""))
    grid = Table.grid(padding=(0, 2))
    for each in shown:
        value = Text(printable(each.value), overflow="fold")
        grid.add_row(Text(f"  {each.name}"), value, Text(printable(each.origin), style="dim", overflow="fold"))
    if shown:
        out.print(grid)


def table(rows: Mapping[str, Any]) -> None:
    """Names and values."""
    out = console()
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{k}: {v}" for k, v in value.items())
        else:
            shown = " ".join(value) if isinstance(value, list | tuple) else str(value)
        grid.add_row(Text(name.replace("_", " "), style="dim"), Text(printable(shown), overflow="fold"))
    out.print(grid)


def parse_span(text: str) -> Span:
    """`START:END` as a span. Raises a usage error for anything else."""
    start, colon, end = text.partition(":")
    if not colon or not start.strip().isdecimal() or not end.strip().isdecimal():
        raise typer.BadParameter(f"{text!r} is not START:END.", param_hint="--span")
    return Span(int(start), int(end))


def printable(text: str) -> str:
    """Without the characters that steer a terminal or reverse the direction of what follows."""
    return text.translate(_HARMLESS)


def _some(out: Console, values: Sequence[Any], *, verbose: bool) -> Iterator[Any]:
    yield from values if verbose else values[:_LISTED]
    if len(values) > _LISTED and not verbose:
        out.print(Text(f"  … and {len(values) - _LISTED} more; --verbose names them", style="dim"))


def _text(words: str, style: str = "") -> Text:
    return Text(printable(words), style=style)


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
