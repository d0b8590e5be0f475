"""Anything copied from a real text finds that text, and asking for more hits does not change the first ones.

The texts come from public sets: a few thousand passages of several kinds, a third of them outside the nightly run. The
fake encoder replaces the real one; its vectors know no rare words, so these tests measure that words alone suffice.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.library.library import Library
from index.plugins.evaluation.sets import read_corpus
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Document

SHARED = Path(__file__).parents[2].parent / "shared" / "eval"
SETS = ("cran", "clapnq", "covidqa", "squad_v2", "cisi", "adi", "scifact")
FROM_EACH = length(100, 300)
"""Documents of each set, so that no set outweighs the others."""
SEED = 20
DRAWN = length(100, 200)
REACHED = 0.99
"""The share of queries that must find their passage among the first TOP hits."""
TOP = 3
LARGEST = 100
"""The limit of a longer page, which must begin with the hits of a shorter one."""
RARE = 3
"""A token is rare if at most this many passages contain it."""
_TOKEN = re.compile(r"\w+(?:[-.'’/_]\w+)*")


def documents_of(name: str) -> list[Document]:
    """Return the first documents of a set; the test is skipped if the set is missing."""
    path = SHARED / name / "corpus.jsonl"
    if not path.exists():
        pytest.skip("shared data is absent: the public sets are not part of the project")
    entries = [entry.document for entry in read_corpus(path, name).values() if entry.document.text]
    return entries[:FROM_EACH]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Put all sets into one library."""
    folder = tmp_path_factory.mktemp("exact") / "library"
    with Library.open(folder, Settings(), encoder=FakeEncoder(max_tokens=256)) as library:
        for name in SETS:
            receipt = library.add_documents(documents_of(name))
            assert not receipt.failed
    # The library is reopened to stop merges: a merge changes the order of equally good passages.
    with Library.open(folder, Settings(), encoder=FakeEncoder(max_tokens=256)) as library:
        yield library


@pytest.fixture(scope="module")
def texts(library: Library) -> list[str]:
    """Return the texts of all passages."""
    catalog = library.parts.store.catalog
    texts = [text for _, _, text, _ in catalog.texts(catalog.added_since(-1))]
    assert len(texts) > length(1000, 3000)
    return texts


def rare_tokens(texts: list[str]) -> list[str]:
    """Return tokens of three or more characters, as written, that at most RARE passages contain in any case."""
    holders: dict[str, set[int]] = defaultdict(set)
    written: dict[str, str] = {}
    for place, text in enumerate(texts):
        for token in _TOKEN.findall(text):
            holders[token.casefold()].add(place)
            written.setdefault(token.casefold(), token)
    return [written[token] for token, places in holders.items() if len(places) <= RARE and len(token) >= 3]


def a_phrase(text: str, generator: random.Random) -> str:
    """Return four consecutive words with everything between and around them."""
    words = list(re.finditer(r"\S+", text))
    first = generator.randrange(len(words) - 3)
    return text[words[first].start() : words[first + 3].end()]


def missed(library: Library, queries: list[str]) -> list[str]:
    """Return the queries for which none of the first TOP passages contains the query."""
    return [
        query
        for query in queries
        if not any(query.casefold() in hit.passage.text.casefold() for hit in library.search(query, limit=TOP))
    ]


def test_rare_words_and_codes_are_found(library: Library, texts: list[str]) -> None:
    """At least 99 of 100 rare tokens find a passage that contains them; half are codes, with digits or hyphens."""
    tokens = rare_tokens(texts)
    codes = [token for token in tokens if re.search(r"[\d\-./_]", token)]
    generator = random.Random(SEED)
    queries = generator.sample(codes, DRAWN // 2) + generator.sample(sorted(set(tokens) - set(codes)), DRAWN // 2)
    misses = missed(library, queries)
    assert len(misses) <= (1 - REACHED) * DRAWN, misses


def test_phrases_are_found(library: Library, texts: list[str]) -> None:
    """At least 99 of 100 phrases of four words, with their punctuation, find a passage that contains them."""
    generator = random.Random(SEED)
    long = [text for text in texts if len(text.split()) >= 4]
    queries = [a_phrase(text, generator) for text in generator.sample(long, DRAWN)]
    misses = missed(library, queries)
    assert len(misses) <= (1 - REACHED) * DRAWN, misses


@pytest.mark.parametrize("name", ["cran", "squad_v2", "covidqa"])
def test_first_hits_do_not_depend_on_the_limit(library: Library, name: str) -> None:
    """For a set's questions, the ten hits of the first page are the first of a hundred, with the same scores."""
    rows = (SHARED / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()[: length(10, 20)]
    for question in (json.loads(row)["text"] for row in rows):
        ten, hundred = (library.search(question, limit=limit, plain=True) for limit in (10, LARGEST))
        assert [(hit.passage.id, hit.score) for hit in ten] == [
            (hit.passage.id, hit.score) for hit in hundred.hits[:10]
        ]
