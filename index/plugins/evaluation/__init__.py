"""Measures the quality of a search on public sets and on a user's own questions. Only this package imports ir-measures
and scipy.
"""

from importlib.util import find_spec

from index.errors import EvaluationError


def demand_packages() -> None:
    """Raise `EvaluationError` if a package is missing that only an evaluation needs."""
    for package in ("ir_measures", "scipy"):
        if find_spec(package) is None:
            raise EvaluationError(
                f"Evaluating needs a package that is not installed: {package}.",
                "Install it with: pip install 'pincite[eval]'",
            )
