"""Real texts: whatever a reader copies from one finds it, and asking for more hits does not change the first ones.

The texts are those of public sets, a few thousand passages of several kinds. The fake encoder stands in for the real
one: its vectors know nothing of rare words, so that what is measured is that words alone suffice.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.evaluation.set_files import read_corpus
from index.library.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Document

SHARED = Path(__file__).parents[2].parent / "shared" / "eval"
SETS = ("cran", "clapnq", "covidqa", "squad_v2", "cisi", "adi", "scifact")
FROM_EACH = 300
"""Documents of each set, so that no set outweighs the others."""
SEED = 20
DRAWN = 200
REACHED = 0.99
"""The share that must be found among the first TOP."""
TOP = 3
LARGEST = 100
"""Up to so many hits, asking for more only adds some."""
RARE = 3
"""In at most so many passages."""
_TOKEN = re.compile(r"\w+(?:[-.'’/_]\w+)*")


def documents_of(name: str) -> list[Document]:
    """The first documents of a set; the test is skipped where it is not."""
    path = SHARED / name / "corpus.jsonl"
    if not path.exists():
        pytest.skip("shared data is absent: the public sets are not part of the project")
    entries = [each.document for each in read_corpus(path, name).values() if each.document.text]
    return entries[:FROM_EACH]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of them in one library."""
    folder = tmp_path_factory.mktemp("exact") / "library"
    with Library.open(folder, Settings(), encoder=FakeEncoder(max_tokens=256)) as library:
        for name in SETS:
            receipt = library.add_documents(documents_of(name))
            assert not receipt.failed
    # Closed, nothing merges any more: a merge changes which of equally good passages come first.
    with Library.open(folder, Settings(), encoder=FakeEncoder(max_tokens=256)) as library:
        yield library


@pytest.fixture(scope="module")
def texts(library: Library) -> list[str]:
    """The texts of all passages."""
    catalog = library._store.catalog
    texts = [text for _, _, text in catalog.texts(catalog.added_since(-1))]
    assert len(texts) > 3000
    return texts


def rare_tokens(texts: list[str]) -> list[str]:
    """Tokens of three or more characters, as written, that few passages have in any case."""
    holders: dict[str, set[int]] = defaultdict(set)
    written: dict[str, str] = {}
    for place, text in enumerate(texts):
        for token in _TOKEN.findall(text):
            holders[token.casefold()].add(place)
            written.setdefault(token.casefold(), token)
    return [written[each] for each, places in holders.items() if len(places) <= RARE and len(each) >= 3]


def a_phrase(text: str, chance: random.Random) -> str:
    """Four consecutive words with all that stands between and around them."""
    words = list(re.finditer(r"\S+", text))
    first = chance.randrange(len(words) - 3)
    return text[words[first].start() : words[first + 3].end()]


def missed(library: Library, wanted: list[str]) -> list[str]:
    """Those that no passage of the first TOP holds."""
    return [
        each
        for each in wanted
        if not any(each.casefold() in hit.passage.text.casefold() for hit in library.search(each, limit=TOP))
    ]


def test_rare_words_and_codes_are_found(library: Library, texts: list[str]) -> None:
    """At least 198 of 200 rare tokens lead to a passage that holds them; half are codes: with digits or hyphens."""
    tokens = rare_tokens(texts)
    codes = [token for token in tokens if re.search(r"[\d\-./_]", token)]
    chance = random.Random(SEED)
    wanted = chance.sample(codes, DRAWN // 2) + chance.sample(sorted(set(tokens) - set(codes)), DRAWN // 2)
    lost = missed(library, wanted)
    assert len(lost) <= (1 - REACHED) * DRAWN, lost


def test_phrases_are_found(library: Library, texts: list[str]) -> None:
    """At least 198 of 200 phrases of four words, with their punctuation, lead to a passage that holds them."""
    chance = random.Random(SEED)
    long = [text for text in texts if len(text.split()) >= 4]
    wanted = [a_phrase(text, chance) for text in chance.sample(long, DRAWN)]
    lost = missed(library, wanted)
    assert len(lost) <= (1 - REACHED) * DRAWN, lost


@pytest.mark.parametrize("name", ["cran", "squad_v2", "covidqa"])
def test_the_first_hits_do_not_depend_on_how_many_are_asked_for(library: Library, name: str) -> None:
    """Of a set's questions, the ten hits of a first page begin a hundred, with the same scores."""
    rows = (SHARED / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()[:20]
    for question in (json.loads(row)["text"] for row in rows):
        ten, hundred = (library.search(question, limit=limit, plain=True) for limit in (10, LARGEST))
        assert [(hit.passage.id, hit.score) for hit in ten] == [
            (hit.passage.id, hit.score) for hit in hundred.hits[:10]
        ]
