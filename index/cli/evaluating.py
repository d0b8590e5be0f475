"""`pincite eval`: how good the search is, on a public set or on a reader's own questions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from index.cli.state import State
    from index.evaluate.results import Evaluation
    from index.records import Mode

EXAMPLE = "Example: pincite eval scifact/ --mode hybrid --mode dense   or: pincite eval questions.jsonl --json"


class Side(StrEnum):
    """The modes of search, in the form that typer offers as choices."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


def evaluate(
    context: typer.Context,
    target: Annotated[
        Path | None,
        typer.Argument(help="A folder in BEIR's format, or a file of questions on your library.", show_default=False),
    ] = None,
    modes: Annotated[
        list[Side] | None,
        typer.Option("--mode", help="How to search; repeatable, for a table side by side. [default: hybrid]"),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.", show_default=False)] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the set's library in this folder, and use it again.", show_default=False)
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Write the rankings to this file as a TREC run.", show_default=False)
    ] = None,
    compared: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", help="Compare two results that --json wrote.", show_default=False),
    ] = None,
) -> None:
    """Measure how good the search is.

    A FOLDER has corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv), and may have qa.jsonl and
    rationales.jsonl; it is indexed into a library of its own. A FILE has one {question, document, quote} a line, and
    is asked of your library. Each figure has its 95 % bootstrap interval over the questions. --json prints the values
    of every question as well.
    """
    from dataclasses import asdict

    from index.cli import printing, tables

    if compared is not None:
        from index.evaluate import compare

        comparison = compare(*compared)
        if context.obj.json:
            printing.as_json(asdict(comparison))
        else:
            tables.comparison(comparison)
        return
    if target is None:
        raise typer.BadParameter(
            "name a folder, or a file of questions, or --compare two results.", param_hint="TARGET"
        )
    chosen: list[Mode] = [mode.value for mode in modes or [Side.hybrid]]
    evaluation = _evaluated(context.obj, target, chosen, limit, keep, run)
    if context.obj.json:
        printing.as_json(asdict(evaluation))
    else:
        tables.evaluation(evaluation, verbose=context.obj.verbose)


def _evaluated(
    state: State,
    target: Path,
    modes: list[Mode],
    limit: int | None,
    keep: Path | None,
    run: Path | None,
) -> Evaluation:
    from index.cli import progress
    from index.evaluate import evaluate_folder, evaluate_questions

    with progress.questions(shown=not state.quiet) as (indexed, asked):
        if target.is_file():
            if keep is not None or run is not None:
                what = "these are for a folder; a file of questions is asked of your library."
                raise typer.BadParameter(what, param_hint="--keep, --run")
            with state.open() as library:
                return evaluate_questions(target, library, modes=modes, limit=limit, asked=asked)
        return evaluate_folder(
            target, state.settings(), modes=modes, limit=limit, keep=keep, run=run, progress=indexed, asked=asked
        )
