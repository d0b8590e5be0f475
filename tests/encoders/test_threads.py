"""Encoding runs on one core per thread of our own; the caller's thread settings stay unchanged."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import faiss
import pytest
import torch

from index.encoders.encoder import Draft, LightPass, SentenceTransformerEncoder
from index.encoders.pretrained import one_core_threads
from index.library.library import Library
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.model

TEXT = "The king signed the treaty in the harbour. Whales breathe air. The ship left at dawn."
QUESTION = "Who signed the treaty?"
CALLER_THREADS = 3
"""The thread count that the caller sets for torch and FAISS, which may share it; our own code never chooses it."""
ThreadCounts = tuple[int, int]


def thread_counts() -> ThreadCounts:
    """Return the thread counts of torch and FAISS in the calling thread."""
    return torch.get_num_threads(), faiss.omp_get_max_threads()


def counts_in_a_new_thread() -> ThreadCounts:
    """Return the thread counts in a new thread of the caller."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(thread_counts).result()


@contextmanager
def caller_threads() -> Iterator[None]:
    """Set the caller's own thread counts for a while."""
    before = thread_counts()
    torch.set_num_threads(CALLER_THREADS)
    faiss.omp_set_num_threads(CALLER_THREADS)
    yield
    torch.set_num_threads(before[0])
    faiss.omp_set_num_threads(before[1])


@pytest.fixture
def new_thread_counts() -> Iterator[ThreadCounts]:
    """Set the caller's own thread counts, and return those of a new thread."""
    with caller_threads():
        yield counts_in_a_new_thread()


@pytest.fixture(scope="module")
def kings_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Open a library with one document, which loads the encoder itself; the caller's thread counts stay."""
    folder = tmp_path_factory.mktemp("kings")
    (folder / "kings.txt").write_text(TEXT)
    with Library.open(folder / "library", Settings(device="cpu")) as library:
        with caller_threads():
            new_thread = counts_in_a_new_thread()
            library.add([folder / "kings.txt"])
            assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)
            assert counts_in_a_new_thread() == new_thread
        yield library


def test_pool_threads_compute_on_one_core(new_thread_counts: ThreadCounts) -> None:
    """The caller's settings, earlier or later, do not change that; the caller's own threads are not limited."""
    with one_core_threads(2, "test") as pool:
        barrier = threading.Barrier(2)

        def count_threads() -> ThreadCounts:
            barrier.wait(60)
            return thread_counts()

        for _ in range(2):
            assert {future.result()[0] for future in [pool.submit(count_threads), pool.submit(count_threads)]} == {1}
            assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)
            assert counts_in_a_new_thread() == new_thread_counts


def test_question_keeps_the_callers_thread_counts(kings_library: Library, new_thread_counts: ThreadCounts) -> None:
    """Adding and asking, alone or concurrently, change neither thread counts nor the environment."""
    environment = dict(os.environ)
    assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)
    assert kings_library.search(QUESTION).hits
    assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)

    def ask(_: int) -> ThreadCounts:
        torch.set_num_threads(CALLER_THREADS)
        faiss.omp_set_num_threads(CALLER_THREADS)
        assert kings_library.ask(QUESTION).hits
        return thread_counts()

    with ThreadPoolExecutor(4) as callers:
        assert set(callers.map(ask, range(12))) == {(CALLER_THREADS, CALLER_THREADS)}
    assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)
    assert counts_in_a_new_thread() == new_thread_counts
    assert dict(os.environ) == environment


def test_callers_threads_keep_their_counts_during_encoding(
    kings_library: Library, new_thread_counts: ThreadCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread of the caller computes with the caller's settings meanwhile."""
    counts: list[Any] = []
    forward = LightPass.__call__

    def watched_forward(self: LightPass, batch: Any) -> Any:
        counts.append((torch.get_num_threads(), counts_in_a_new_thread()))
        return forward(self, batch)

    monkeypatch.setattr(LightPass, "__call__", watched_forward)
    kings_library.search(QUESTION)
    assert counts == [(1, new_thread_counts)]


def test_failed_question_keeps_the_callers_thread_counts(
    kings_library: Library, new_thread_counts: ThreadCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors of the encoder or of the dense index leave no changed setting behind."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    for target in ("index.encoders.encoder.LightPass.__call__", "index.storage.dense.dense_index.IndexState._found"):
        with monkeypatch.context() as patch:
            patch.setattr(target, broken)
            with pytest.raises(RuntimeError, match="out of memory"):
                kings_library.search(QUESTION)
        assert thread_counts() == (CALLER_THREADS, CALLER_THREADS)
        assert counts_in_a_new_thread() == new_thread_counts


def test_concurrent_batches_keep_their_order(monkeypatch: pytest.MonkeyPatch, new_thread_counts: ThreadCounts) -> None:
    """Each batch runs on a core of its own, with as many workers as the caller allows."""
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    drafts = [Draft(f"{text} {number}") for number in range(4) for text in TEXT.split(". ")]
    alone = [encoder.encode([draft])[0] for draft in drafts]
    monkeypatch.setattr("index.encoders.encoder.BATCH_TOKENS", 64)
    together = encoder.encode(drafts)
    assert encoder._document_pool._max_workers == CALLER_THREADS
    cosines = [float(one.vector @ other.vector) for one, other in zip(alone, together, strict=True)]
    assert cosines == pytest.approx([1.0] * len(drafts), abs=1e-5)
