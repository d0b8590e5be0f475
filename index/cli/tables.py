"""Tables: documents, evaluations, comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from index.cli.printing import console, printable
from index.records import CLAIMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from index.evaluate.results import Comparison, Estimate, Evaluation, Outcome
    from index.records import DocumentInfo, Recall

_NAME = 18
"""Columns that the name of a measure gets at least."""
_MANY = 3
"""From how many modes on an interval stands below its mean, so that all fit into 80 columns."""


_WIDE = 140
"""From how many columns on a document's source has a column of its own."""
_ID = 12
"""Characters of a document's id that are shown; they name it as well as the whole id."""
_CLAIMED = "(claimed)"
_NARROW = ("Id", "Title and source", "Date", "Pages", "Passages")
_FULL = ("Id", "Title", "Author", "Date", "Pages", "Passages", "Source")
_NUMBERS = ("Pages", "Passages")


def documents(infos: Sequence[DocumentInfo]) -> None:
    """One row a document; on a narrow terminal its source is below its title."""
    out = console()
    if not infos:
        out.print("The library is empty. Add files to it: pincite add PATH")
        return
    out.print(_full(infos) if out.width >= _WIDE else _narrow(infos, out))
    if any(info.claimed for info in infos):
        out.print(f"{_CLAIMED} {CLAIMED}", style="dim")


def _full(infos: Sequence[DocumentInfo]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in _FULL:
        table.add_column(name, overflow="fold", justify="right" if name in _NUMBERS else "left")
    for info in infos:
        cells = (info.author, info.date, *_sizes(info), info.source)
        table.add_row(info.id[:_ID], _named(info), *(Text(printable(cell)) for cell in cells))
    return table


def _narrow(infos: Sequence[DocumentInfo], out: Console) -> Table:
    dates = max(len("Date"), *(cell_len(printable(info.date)) for info in infos))
    # Two spaces stand between columns; the title gets what the others leave.
    title = max(out.width - _ID - dates - sum(map(len, _NUMBERS)) - 2 * (len(_NARROW) - 1), 10)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in _NARROW:
        width = title if name == _NARROW[1] else None
        table.add_column(name, no_wrap=True, width=width, justify="right" if name in _NUMBERS else "left")
    for info in infos:
        named = _named(info, title)
        named.append("\n" + _shortened(printable(info.source), title), style="dim")
        table.add_row(info.id[:_ID], named, printable(info.date), *_sizes(info))
    return table


def _named(info: DocumentInfo, width: int | None = None) -> Text:
    """A document's name, cut to a width, behind a mark where its words are only an import's claim."""
    named = Text.assemble((f"{_CLAIMED} ", "yellow") if info.claimed else "", printable(info.name))
    if width is not None:
        named.truncate(width, overflow="ellipsis")
    return named


def _sizes(info: DocumentInfo) -> tuple[str, str]:
    return str(info.pages or ""), str(info.passages)


def _shortened(source: str, width: int) -> str:
    """The end of a path, where the file's name is."""
    if cell_len(source) <= width:
        return source
    end = source[-width + 1 :]
    while cell_len(end) >= width:
        end = end[1:]
    return f"…{end}"


def recall(each: Recall) -> None:
    """How much of what is nearest a search finds, in a sentence."""
    out = console()
    if each.exact:
        out.print(f"Searches are exact: each compares the question with all {each.passages:,} passages.")
        return
    out.print(
        f"A search finds {each.recall:.1%} of the {each.nearest} passages nearest in meaning "
        f"(95 % interval {each.low:.1%} to {each.high:.1%}), measured with {each.questions:,} questions made of the "
        f"library's own sentences: it looks through {each.probed:,} of {each.lists:,} lists of the "
        f"{each.passages:,} passages."
    )


def evaluation(each: Evaluation, *, verbose: bool) -> None:
    """One row a measure, one column a mode; with `verbose`, what each measure means."""
    out = console()
    out.print(Text(printable(_headline(each))))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Measure", min_width=_NAME)
    table.add_column("n", justify="right", no_wrap=True)
    for outcome in each.outcomes:
        table.add_column(outcome.mode, justify="right", no_wrap=True)
    between = " " if len(each.outcomes) < _MANY else "\n"
    measures = list(dict.fromkeys(name for outcome in each.outcomes for name in outcome.estimates))
    for name in measures:
        estimates = [outcome.estimates.get(name) for outcome in each.outcomes]
        table.add_row(name, _counts(estimates), *(_estimate(each, between=between) for each in estimates))
    table.add_section()
    table.add_row("Latency p50 / p95, ms", str(each.questions), *map(_latency, each.outcomes))
    out.print(table)
    for outcome in each.outcomes:
        if outcome.citations:
            told = f"{outcome.mode}: {outcome.citations} quotations, {outcome.citations_wrong} of them not there."
            out.print(Text(told))
    for line in _machine(each):
        out.print(Text(line))
    for note in each.notes:
        out.print(Text(printable(f"note: {note}"), style="dim"))
    for name in measures if verbose else ():
        out.print(Text(f"{name}: {each.meanings[name]}.", style="dim"))


def comparison(each: Comparison) -> None:
    """One row a measure: both means, their difference, and how often chance alone makes one as large."""
    out = console()
    modes = {(row.first_mode, row.second_mode) for row in each.differences}
    told = [f" ({mode})" for mode in next(iter(modes))] if len(modes) == 1 else ["", ""]
    out.print(Text(printable(f"A: {each.first}{told[0]}\nB: {each.second}{told[1]}")))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Measure", min_width=_NAME)
    for name in ("n", "A", "B", "B - A", "p", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in each.differences:
        table.add_row(
            row.measure if len(modes) == 1 else f"{row.measure}, {row.first_mode}",
            str(row.difference.n),
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            _estimate(row.difference, sign="+", between="\n"),
            f"{row.p:.4f}",
            f"{row.p_holm:.4f}",
        )
    out.print(table)
    out.print("p: paired randomisation test, two-sided; Holm: corrected for all rows of this table.", style="dim")
    for note in each.notes:
        out.print(Text(printable(f"note: {note}"), style="dim"))


def _headline(each: Evaluation) -> str:
    skipped = f", {each.unanswerable} without an answer skipped" if each.unanswerable else ""
    return f"{each.name}: {each.documents} documents, {each.passages} passages, {each.questions} questions{skipped}"


def _machine(each: Evaluation) -> Iterator[str]:
    if each.passages_per_second is not None:
        yield f"Indexed {each.passages_per_second:.0f} passages a second."
    if each.peak_megabytes is not None:
        yield f"Peak memory {each.peak_megabytes:.0f} MB."


def _counts(estimates: Sequence[Estimate | None]) -> str:
    """How many questions stand behind a row; a right document that one mode missed makes them differ."""
    numbers = dict.fromkeys(str(each.n) for each in estimates if each)
    return " / ".join(numbers)


def _estimate(each: Estimate | None, *, sign: str = "", between: str = " ") -> str:
    if each is None:
        return ""
    if each.low is None or each.high is None:
        return f"{each.mean:{sign}.3f}"
    return f"{each.mean:{sign}.3f}{between}[{_short(each.low, sign)}, {_short(each.high, sign)}]"


def _short(value: float, sign: str) -> str:
    """Three decimals without the nought before the point, so that three modes fit into 80 columns."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"


def _latency(outcome: Outcome) -> str:
    return f"{outcome.latency_p50_ms:.1f} / {outcome.latency_p95_ms:.1f}"
