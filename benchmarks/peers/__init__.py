"""Runs other libraries for semantic search in a separate environment, to compare them in `benchmarks.ingest`."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PEERS = ("langchain", "llamaindex", "txtai")
PACKAGES = (
    "langchain-huggingface",
    "langchain-community",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-faiss",
    "txtai",
    "faiss-cpu",
    "sentence-transformers",
)


class Contender:
    """A program that keeps its model loaded and indexes the same texts on each request."""

    def __init__(self, name: str, python: str, arguments: Sequence[str]) -> None:
        program = str(Path(__file__).with_name("contending.py"))
        root = Path(__file__).parents[2]
        self.name = name
        self._process = subprocess.Popen(
            [python, program, *arguments], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions = self._read_reply()["versions"]

    def round(self, arguments: str = "") -> dict[str, float]:
        """Let the program index all texts once; return the seconds and the peak memory in MB."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{arguments}\n")
        self._process.stdin.flush()
        return self._read_reply()

    def stop(self) -> None:
        """Close the program's standard input, which ends the program, and wait for its end."""
        self._process.communicate()

    def _read_reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # some libraries also print other lines
                return dict(json.loads(line))
        raise SystemExit(f"{self.name} ended with exit code {self._process.wait()}.")


def environment(folder: Path) -> str:
    """Return the Python of the peers' environment; making it takes some minutes and 2 GB."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True, stdout=sys.stderr)
    return str(python)
