"""Copies of a text make one hit and none is lost; texts with other names or numbers disagree, and answers show both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import CANDIDATES
from index.search.evidence import disagree
from index.search.pins import LIKENESS, PASSAGES_PER_BLOCK, TermSet, group_copies
from tests.cases import cases
from tests.search.conftest import ask, quotes
from tests.storage.factories import a_copy, a_document

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Hit
    from tests.conftest import Write
    from tests.search.conftest import StoreOf

PRESS = a_document("A comet was seen in winter. The queen was told that 3 ships had left the harbour.", source="/press")
OTHERS = [
    a_document(f"The {comet} comet frightened the {witness}.", source=f"/{comet}")
    for comet, witness in (("first", "horse"), ("second", "doctor"), ("third", "school"), ("fourth", "king"))
]
QUESTION = "Who saw the comet in winter?"
TERMS = st.frozensets(st.sampled_from("abcdefghijklm"), max_size=12)


# Likeness


@cases(
    ("first", "second", "alike"),
    [
        pytest.param("abcdefgh", "abcdefgh", True, id="the same"),
        pytest.param("abcdefgh", "abcdefghij", True, id="two more of ten"),
        pytest.param("abcdefgh", "abcdefghijk", False, id="three more of eleven"),
        pytest.param("abcdefghi", "abcdefghj", True, id="one word another, of ten"),
        pytest.param("abcdefg", "abcdefh", False, id="one word another, of eight"),
        pytest.param("abcd", "efgh", False, id="nothing in common"),
        pytest.param("abc", "abcdefghijklm", False, id="part of the other"),
    ],
)
def test_copies_have_nearly_the_same_words(first: str, second: str, alike: bool) -> None:
    """Two passages are copies if they share at least four fifths of all their terms."""
    assert LIKENESS == 0.8
    assert TermSet(frozenset(first)).alike(TermSet(frozenset(second))) == alike
    assert TermSet(frozenset(second)).alike(TermSet(frozenset(first))) == alike


@given(TERMS, TERMS)
def test_likeness_is_jaccard_similarity(first: frozenset[str], second: frozenset[str]) -> None:
    """Shared terms are divided by all terms; two passages without words are not copies."""
    expected = bool(first) and len(first & second) >= LIKENESS * len(first | second)
    assert TermSet(first).alike(TermSet(second)) == expected


# Grouping


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 12), st.integers(1, 60))
def test_groups_are_ordered_by_their_best_member(items: list[int], limit: int, look: int) -> None:
    """The first `limit` kinds come in order of their best member, each with its members in order, none twice.

    Each copy of a leader among the first `look` items is in its group.
    """
    groups = group_copies(enumerate(items), lambda first, second: first[1] == second[1], limit=limit, look=look)
    kinds = list(dict.fromkeys(items))
    assert [group[0][1] for group in groups] == kinds[:limit]
    for group in groups:
        assert [place for place, _ in group] == [place for place, kind in enumerate(items) if kind == group[0][1]][
            : len(group)
        ]
    grouped = {place for group in groups for place, _ in group}
    assert {place for place, kind in enumerate(items[:look]) if kind in kinds[:limit]} <= grouped


# In a search


def test_ten_copies_make_one_hit(store_of: StoreOf) -> None:
    """Nine copies are listed with the hit, in order; other passages fill the page up to the limit."""
    store = store_of(*OTHERS, *(a_copy(PRESS, f"/copy{number}") for number in range(10)))
    found = ask(store, QUESTION, limit=3)
    assert len(found) == 3
    best = found[0]
    assert best.quote == "A comet was seen in winter."
    assert len(best.also) == 9
    assert {best.document.source, *(copy.document.source for copy in best.also)} == {
        f"/copy{number}" for number in range(10)
    }
    assert [copy.score for copy in best.also] == sorted((copy.score for copy in best.also), reverse=True)
    assert best.score >= best.also[0].score
    assert all(copy.also == () for copy in best.also)
    assert all(hit.also == () for hit in found.hits[1:])


def test_copy_with_another_number_is_a_separate_hit(store_of: StoreOf) -> None:
    """If one pin says 3 ships and another 4 ships, the passages are not copies, however alike the rest is.

    A pin about the comet has no number; other numbers were not asked for.
    """
    four = a_document(PRESS.text.replace("3 ships", "4 ships"), source="/four")
    store = store_of(*(a_copy(PRESS, f"/copy{number}") for number in range(3)), four)
    found = ask(store, "How many ships had left the harbour?")
    assert sorted(len(hit.also) for hit in found) == [0, 2]
    (alone,) = (hit for hit in found if not hit.also)
    assert alone.document.source == "/four"
    assert "4 ships" in alone.quote
    (hit,) = ask(store_of(PRESS, four), QUESTION)
    assert len(hit.also) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("The queen signed it.", "The queen never signed it.", id="denied"),
        pytest.param("The queen signed it.", "The king signed it.", id="somebody else"),
    ],
)
def test_copy_that_disagrees_is_a_separate_hit(store_of: StoreOf, first: str, second: str) -> None:
    """Two contracts from one template differ where it matters: neither answer may hide the other."""
    template = (
        "Parties named above met in the harbour in winter, and wrote of bread, oil and silver. {} Then it rained."
    )
    store = store_of(*(a_document(template.format(sentence), source=f"/{sentence}") for sentence in (first, second)))
    assert set(quotes(ask(store, "Who signed it?"))) == {first, second}


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_copies_do_not_count_towards_the_limit(store_of: StoreOf, limit: int) -> None:
    """No two hits are copies, and every text gets a hit, whatever the limit."""
    copies = PASSAGES_PER_BLOCK // (1 + len(OTHERS))
    store = store_of(
        *(a_copy(document, f"{document.source}/{number}") for number in range(copies) for document in (PRESS, *OTHERS))
    )
    found = ask(store, QUESTION, limit=limit)
    assert len(found) == min(limit, 1 + len(OTHERS))
    assert len(set(quotes(found))) == len(found)
    assert {len(hit.also) for hit in found} == {copies - 1}


def test_page_is_full_despite_more_copies_than_candidates(store_of: StoreOf) -> None:
    """Other passages fill the page, although the best of each side are all one text."""
    store = store_of(*OTHERS, *(a_copy(PRESS, f"/copy{number}") for number in range(CANDIDATES + 20)))
    assert len(ask(store, QUESTION, limit=3)) == 3


def test_every_copy_quotes_its_own_document(library: Library, write: Write) -> None:
    """A copy's quote is a span of its own text, at whatever offset it is there."""
    body = "A comet was seen in winter, said the queen to the doctor of her school."
    for number in range(5):
        library.add(write(f"{number}.txt", f"{'Rain fell. ' * number}{body}"))
    (hit,) = library.search("comet in winter", limit=1)

    def assert_quoted(copy: Hit) -> None:
        text = library.document(copy.document.id).text
        assert copy.pin.of(text) == copy.quote
        assert text[copy.passage.start : copy.passage.end] == copy.passage.text

    assert len(hit.also) == 4
    assert len({copy.pin for copy in (hit, *hit.also)}) == 5
    for copy in (hit, *hit.also):
        assert_quoted(copy)


def test_search_stops_after_many_copies(library: Library, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that repeats one sentence is one hit with as many copies as a reader could want."""
    monkeypatch.setattr("index.search.retriever.DEEPEST", 2)
    receipt = library.add(write("again.txt", "A comet was seen in winter over the harbour. " * 3000))
    (hit,) = library.search(QUESTION, limit=10)
    assert CANDIDATES < len(hit.also) < receipt.passages / 2


KING = "The king signed the treaty of the harbour in 1814."
QUEEN = "The king signed the treaty of the harbour in 1850."
REST = "Bread was cheap in summer and the garden had a clock."


REVENUE = "Revenue in fiscal {} was {} million."


@cases(
    ("one", "other", "found", "question"),
    [
        (KING, QUEEN, True, ""),
        (KING, KING, False, ""),
        (KING, f"In May, {KING[4:]}", False, ""),
        ("The treaty was signed by King Otto in Oslo.", "The treaty was signed by King Olaf in Oslo.", True, ""),
        ("The pump has to be cleaned every day.", "The pump has not to be cleaned every day.", True, ""),
        ("The bridge was opened in 1950.", "The river froze in 1951.", False, ""),
        ("Yes, in 1950.", "Yes, in 1951.", False, ""),
        (REVENUE.format(2023, 12), REVENUE.format(2022, 9), False, "revenue 2023"),
        (REVENUE.format(2023, 12), REVENUE.format(2023, 9), True, "revenue 2023"),
        ("Der König kam gestern zum Hafen und las.", "Der König kam gestern zum Turm und las.", False, ""),
        ("The pump doesn’t have to be cleaned.", "The pump does have to be cleaned.", False, ""),
        ("The pump can’t be cleaned daily.", "The pump can be cleaned daily.", True, ""),
    ],
)
def test_other_names_numbers_or_a_denial_disagree(one: str, other: str, found: bool, question: str) -> None:
    """The rest has to be much the same. A longer sentence, another year than asked for and other nouns do not."""
    assert disagree(one, other, question) is disagree(other, one, question) is found


def test_both_statements_are_quoted_with_a_note(library: Library, write: Write) -> None:
    """Two versions of one text are no copies, and the answer says that they differ."""
    library.add([write("a.txt", f"{KING} {REST}"), write("b.txt", f"{QUEEN} {REST}")])
    answer = library.ask("When did the king sign the treaty of the harbour?")
    assert {citation.quote for citation in answer.citations} == {KING, QUEEN}
    assert "Your documents disagree: compare [1] and [2]." in answer.notes
    assert not any(hit.also for hit in answer.hits)


def test_copies_do_not_disagree(library: Library, write: Write) -> None:
    """They are one hit."""
    library.add([write("a.txt", f"{KING} {REST}"), write("b.txt", f"{KING} {REST} Rain fell.")])
    answer = library.ask("When did the king sign the treaty of the harbour?")
    assert [citation.quote for citation in answer.citations] == [KING]
    assert not any("disagree" in note for note in answer.notes)
