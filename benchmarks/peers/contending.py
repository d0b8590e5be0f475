"""Runs one contender as a program: `contending.py NAME MODEL TEXTS FILES [PRECISION]`.

The program loads its model once and prints the versions of its libraries. For each line of its standard input it
indexes all texts again and prints how long that took. A line may contain a batch size. Each peer is used as its
documentation shows, with its default settings.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import tempfile
import threading
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Texts = list[str]
NAMED = (
    "langchain-huggingface",
    "langchain-community",
    "llama-index-core",
    "txtai",
    "faiss-cpu",
    "sentence-transformers",
    "transformers",
    "torch",
)


def main() -> None:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    name, model, texts_file, files, *rest = sys.argv[1:]
    texts: Texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    index = CONTENDERS[name](model, files, *rest)
    index(texts[:8])
    _send(versions=_versions())
    watch = Watch()
    watch.start()
    for line in sys.stdin:
        began, spent = time.perf_counter(), _spent()
        index(texts, *line.split())
        seconds = time.perf_counter() - began
        _send(
            seconds=seconds,
            spent=_spent() - spent,
            peak=_peak() + watch.most,
        )


def langchain(model: str, _: str) -> Callable[[Texts], object]:
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
    return lambda texts: FAISS.from_texts(texts, embeddings)


def llamaindex(model: str, _: str) -> Callable[[Texts], object]:
    import faiss
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.faiss import FaissVectorStore

    embedding = HuggingFaceEmbedding(model_name=model, device="cpu")

    def index(texts: Texts) -> object:
        store = FaissVectorStore(faiss_index=faiss.IndexFlatL2(384))
        context = StorageContext.from_defaults(vector_store=store)
        documents = [Document(text=text) for text in texts]
        return VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=embedding)

    return index


def txtai(model: str, _: str) -> Callable[[Texts], object]:
    from txtai import Embeddings

    embeddings = Embeddings(path=model, gpu=False)
    return lambda texts: embeddings.index(texts)


def encode(model: str, _: str, precision: str) -> Callable[..., object]:
    """Encode with sentence-transformers alone, without storing the vectors."""
    import torch
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu", model_kwargs={"dtype": getattr(torch, precision)})

    def index(texts: Texts, batch_size: str = "8") -> object:
        return encoder.encode(texts, batch_size=int(batch_size), normalize_embeddings=True, show_progress_bar=False)

    return index


def pincite(_: str, files: str, precision: str = "auto") -> Callable[[Texts], object]:
    """Add the files to a new library; the first call, which warms up, adds as many files as it has texts."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from index import Library, Settings
    from index.encoders.encoder import SentenceTransformerEncoder

    encoder = SentenceTransformerEncoder(precision=precision)
    paths = sorted(Path(files).iterdir())

    def index(texts: Texts) -> object:
        with tempfile.TemporaryDirectory() as folder:
            with Library.open(Path(folder) / "library", Settings(), encoder=encoder) as library:
                receipt = library.add(paths[: len(texts)])
            assert receipt.passages == len(texts), f"{receipt.passages} passages of {len(texts)} texts"
        return receipt

    return index


CONTENDERS: dict[str, Callable[..., Callable[..., object]]] = {
    contender.__name__: contender for contender in (langchain, llamaindex, txtai, encode, pincite)
}


def _versions() -> dict[str, str]:
    found = {}
    for name in NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class Watch(threading.Thread):
    """Samples the memory of the child processes in the background."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        """The highest sum for all child processes, in MB."""

    def run(self) -> None:
        """Sample the memory until the program ends."""
        while True:
            pids = {pid for path in Path("/proc/self/task").glob("*/children") for pid in _read(path).split()}
            self.most = max(self.most, sum(map(_megabytes, pids)))
            time.sleep(0.05)


def _spent() -> float:
    """Return the seconds of processor time of this process and of its ended child processes."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak() -> float:
    """Return the peak memory of this process in MB; getrusage would include its parent's memory at the fork."""
    (line,) = (line for line in _read(Path("/proc/self/status")).splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _megabytes(pid: str) -> float:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * resource.getpagesize() / 2**20 if fields else 0.0


def _read(file: Path) -> str:
    """Return the content of a file; empty if its process or thread has ended meanwhile."""
    try:
        return file.read_text()
    except OSError:
        return ""


def _send(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
