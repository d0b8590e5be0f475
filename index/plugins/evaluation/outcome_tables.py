"""Tables of an evaluation on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from index.cli.printing import console, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.plugins.evaluation.measures import Comparison, Estimate, Evaluation, Outcome

_NAME_COLUMNS = 18
"""Minimum width of a measure's name, in columns."""
_STACKING_MODES = 3
"""With this many modes or more, an interval is printed below its mean, so that all fit into 80 columns."""


def print_evaluation(evaluation: Evaluation, *, verbose: bool) -> None:
    """Print one row per measure and one column per mode; with `verbose`, also the meaning of each measure."""
    out = console()
    out.print(Text(printable(_headline(evaluation))))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Measure", min_width=_NAME_COLUMNS)
    table.add_column("n", justify="right", no_wrap=True)
    for outcome in evaluation.outcomes:
        table.add_column(outcome.mode, justify="right", no_wrap=True)
    between = " " if len(evaluation.outcomes) < _STACKING_MODES else "\n"
    measures = list(dict.fromkeys(name for outcome in evaluation.outcomes for name in outcome.estimates))
    for name in measures:
        estimates = [outcome.estimates.get(name) for outcome in evaluation.outcomes]
        table.add_row(name, _counts(estimates), *(_estimate(estimate, between=between) for estimate in estimates))
    table.add_section()
    table.add_row("Latency p50 / p95, ms", str(evaluation.questions), *map(_latency, evaluation.outcomes))
    out.print(table)
    for outcome in evaluation.outcomes:
        if outcome.citations:
            citation_summary = (
                f"{outcome.mode}: {outcome.citations} quotations, {outcome.citations_wrong} of them not in the text."
            )
            out.print(Text(citation_summary))
    for line in _machine(evaluation):
        out.print(Text(line))
    for note in evaluation.notes:
        out.print(Text(printable(f"note: {note}"), style="dim"))
    for name in measures if verbose else ():
        out.print(Text(f"{name}: {evaluation.meanings[name]}.", style="dim"))


def print_comparison(comparison: Comparison) -> None:
    """Print one row per measure: both means, their difference, and its p-values."""
    out = console()
    modes = {(row.first_mode, row.second_mode) for row in comparison.differences}
    mode_labels = [f" ({mode})" for mode in next(iter(modes))] if len(modes) == 1 else ["", ""]
    out.print(Text(printable(f"A: {comparison.first}{mode_labels[0]}\nB: {comparison.second}{mode_labels[1]}")))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Measure", min_width=_NAME_COLUMNS)
    for name in ("n", "A", "B", "B - A", "p", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in comparison.differences:
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
    for note in comparison.notes:
        out.print(Text(printable(f"note: {note}"), style="dim"))


def _headline(evaluation: Evaluation) -> str:
    skipped = f", {evaluation.unanswerable} without an answer skipped" if evaluation.unanswerable else ""
    sizes = f"{evaluation.documents} documents, {evaluation.passages} passages, {evaluation.questions} questions"
    return f"{evaluation.name}: {sizes}{skipped}"


def _machine(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.passages_per_second is not None:
        yield f"Indexed {evaluation.passages_per_second:.0f} passages per second."
    if evaluation.peak_megabytes is not None:
        yield f"Peak memory {evaluation.peak_megabytes:.0f} MB."


def _counts(estimates: Sequence[Estimate | None]) -> str:
    """Return the number of questions behind a row; it differs by mode if a mode missed a relevant document."""
    numbers = dict.fromkeys(str(estimate.n) for estimate in estimates if estimate)
    return " / ".join(numbers)


def _estimate(estimate: Estimate | None, *, sign: str = "", between: str = " ") -> str:
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.mean:{sign}.3f}"
    return f"{estimate.mean:{sign}.3f}{between}[{_short(estimate.low, sign)}, {_short(estimate.high, sign)}]"


def _short(value: float, sign: str) -> str:
    """Return three decimals without the leading zero, so that three modes fit into 80 columns."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"


def _latency(outcome: Outcome) -> str:
    return f"{outcome.latency_p50_ms:.1f} / {outcome.latency_p95_ms:.1f}"
