"""Stems are the same for every caller, also with concurrent callers."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from index.text.words import stem

SYLLABLES = ("re", "con", "mis", "form", "nation", "hope", "act", "run")
ENDINGS = ("", "s", "ed", "ing", "ation", "fulness", "ively", "ized")


def test_stem_has_no_ending() -> None:
    """Inflected and derived English words lose their endings."""
    assert [stem(word) for word in ("running", "nations", "hopefulness")] == ["run", "nation", "hope"]


def test_stems_are_the_same_with_concurrent_callers() -> None:
    """The library's stemmer keeps the current word as state, which concurrent calls once mixed up."""
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
