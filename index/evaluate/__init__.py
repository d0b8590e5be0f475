"""How good the search is, measured: on public sets in BEIR's format, and on a reader's own questions.

`sets` and `questions` read what was given, `running` asks it, `ranking` and `evidence` score what was found,
`resampling` says how sure the figures are, `comparing` puts two results side by side.
"""

from index.errors import EvaluationError

try:
    from index.evaluate.comparing import compare
    from index.evaluate.running import evaluate_folder, evaluate_questions
except ModuleNotFoundError as error:
    if str(error.name).partition(".")[0] not in ("ir_measures", "scipy"):
        raise
    what = f"Evaluating needs a package that is not installed: {error.name}."
    raise EvaluationError(what, "Install what it needs: pip install 'pincite[eval]'") from error

__all__ = ["compare", "evaluate_folder", "evaluate_questions"]
