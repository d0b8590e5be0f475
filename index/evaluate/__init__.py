"""How good the search is, measured: on public sets in BEIR's format, and on a reader's own questions.

`sets` and `questions` read what was given, `running` asks it, `ranking` and `evidence` score what was found,
`resampling` says how sure the figures are, `comparing` puts two results side by side.
"""

from index.evaluate.comparing import compare
from index.evaluate.running import evaluate_folder, evaluate_questions

__all__ = ["compare", "evaluate_folder", "evaluate_questions"]
