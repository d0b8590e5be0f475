"""Measures the quality of search on public sets in BEIR's format and on a user's own questions.

`sets` and `questions` read the input, `running` asks the questions, `ranking` and `evidence` score the hits,
`resampling` computes intervals and significance, `comparing` compares two results.
"""

from index.errors import EvaluationError

try:
    from index.evaluate.comparing import compare
    from index.evaluate.running import evaluate_folder, evaluate_questions
except ModuleNotFoundError as error:
    if str(error.name).partition(".")[0] not in ("ir_measures", "scipy"):
        raise
    message = f"Evaluating needs a package that is not installed: {error.name}."
    raise EvaluationError(message, "Install it with: pip install 'pincite[eval]'") from error

__all__ = ["compare", "evaluate_folder", "evaluate_questions"]
