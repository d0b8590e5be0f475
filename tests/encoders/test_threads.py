"""Work on one core each, in threads of our own; whatever a caller has set stays as it was."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import faiss
import pytest
import torch

from index.encoders.encoder import Draft, SentenceTransformerEncoder
from index.encoders.passes import LightPass
from index.encoders.pretrained import one_core_threads
from index.library.library import Library
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.model

TEXT = "The king signed the treaty in the harbour. Whales breathe air. The ship left at dawn."
QUESTION = "Who signed the treaty?"
OWN = 3
"""What the caller of these tests has set for torch and FAISS, which may share it: nothing here would choose it."""
Numbers = tuple[int, int]


def numbers() -> Numbers:
    """What the calling thread would compute with."""
    return torch.get_num_threads(), faiss.omp_get_max_threads()


def in_a_new_thread() -> Numbers:
    """What a thread of the caller's would compute with that begins now."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(numbers).result()


@pytest.fixture
def new_thread() -> Iterator[Numbers]:
    """A caller who has set numbers of his own; what a thread of his begins with."""
    before = numbers()
    torch.set_num_threads(OWN)
    faiss.omp_set_num_threads(OWN)
    yield in_a_new_thread()
    torch.set_num_threads(before[0])
    faiss.omp_set_num_threads(before[1])


@pytest.fixture
def asked(tmp_path: Path, new_thread: Numbers) -> Iterator[Library]:
    """A library that the caller asks questions of, with an encoder that it loads itself."""
    (tmp_path / "kings.txt").write_text(TEXT)
    with Library.open(tmp_path / "library", Settings(device="cpu")) as library:
        library.add([tmp_path / "kings.txt"])
        yield library


def test_one_of_our_threads_computes_on_one_core(new_thread: Numbers) -> None:
    """Whatever the caller has set, now or later; and the caller's own threads are not limited by it."""
    with one_core_threads(2, "test") as pool:
        barrier = threading.Barrier(2)

        def look() -> Numbers:
            barrier.wait(60)
            return numbers()

        for _ in range(2):
            assert {each.result()[0] for each in [pool.submit(look), pool.submit(look)]} == {1}
            assert numbers() == (OWN, OWN)
            assert in_a_new_thread() == new_thread


def test_a_question_leaves_the_callers_numbers_alone(asked: Library, new_thread: Numbers) -> None:
    """Neither adding nor asking, alone or several at a time, changes a number of the caller's or its environment."""
    environment = dict(os.environ)
    assert numbers() == (OWN, OWN)
    assert asked.search(QUESTION).hits
    assert numbers() == (OWN, OWN)

    def ask(_: int) -> Numbers:
        torch.set_num_threads(OWN)
        faiss.omp_set_num_threads(OWN)
        assert asked.ask(QUESTION).hits
        return numbers()

    with ThreadPoolExecutor(4) as callers:
        assert set(callers.map(ask, range(12))) == {(OWN, OWN)}
    assert numbers() == (OWN, OWN)
    assert in_a_new_thread() == new_thread
    assert dict(os.environ) == environment


def test_not_even_while_it_is_encoded(asked: Library, new_thread: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another thread of the caller's computes meanwhile, it computes with what the caller has set."""
    seen: list[Any] = []
    forward = LightPass.__call__

    def watched(self: LightPass, batch: Any) -> Any:
        seen.append((torch.get_num_threads(), in_a_new_thread()))
        return forward(self, batch)

    monkeypatch.setattr(LightPass, "__call__", watched)
    asked.search(QUESTION)
    assert seen == [(1, new_thread)]


def test_nor_where_a_question_fails(asked: Library, new_thread: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors on their way out of the encoder, or of the dense index, leave no number behind."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    for target in ("index.encoders.passes.LightPass.__call__", "index.storage.dense.index_state.IndexState._found"):
        with monkeypatch.context() as patch:
            patch.setattr(target, broken)
            with pytest.raises(RuntimeError, match="out of memory"):
                asked.search(QUESTION)
        assert numbers() == (OWN, OWN)
        assert in_a_new_thread() == new_thread


def test_batches_at_the_same_time_come_back_in_order(monkeypatch: pytest.MonkeyPatch, new_thread: Numbers) -> None:
    """Each on a core of its own, as many as the caller allows."""
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    drafts = [Draft(f"{text} {n}") for n in range(4) for text in TEXT.split(". ")]
    alone = [encoder.encode([draft])[0] for draft in drafts]
    monkeypatch.setattr("index.encoders.passes.BATCH_TOKENS", 64)
    together = encoder.encode(drafts)
    assert encoder._document_pool._max_workers == OWN
    cosines = [float(a.vector @ b.vector) for a, b in zip(alone, together, strict=True)]
    assert cosines == pytest.approx([1.0] * len(drafts), abs=1e-5)
