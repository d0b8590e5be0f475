"""One contender, run as a program: `contending.py NAME MODEL TEXTS FILES [PRECISION]`.

It loads its model once, says which versions it has, and then, for each line it is sent, indexes all texts anew and
says how long that took. A line may name a batch size. Each peer is used as its documentation shows, with its defaults.
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
    """Sentence-transformers alone: vectors, and nothing kept."""
    import torch
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu", model_kwargs={"dtype": getattr(torch, precision)})

    def index(texts: Texts, batch_size: str = "8") -> object:
        return encoder.encode(texts, batch_size=int(batch_size), normalize_embeddings=True, show_progress_bar=False)

    return index


def pincite(_: str, files: str, precision: str = "auto") -> Callable[[Texts], object]:
    """`Library.add` of the files, into a new library; the first time, which warms up, of one of them."""
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
    """Looks, while others work, how much memory the processes have that this one started."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        """MB, all of them together."""

    def run(self) -> None:
        """Until the program ends."""
        while True:
            pids = {pid for path in Path("/proc/self/task").glob("*/children") for pid in _read(path).split()}
            self.most = max(self.most, sum(map(_megabytes, pids)))
            time.sleep(0.05)


def _spent() -> float:
    """Seconds of processor time, of this process and of those that it has seen end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak() -> float:
    """The most memory of this program, in MB; getrusage would count what its parent had when it was forked."""
    (line,) = (line for line in _read(Path("/proc/self/status")).splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _megabytes(pid: str) -> float:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * resource.getpagesize() / 2**20 if fields else 0.0


def _read(file: Path) -> str:
    """Nothing of a process or a thread that has ended meanwhile."""
    try:
        return file.read_text()
    except OSError:
        return ""


def _send(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
