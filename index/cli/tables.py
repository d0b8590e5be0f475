"""Figures on a terminal: evaluations and their comparisons."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from index.cli.printing import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import TaskID

    from index.evaluate.results import Comparison, Estimate, Evaluation, Outcome
    from index.evaluate.running import AskedCallback
    from index.records import Progress as Moment
    from index.records import ProgressCallback


_NAME = 18
"""Columns that the name of a measure gets at least."""
_MANY = 3
"""From how many modes on an interval stands below its mean, so that all fit into 80 columns."""


def evaluation(each: Evaluation, *, verbose: bool) -> None:
    """One row a measure, one column a mode; with `verbose`, what each measure means."""
    console = Console(highlight=False)
    console.print(Text(printable(_headline(each))))
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
    console.print(table)
    for outcome in each.outcomes:
        if outcome.citations:
            told = f"{outcome.mode}: {outcome.citations} quotations, {outcome.citations_wrong} of them not there."
            console.print(Text(told))
    for line in _machine(each):
        console.print(Text(line))
    for note in each.notes:
        console.print(Text(printable(f"note: {note}"), style="dim"))
    for name in measures if verbose else ():
        console.print(Text(f"{name}: {each.meanings[name]}.", style="dim"))


def comparison(each: Comparison) -> None:
    """One row a measure: both means, their difference, and how often chance alone makes one as large."""
    console = Console(highlight=False)
    modes = {(row.first_mode, row.second_mode) for row in each.differences}
    told = [f" ({mode})" for mode in next(iter(modes))] if len(modes) == 1 else ["", ""]
    console.print(Text(printable(f"A: {each.first}{told[0]}\nB: {each.second}{told[1]}")))
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
    console.print(table)
    console.print("p: paired randomisation test, two-sided; Holm: corrected for all rows of this table.", style="dim")
    for note in each.notes:
        console.print(Text(printable(f"note: {note}"), style="dim"))


@contextmanager
def evaluating(*, shown: bool) -> Iterator[tuple[ProgressCallback | None, AskedCallback | None]]:
    """Bars on standard error while documents are indexed and questions asked; nothing where that is no terminal."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None, None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: float, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        def indexed(moment: Moment) -> None:
            show("indexing", moment.files_done, moment.files)

        def asked(mode: str, done: int, total: int) -> None:
            show(f"asking, {mode}", done, total)

        yield indexed, asked


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
