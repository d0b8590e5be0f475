"""Stems: the same for whoever asks, however many ask at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from index.text.words import stem

SYLLABLES = ("re", "con", "mis", "form", "nation", "hope", "act", "run")
ENDINGS = ("", "s", "ed", "ing", "ation", "fulness", "ively", "ized")


def test_a_word_loses_its_ending() -> None:
    """Inflection and derivation, in English."""
    assert [stem(word) for word in ("running", "nations", "hopefulness")] == ["run", "nation", "hope"]


def test_threads_do_not_disturb_each_other() -> None:
    """The library's stemmer holds the word that it is at: asked by several threads at once, it mixed them up."""
    words = ["".join(parts) + end for parts in product(SYLLABLES, repeat=3) for end in ENDINGS]
    interval = sys.getswitchinterval()
    stem.cache_clear()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(stem, words))
    finally:
        sys.setswitchinterval(interval)
    stem.cache_clear()
    assert found == [stem(word) for word in words]
