"""The public names of the package, and the cost of importing it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import index

HEAVY = {
    "torch", "faiss", "tantivy", "tiktoken", "sqlite3", "gradio", "sentence_transformers", "transformers", "pydantic",
    "numpy",
}  # fmt: skip


def test_public_names_are_sorted_and_exist() -> None:
    """Each name in `__all__` exists, the list is sorted, and `dir` shows the same."""
    assert index.__all__ == sorted(index.__all__)
    assert all(getattr(index, name) is not None for name in index.__all__)
    assert dir(index) == sorted(index.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """The message is Python's own."""
    with pytest.raises(AttributeError, match="module 'index' has no attribute 'nonsense'"):
        _ = index.nonsense


FACES = "index.records, index.errors, index.cli.app, index.loading.loader, index.page, index.server.http"
LATE = HEAVY | {"fastapi", "starlette", "uvicorn", "mcp", "index.wire"}


@pytest.mark.parametrize(
    ("modules", "late"), [(FACES, LATE), ("index.answers.writer.model_writer", {"openai", "httpx2"})]
)
def test_import_loads_no_heavy_package(modules: str, late: set[str]) -> None:
    """A fresh interpreter that imports the modules has loaded no model, index, database, web framework or client."""
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert late.isdisjoint(loaded)


def test_help_loads_no_heavy_package() -> None:
    """The command line answers `--help` without loading a model, an index, a database or a page."""
    code = "import sys; sys.argv = ['pincite', 'search', '--help']\nfrom index.cli.app import main\ntry: main()\n"
    code += "except SystemExit: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (HEAVY - {"pydantic"}).isdisjoint(done.stderr.split())  # typer itself reads types through pydantic
    assert "Example: pincite search" in done.stdout
