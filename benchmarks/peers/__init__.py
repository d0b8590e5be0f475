"""Other libraries for semantic search, in an environment of their own, to set beside Pincite in `benchmarks.ingest`."""

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
    """A program that keeps its model loaded and indexes the same texts each time it is told to."""

    def __init__(self, name: str, python: str, arguments: Sequence[str]) -> None:
        program = str(Path(__file__).with_name("contending.py"))
        root = Path(__file__).parents[2]
        self.name = name
        self._process = subprocess.Popen(
            [python, program, *arguments], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions = self._read_reply()["versions"]

    def round(self, arguments: str = "") -> dict[str, float]:
        """Seconds of one indexing, and the most memory this program has had, in MB."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{arguments}\n")
        self._process.stdin.flush()
        return self._read_reply()

    def stop(self) -> None:
        """End the program, which ends when there is nothing more to read."""
        self._process.communicate()

    def _read_reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # some of them greet, too
                return dict(json.loads(line))
        raise SystemExit(f"{self.name} ended with {self._process.wait()}.")


def environment(folder: Path) -> str:
    """The Python of the peers' environment, which is made where it is not there yet: some minutes, and 2 GB."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True, stdout=sys.stderr)
    return str(python)
