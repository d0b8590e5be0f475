"""The public surface, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import index

HEAVY = {
    "torch",
    "faiss",
    "tantivy",
    "tiktoken",
    "sqlite3",
    "gradio",
    "sentence_transformers",
    "transformers",
    "pydantic",
    "numpy",
}


def test_all_is_sorted_and_there() -> None:
    """Each name in `__all__` can be had, the list is sorted, and `dir` shows it and nothing else."""
    assert index.__all__ == sorted(index.__all__)
    assert all(getattr(index, name) is not None for name in index.__all__)
    assert dir(index) == sorted(index.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    """Python's own words, as for any module."""
    with pytest.raises(AttributeError, match="module 'index' has no attribute 'nonsense'"):
        _ = index.nonsense


@pytest.mark.parametrize("module", ["index", "index.records", "index.errors", "index.cli.app", "index.loading.loader"])
def test_importing_is_light(module: str) -> None:
    """A fresh interpreter that imports it has loaded no model, no index, no database and no page."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)


def test_help_is_light() -> None:
    """The command line answers `--help` without loading a model, an index, a database or a page."""
    code = "import sys; sys.argv = ['pincite', 'search', '--help']\nfrom index.cli.app import main\ntry: main()\n"
    code += "except SystemExit: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (HEAVY - {"pydantic"}).isdisjoint(done.stderr.split())  # typer itself reads types through pydantic
    assert "Example: pincite search" in done.stdout
