"""What has become of a kept quote: there, moved, changed or gone. Most texts are samples and files of others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.citations.staleness import difference
from index.loading.loader import load
from tests.cases import cases
from tests.citations.kept_items import document, quote_of, state_of

if TYPE_CHECKING:
    from index.records import Document

ROOT = Path(__file__).parents[2]
SEEDS, FILES = ROOT / "seeds", ROOT.parent / "shared" / "files"
SNOW = (
    "# Cholera\n\nThe first case was reported in August. Most of the deaths were near the pump in Broad Street. "
    "The handle was removed in September.\n\n## Afterwards\n\nThe brewery had a well of its own. Nobody there fell ill."
)
DEATHS = "Most of the deaths were near the pump in Broad Street."
CLUBS = "He moved to Huddersfield Town in 1990"
COUGH = "Anna Pavlovna had had a cough for some days."


def loaded(path: Path) -> Document:
    """Return a document as Pincite reads it."""
    if not path.exists():
        pytest.skip("shared data is absent: the file is not part of the project")
    return load(path, max_bytes=10**8)


@pytest.fixture(scope="module")
def norwich() -> Document:
    """An article with broken lines, as an extraction of a web page left it."""
    return loaded(FILES / "norwich-city.txt")


@pytest.fixture(scope="module")
def peace() -> Document:
    """A page of a novel."""
    return loaded(FILES / "book-war-and-peace-1p.txt")


@pytest.fixture(scope="module")
def oil() -> Document:
    """A sample document."""
    return loaded(SEEDS / "03-the-2011-oil-discount.txt")


def edited(kept: Document, *changes: tuple[str, str]) -> Document:
    """Return another version of a document, with each piece of text replaced once."""
    text = kept.text
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return document(text, kept.source)


def sentence(kept: Document, nth: int) -> str:
    """Return a long sentence of a document."""
    from index.text.sentences import split_sentences

    long = [span for span in split_sentences(kept.text) if span.end - span.start > 60]
    return long[nth].of(kept.text)


def test_quote_is_there_or_moves_with_text_added_before_it(norwich: Document, oil: Document, peace: Document) -> None:
    """The id is that of the bytes, so the same file is the same document. In another version, the place is exact."""
    for kept in (norwich, oil, peace):
        words = sentence(kept, 5)
        same = state_of(quote_of(kept, words), [kept])
        assert (same.state, same.now and same.now.quote) == ("there", words)
        newer = document(f"A new first paragraph.\n\n{kept.text}", kept.source)
        state = state_of(quote_of(kept, words), [newer])
        assert state.state == "moved"
        assert state.now is not None
        assert newer.text[state.now.start : state.now.end] == words
        assert state.now.document == newer.id
        assert "different" not in state.what


def test_changed_number_and_added_denial_are_shown(norwich: Document, oil: Document) -> None:
    """The words then and now, with the one that differs; one small word is not lost among the equal ones."""
    line = norwich.text[norwich.text.index(CLUBS) :].split("\n")[0]
    state = state_of(
        quote_of(norwich, line), [edited(norwich, ("Huddersfield Town in 1990", "Huddersfield Town in 1991"))]
    )
    assert state.state == "changed"
    assert state.now is not None
    assert "Town in 1991" in state.now.quote
    assert ("then", "1990") in state.difference
    assert ("now", "1991") in state.difference
    words = sentence(oil, 2)
    head, _, rest = words.partition(" ")
    newer = edited(oil, (words, f"{head} never {rest}"))
    state = state_of(quote_of(oil, words), [newer])
    assert state.state == "changed"
    assert [part.strip() for side, part in state.difference if side == "now"] == ["never"]


def test_page_and_place_follow_the_words() -> None:
    """The location of the words now is that of the newer version."""
    pipelines = loaded(SEEDS / "02-energy-pipelines.pdf")
    words = sentence(pipelines, 4)
    assert state_of(quote_of(pipelines, words), [pipelines]).state == "there"
    newer = document("x" + pipelines.text[1:], pipelines.source, landmarks=pipelines.landmarks, title="Second edition")
    state = state_of(quote_of(pipelines, words), [newer])
    assert state.state == "moved"
    assert state.now is not None
    assert (state.now.page, state.now.title) == (quote_of(pipelines, words).page, "Second edition")
    assert state.now.page


def test_removed_sentence_or_document_is_gone(peace: Document, oil: Document) -> None:
    """Nothing like the sentence is in the document: other sentences share only short words."""
    for kept in (peace, oil):
        words = sentence(kept, 1)
        state = state_of(quote_of(kept, words), [edited(kept, (words, ""))])
        assert (state.state, state.now) == ("gone", None)
        assert "nothing like these words" in state.what
        state = state_of(quote_of(kept, words), [])
        assert (state.state, state.what) == ("gone", "No longer in your library.")


def test_replaced_document_does_not_claim_the_quote(norwich: Document, oil: Document, peace: Document) -> None:
    """A file of the same name with other contents has other words, however common."""
    for kept, other in ((norwich, peace), (oil, norwich), (peace, oil)):
        for nth in range(6):
            assert state_of(quote_of(kept, sentence(kept, nth)), [other]).state == "gone"


def test_other_line_breaks_are_no_change(norwich: Document, peace: Document) -> None:
    """The same words with other white space are word for word there."""
    for kept in (norwich, peace):
        newer = document(" ".join(kept.text.split()), kept.source)
        words = kept.text[200:420].strip()
        state = state_of(quote_of(kept, words), [newer])
        assert state.state == "moved"
        assert state.now is not None
        assert state.now.quote.split() == words.split()


@cases(
    ("words", "old", "new"),
    [
        ("15 people fell ill", "15 people", "115 people"),
        ("5 per cent of them died", "5 per cent", "2.5 per cent"),
        ("the price of a litre is 12", "is 12 in", "is 12.50 in"),
        ("the price of a litre is 12", "is 12 in", "is 120 in"),
        ("known to be safe", "known to", "unknown to"),
    ],
)
def test_words_within_longer_words_and_numbers_are_not_the_quote(words: str, old: str, new: str) -> None:
    """They say something else. But a quote may begin within a word, as a reader selected it."""
    kept = document(
        "In May, 15 people fell ill, and 5 per cent of them died. Today the price of a litre is 12 in town. "
        "The well is known to be safe. Nobody else reported a case before the end of the year."
    )
    assert state_of(quote_of(kept, words), [edited(kept, (old, new))]).state == "changed"
    assert state_of(quote_of(kept, words[1:-1]), [document(f"News. {kept.text}")]).state == "moved"


REST = "\n\nThe queen kept a garden and a clock. Nobody remembered the whale."
DRY = "Monday was quite dry. No rain fell. Birds sang.\n\nTuesday was cold. No rain fell. Snow came."
DUCKS = "Everything is new here. Much rain fell. Ducks came.\n\nTuesday was cold. No rain fell. Snow came."
CLOCK = "In the cold spring of that year the council of the town bought a clock with three hands for the old school."
BELL = "In the cold spring of that year the council of the town bought a clock with two hands for the old church."
NORTH, SOUTH = (f"The {side} gate of the old harbour closes at nine in winter." for side in ("north", "south"))
OPEN = "The south gate of the old harbour is open until eight in winter."
LIST = "".join(f"Bearing {n} shows a crack of {n}{n} mm. " for n in range(2, 9))
DECK, PAINTED = (f"The deck was painted in {date}, and is sound." for date in ("May 2018", "June 2019"))
ILL, WELL = "Nobody there fell ill.", "Everybody drank beer."
PUMPS = "People died near other pumps, too."
BOOKS, NO_BOOKS = "古籍可以带出阅览室。", "古籍不可以带出阅览室。"
RULES = "本图书馆每周二至周日开放。读者凭借书证进入。"
EDITS = {
    "hyphenated now": ("The government met.", f"The government met.{REST}", f"The govern-\nment met.{REST}", ""),
    "hyphenated then": ("The govern-\nment met.", f"The govern-\nment met.{REST}", f"The government met.{REST}", ""),
    "a hyphen of the word": ("A well-\nknown pub.", f"A well-\nknown pub.{REST}", f"A well-known pub.{REST}", ""),
    "a hyphen within a line": (
        "The director will re-sign.", f"The director will re-sign.{REST}", f"The director will resign.{REST}",
        "The director will resign.",
    ),
    "a blank": (
        "It rose by 5 percent in May.", f"It rose by 5 percent in May.{REST}", f"It rose by 5percent in May.{REST}",
        "It rose by 5percent in May.",
    ),
    "a twin with other neighbours": ("No rain fell.", DRY, DUCKS, ""),
    "between the same neighbours, little is left": (DEATHS, SNOW, SNOW.replace(DEATHS, PUMPS), PUMPS),
    "and lines are broken elsewhere": (
        DEATHS, SNOW, SNOW.replace(DEATHS, PUMPS).replace(" ", "\n"), PUMPS.replace(" ", "\n"),
    ),
    "another sentence in its place": (DEATHS, SNOW, SNOW.replace(DEATHS, "A doctor found out why."), None),
    "of a short quote, every word": (
        ILL, f"{SNOW} The owner said so.", f"{SNOW} The owner said so.".replace(ILL, WELL), WELL,
    ),
    "a look-alike beside it, known in part": (
        BELL, f"Minutes. {CLOCK} {BELL} Nobody objected to it.", f"Minutes. {CLOCK} There was no vote.", None,
    ),
    "elsewhere, less like it than its old neighbour": (
        SOUTH, f"{NORTH} {SOUTH} Dogs stay outside.", f"Dogs are welcome. {NORTH}\n\nNews. {OPEN}", OPEN,
    ),
    "a paragraph between its neighbours is not part of it": (
        DECK, f"{LIST}\n\n{DECK} Swans nested below the bridge.",
        f"{LIST}\n\n{PAINTED} A later survey counted four hundred boats. Swans nested below the bridge.", PAINTED,
    ),
    "in Chinese, characters are compared": (
        BOOKS, f"{BOOKS}{RULES}图书遗失的，读者应当照价赔偿。", f"{RULES}{NO_BOOKS}儿童可以入内。", NO_BOOKS,
    ),
    "gone in Chinese": (BOOKS, f"{BOOKS}{RULES}图书遗失的，读者应当照价赔偿。", f"{RULES}儿童可以入内。", None),
}  # fmt: skip
"""Quote, text then and now, and the changed words: empty if they only moved, none if they are gone."""


@cases(("quote", "then", "now", "changed"), EDITS.values(), ids=EDITS.keys())
def test_edited_quote_is_told_from_its_look_alikes(quote: str, then: str, now: str, changed: str | None) -> None:
    """Hyphenation is no change of words. Neighbours tell equal sentences apart, and what has taken a quote's place."""
    assert quote in then
    state = state_of(quote_of(document(then), quote), [document(now)])
    assert state.state == ("gone" if changed is None else "changed" if changed else "moved")
    assert (state.now and state.now.quote) == changed or changed == ""
    assert (now == DUCKS) == state.what.endswith("The words around them are different.")


def test_second_of_two_equal_quotes_is_found_again() -> None:
    """The neighbours tell two equal sentences apart, also after text was added before both."""
    kept = document("Monday was dry. No rain fell. Birds sang.\n\nTuesday was cold. No rain fell. Snow fell instead.")
    newer = document(f"Weather of the week.\n\n{kept.text}")
    for nth in (0, 1):
        state = state_of(quote_of(kept, "No rain fell.", nth), [newer])
        assert state.now is not None
        assert state.now.start == quote_of(newer, "No rain fell.", nth).start


@pytest.mark.parametrize("nth", range(2, 9))
def test_look_alike_of_a_removed_quote_is_not_the_changed_one(nth: int) -> None:
    """Neither the lines beside it, which stood there from the beginning, nor the others of the list."""
    kept, line = document(f"Findings of the year:\n\n{LIST}\n\nThe deck is sound."), f"Bearing {nth} shows a crack"
    words = f"{line} of {nth}{nth} mm."
    assert state_of(quote_of(kept, words), [edited(kept, (f"{words} ", ""))]).state == "gone"
    state = state_of(quote_of(kept, words), [edited(kept, (words, f"{line} of 97 mm."))])
    assert state.now is not None
    assert (state.state, state.now.quote) == ("changed", f"{line} of 97 mm.")


def test_version_with_the_words_is_preferred() -> None:
    """Of several documents of one name, the one that holds the words counts, and then the most similar one."""
    kept = document(SNOW)
    other, same = document("Another note of that name."), document(f"New. {SNOW}")
    similar = edited(kept, ("Broad Street", "Narrow Street"))
    assert state_of(quote_of(kept, DEATHS), [other, similar, same]).now == state_of(quote_of(kept, DEATHS), [same]).now
    state = state_of(quote_of(kept, DEATHS), [other, similar])
    assert state.state == "changed"
    assert state.now is not None
    assert state.now.document == similar.id


def test_difference_has_both_texts_word_for_word() -> None:
    """What both have and what then had is the old text; what both have and what now has is the new one."""
    then, now = "The king signed\nthe treaty in 1912.", "The queen signed the treaty in 1913!"
    parts = list(difference(then, now))
    assert "".join(words for side, words in parts if side != "now") == then
    assert "".join(words for side, words in parts if side != "then").split() == now.split()
    assert list(difference("a b " * 3000 + "c", "b c " * 3000 + "d")) == [
        ("then", "a b " * 3000 + "c"),
        ("now", "b c " * 3000 + "d"),
    ]


def test_changed_quote_in_a_long_document_is_found_quickly() -> None:
    """A megabyte of text is searched in seconds."""
    text = SNOW + "".join(f" On day {n} the doctor baked bread in the harbour of the king." for n in range(20_000))
    kept = document(text)
    newer = document(f"{text[:-1]} twice.".replace("the pump in Broad Street", "the pump in Long Street"))
    began = time.process_time()
    assert state_of(quote_of(kept, DEATHS), [newer]).state == "changed"
    assert time.process_time() - began < 5
