"""`pincite eval`, which measures the quality of searches."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.options import Command
from index.plugins.evaluation import demand_packages

if TYPE_CHECKING:
    from index.cli.options import State
    from index.plugins.evaluation.measures import Evaluation
    from index.records import Mode

EVAL_EXAMPLE = "Example: pincite eval scifact/ --mode hybrid --mode dense   or: pincite eval questions.jsonl --json"

commands = typer.Typer(rich_markup_mode=None)
"""The command of this plug-in, which `index.cli.app` adds by its entry point."""


class ModeChoice(StrEnum):
    """The modes of search, as choices for typer."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


@commands.command(name="eval", cls=Command, epilog=EVAL_EXAMPLE)
def evaluate(
    context: typer.Context,
    target: Annotated[
        Path | None,
        typer.Argument(help="A folder in BEIR format, or a file of questions about your library.", show_default=False),
    ] = None,
    modes: Annotated[
        list[ModeChoice] | None,
        typer.Option("--mode", help="Search mode; repeat the option to compare modes. [default: hybrid]"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Use only the first N questions.", show_default=False)
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the library of the data set in this folder and reuse it.", show_default=False),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Write the rankings to this file as a TREC run.", show_default=False)
    ] = None,
    compared: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", help="Compare two result files written with --json.", show_default=False),
    ] = None,
) -> None:
    """Measure search quality.

    A folder holds corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv), and optionally qa.jsonl and
    rationales.jsonl; Pincite indexes it into a separate library. A file holds one {question, document, quote} per
    line; its questions are asked of your library. Each figure has a 95 % bootstrap interval over the questions.
    --json also prints the values of every question.
    """
    from index.cli.printing import print_json
    from index.plugins.evaluation.outcome_tables import print_comparison, print_evaluation

    demand_packages()
    if compared is not None:
        from index.plugins.evaluation.measures import compare

        comparison = compare(*compared)
        if context.obj.json:
            print_json(asdict(comparison))
        else:
            print_comparison(comparison)
        return
    if target is None:
        raise typer.BadParameter(
            "name a folder or a file of questions, or compare two results with --compare.", param_hint="TARGET"
        )
    chosen: list[Mode] = [mode.value for mode in modes or [ModeChoice.hybrid]]
    evaluation = _run_evaluation(context.obj, target, chosen, limit, keep, run)
    if context.obj.json:
        print_json(asdict(evaluation))
    else:
        print_evaluation(evaluation, verbose=context.obj.verbose)


def _run_evaluation(
    state: State,
    target: Path,
    modes: list[Mode],
    limit: int | None,
    keep: Path | None,
    run: Path | None,
) -> Evaluation:
    from index.cli.progress import question_progress
    from index.plugins.evaluation.runs import evaluate_folder, evaluate_questions

    with question_progress(shown=not state.quiet) as (indexed, asked):
        if target.is_file():
            if keep is not None or run is not None:
                message = "these options need a folder; a file of questions is asked of your library."
                raise typer.BadParameter(message, param_hint="--keep, --run")
            with state.open() as library:
                return evaluate_questions(target, library, modes=modes, limit=limit, asked=asked)
        return evaluate_folder(
            target, state.settings(), modes=modes, limit=limit, keep=keep, run=run, progress=indexed, asked=asked
        )
