"""Prints records on a terminal. The words of documents are escaped: they cannot add markup or control codes."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from index.errors import PasswordRequired
from index.records.document import CLAIMED
from index.records.file_kinds import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from index.citations.evidence_pack import PackFinding
    from index.citations.staleness import KeptFinding
    from index.library.diagnosis import Setting
    from index.records import (
        Document,
        Location,
        Problem,
        Queue,
        Receipt,
        Span,
        Unconfirmed,
        Verification,
    )

_CONTROLS = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {0x0A, 0x09}
_SURROGATES = range(0xD800, 0xE000)  # how Python represents the bytes of a file name that is not valid Unicode
_HARMLESS: dict[int, str | None] = {**dict.fromkeys(_CONTROLS), **dict.fromkeys(_SURROGATES, "\ufffd")}
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_CONTROLS, *_SURROGATES) if code >= 0x7F}
_UNWRAPPED = 1_000_000
"""Console width in columns that no line reaches, so that nothing is wrapped."""
_MAX_NAMES = 10
"""Names that a receipt lists without --verbose."""


def console(*, stderr: bool = False) -> Console:
    """Return the console to print to. Piped output is never wrapped or cut, because only a terminal has a width."""
    from rich.console import Console

    terminal = Console(stderr=stderr, highlight=False)
    return terminal if terminal.is_terminal else Console(stderr=stderr, highlight=False, width=_UNWRAPPED)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON to standard output; without `indent`, on one line."""
    typer.echo(json.dumps(value, ensure_ascii=not _stdout_is_unicode(), indent=indent).translate(_ESCAPED))


class TableStream:
    """Writes the rows of a table to standard output, without control characters; JSON keeps them as escapes."""

    def __init__(self, *, json: bool) -> None:
        self._json = json

    def __enter__(self) -> Self:
        # Written as bytes, because Windows would add a second carriage return to each line of CSV.
        self._stream = TextIOWrapper(typer.get_binary_stream("stdout"), encoding="utf-8", newline="")
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.detach()  # otherwise closing it would close standard output

    def write(self, text: str) -> None:
        """Write whole rows."""
        end = "\r\n" if text.endswith("\r\n") else ""
        row = text.removesuffix(end)
        self._stream.write((row.translate(_ESCAPED) if self._json else printable(row)) + end)

    def flush(self) -> None:
        """Flush standard output."""
        self._stream.flush()


def print_receipt(receipt: Receipt, *, quiet: bool, verbose: bool) -> None:
    """Print the counts of a receipt, and the names of removed and failed files; with `verbose`, all names."""
    out = console()
    names = ("added", "replaced", "renamed", "unchanged", "removed", "failed", "opened")
    counts = {name: len(getattr(receipt, name)) for name in names}
    shown = [f"{number} {name}" for name, number in counts.items() if number] or ["nothing to do"]
    took = f" in {receipt.seconds:.1f} s" if receipt.seconds else ""  # a dry run has no duration
    out.print(as_text(", ".join(shown) + (f"; {receipt.passages} passages{took}" if receipt.passages else "")))
    if quiet:
        return
    how = {read.source: f" ({read.words})" for read in receipt.read}
    for name in ("added", "replaced", "removed") if verbose else ("removed",):
        for source in getattr(receipt, name):
            out.print(as_text(f"  {name}: {source}{how.get(source, '')}"))
    for read in (
        () if verbose else _first(out, [read for read in receipt.read if not is_plain(read.reading)], verbose=False)
    ):
        out.print(as_text(f"  read: {Path(read.source).name}: {read.words}", style="dim"))
    for rename in receipt.renamed if verbose else ():
        out.print(as_text(f"  renamed: {rename.before} -> {rename.source}"))
    for note in _first(out, receipt.notes, verbose=verbose):
        out.print(as_text(f"  note: {Path(note.source).name}: {note.text}", style="dim"))
    for failure in receipt.failed:
        out.print(as_text(f"  failed: {failure.source}", style="red"))
        out.print(as_text(f"    {failure.reason} {failure.hint}"))
    if any(failure.hint == PasswordRequired.hint for failure in receipt.failed):
        out.print(as_text("With --password-file FILE, locked files are opened with the passwords in FILE."))


def print_queue(queue: Queue, *, verbose: bool) -> None:
    """Print the waiting and the failed files of the queue."""
    out = console()
    out.print(as_text(f"{len(queue.waiting):,} waiting, {len(queue.failed):,} failed"))
    for path in _first(out, queue.waiting, verbose=verbose):
        out.print(as_text(f"  waiting: {path}"))
    for failure in _first(out, queue.failed, verbose=verbose):
        out.print(as_text(f"  failed: {failure.source}", style="red"))
        out.print(as_text(f"    {failure.reason} {failure.hint}"))


def print_document(full: Document, span: Span | None, location: Location | None, *, claimed: bool) -> None:
    """Print the text of a document, or a span of it with its location; note if the document is only a claim."""
    if claimed:
        typer.secho(f"note: {CLAIMED}", dim=True, err=True)
    if location is not None and location.label:
        typer.secho(printable(location.label), dim=True, err=True)
    typer.echo(printable(span.of(full.text) if span else full.text))


def print_verification(verification: Verification) -> None:
    """Print the result of a verification, with each problem."""
    out = console()
    out.print(
        f"{verification.documents} documents, {verification.passages} passages, {verification.sentences} sentences; "
        f"{verification.sources_checked} sources read again: {len(verification.mismatches)} mismatches."
    )
    lists = (
        ("changed since", verification.sources_changed),
        ("missing", verification.sources_missing),
        ("imported, never read here", verification.sources_claimed),
        ("recognised words not compared (pincite verify --deep)", verification.sources_unread),
        ("locked with a password", verification.sources_locked),
    )
    for name, sources in lists:
        for source in sources:
            out.print(as_text(f"  {name}: {source}", style="dim"))
    for source, pages in _pages(verification.unconfirmed).items():
        out.print(as_text(f"  check the words and their order: {source}, page {', '.join(pages)}", style="yellow"))
    print_problems(verification.mismatches)


def _pages(unconfirmed: Sequence[Unconfirmed]) -> dict[str, list[str]]:
    """Return the pages with unconfirmed passages for each source, without repetitions."""
    pages: dict[str, dict[str, None]] = {}
    for passage in unconfirmed:
        pages.setdefault(passage.source, {})[passage.page] = None
    return {source: list(labels) for source, labels in pages.items()}


def print_findings(found_in_pack: Sequence[PackFinding]) -> None:
    """Print the quotes of an evidence pack that are not in the library."""
    out = console()
    if not found_in_pack:
        out.print("Every quote of the pack is in this library's documents.")
    for finding in found_in_pack:
        out.print(as_text(f"  {finding.fault}: {finding.document}", style="red"))
        out.print(as_text(f"    {finding.quote}"))
        out.print(as_text(f"    {finding.what}"))


def print_kept_findings(found: Sequence[KeptFinding]) -> None:
    """Print the kept quotes that have moved, changed or gone: their words then and now."""
    out = console()
    if not found:
        out.print("Every kept quote stands where it stood.")
    for finding in found:
        out.print(as_text(f"  {finding.fault}: {finding.document}", style="red" if finding.is_mismatch else ""))
        out.print(as_text(f"    then: {finding.quote}"))
        if finding.now:
            out.print(as_text(f"    now:  {finding.now}"))
            out.print(as_text(f"          {finding.place}"))
        out.print(as_text(f"    {finding.what}"))


def print_problems(found_problems: Sequence[Problem]) -> None:
    """Print problems with their remedies."""
    out = console()
    for problem in found_problems:
        out.print(as_text(f"  {problem.what}", style="red"))
        out.print(as_text(f"    {problem.remedy}"))


def print_settings(applied: Sequence[Setting], *, verbose: bool) -> None:
    """Print settings with their origin; with `verbose`, the defaults, too."""
    out = console()
    shown = [setting for setting in applied if verbose or setting.origin != "default"]
    defaults = len(applied) - len(shown)
    out.print("Settings" + (f" ({defaults} more are defaults; --verbose lists them)" if defaults else ""))
    grid = _grid()
    for setting in shown:
        grid.add_row(as_text(f"  {setting.name}"), _folded(setting.value), _folded(setting.origin, style="dim"))
    if shown:
        out.print(grid)


def print_table(rows: Mapping[str, Any]) -> None:
    """Print names and values in two columns."""
    out = console()
    grid = _grid()
    for name, value in rows.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{k}: {v}" for k, v in value.items())
        else:
            shown = " ".join(value) if isinstance(value, list | tuple) else str(value)
        grid.add_row(as_text(name.replace("_", " "), style="dim"), _folded(shown))
    out.print(grid)


def parse_span(text: str) -> Span:
    """Parse `START:END` into a span. Raises a usage error for anything else."""
    start, colon, end = text.partition(":")
    if not colon or not start.strip().isdecimal() or not end.strip().isdecimal():
        raise typer.BadParameter(f"{text!r} is not START:END.", param_hint="--span")
    from index.records import Span

    return Span(int(start), int(end))


def printable(text: str) -> str:
    """Return the text without characters that control a terminal or reverse the reading direction."""
    return text.translate(_HARMLESS)


def _first(out: Console, values: Sequence[Any], *, verbose: bool) -> Iterator[Any]:
    yield from values if verbose else values[:_MAX_NAMES]
    if len(values) > _MAX_NAMES and not verbose:
        out.print(as_text(f"  … and {len(values) - _MAX_NAMES} more; --verbose lists them", style="dim"))


def as_text(words: str, style: str = "") -> Text:
    """Return words for a terminal, without control characters."""
    from rich.text import Text

    return Text(printable(words), style=style)


def _folded(words: str, style: str = "") -> Text:
    """Return a text that is wrapped and never cut."""
    text = as_text(words, style)
    text.overflow = "fold"
    return text


def _grid() -> Table:
    from rich.table import Table

    return Table.grid(padding=(0, 2))


def _stdout_is_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
