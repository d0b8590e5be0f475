"""What a benchmark claims of itself: how its passages come about, what its recall counts, which line is which."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.enlarging import DOCUMENT_PASSAGES, Maker, enlarge
from benchmarks.recombining import Turns, read_sources
from benchmarks.scaling import series
from benchmarks.search import _recall
from index.encoders.encoder import normalised
from index.library.library import Library
from tests.fakes import IDEAS, FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from index.encoders.encoder import Vectors

WORDS = [idea.split()[0] for idea in IDEAS]


@pytest.fixture
def base(tmp_path: Path, encoder: FakeEncoder) -> Path:
    """A library of twenty documents of four short sentences each."""
    rng = random.Random(0)
    for number in range(20):
        text = " ".join(f"The {rng.choice(WORDS)} met the {rng.choice(WORDS)} {n}." for n in range(4))
        (tmp_path / f"{number}.txt").write_text(text)
    with Library.open(tmp_path / "base", encoder=encoder) as library:
        library.add(sorted(tmp_path.glob("*.txt")))
    return tmp_path / "base"


def test_a_made_passage_is_of_real_sentences(base: Path) -> None:
    """Nothing in it was made up but the order, and a question meets the words as somebody wrote them."""
    sources, _ = read_sources([base], FakeEncoder(max_tokens=24))
    rng = random.Random(1)
    for _ in range(200):
        sentences = sources.recombined(rng)
        assert 0 < len(sentences) == len(set(sentences))
        assert sum(sources.tokens[each] for each in sentences) <= sources.limit == 22


def test_made_vectors_are_as_near_to_their_means_as_encoded_ones_were() -> None:
    """Their spread is that of real vectors: means alone would lie closer together, and be found too easily."""
    rng = np.random.default_rng(0)
    means = normalised(rng.standard_normal((50, 16), dtype=np.float32))
    encoded = normalised(means + 0.2 * rng.standard_normal((50, 16), dtype=np.float32))
    turns = Turns.measured(means, encoded)
    others = normalised(rng.standard_normal((500, 16), dtype=np.float32))
    made = turns.applied(others, random.Random(0))
    cosines = (made * others).sum(axis=1)
    assert np.abs(cosines[:, None] - turns.cosines).min(axis=1).max() < 1e-5
    assert abs(cosines.mean() - (means * encoded).sum(axis=1).mean()) < 0.02


def test_a_library_is_the_same_whether_made_at_once_or_bit_by_bit_and_sound(
    base: Path, tmp_path: Path, encoder: FakeEncoder
) -> None:
    """A document depends on its number alone, so a smaller library is the beginning of a larger one."""
    maker = Maker([base], encoder, encoded=DOCUMENT_PASSAGES)
    enlarge(maker, tmp_path / "once", 3 * DOCUMENT_PASSAGES)
    enlarge(maker, tmp_path / "bits", DOCUMENT_PASSAGES, index=False)
    enlarge(maker, tmp_path / "bits", 3 * DOCUMENT_PASSAGES)
    with Library.open(tmp_path / "once") as once, Library.open(tmp_path / "bits") as bits:
        names = [info.id for info in once.documents()]
        assert len(names) == 3
        assert names == [info.id for info in bits.documents()]
        assert once._store.problems() == bits._store.problems() == []


def test_recall_counts_the_true_nearest_and_what_is_as_near_as_the_last(
    base: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is measured against all vectors of the catalog, whatever the dense side says of itself."""
    questions = list(normalised(np.random.default_rng(0).random((5, encoder.dimension), dtype=np.float32)))
    with Library.open(base, encoder=encoder) as library:
        store = library._store
        store.refresh()
        assert _recall(library, questions) == {10: 1.0, 50: 1.0}
        whole = store.dense
        # A side that gives nine of ten, and the farthest in place of the tenth.
        monkeypatch.setattr(store, "dense", lambda vector, k: dict([*whole(vector, 9).items(), last(vector)]))

        def last(vector: Vectors) -> tuple[int, float]:
            return list(whole(vector, 20).items())[-1]

        assert _recall(library, questions)[10] == pytest.approx(0.9)


def test_lines_are_of_one_client_and_of_more_than_one_size() -> None:
    """Other rows of the same tables are no points of it."""
    rows = [
        {"passages": 100, "way to ask": "search", "clients": "one", "p50 ms": 5.0},
        {"passages": 10, "way to ask": "search", "clients": "one", "p50 ms": 4.0},
        {"passages": 10, "way to ask": "search", "clients": "8 at once", "p50 ms": 40.0},
        {"passages": 10, "way to ask": "ask", "clients": "one", "p50 ms": 6.0},
    ]
    assert series(rows) == {"search": [(10.0, 4.0), (100.0, 5.0)]}
