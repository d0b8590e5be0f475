"""Copies of one text: they make one hit, none is lost, and what differs in a number is no copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import CANDIDATES
from index.search.pins import LIKENESS, PASSAGES_PER_BLOCK, TermSet, group_copies
from tests.search.conftest import ask, quotes
from tests.storage.factories import a_copy, a_document

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Hit
    from tests.conftest import Write
    from tests.search.conftest import StoreOf

PRESS = a_document("A comet was seen in winter. The queen was told that 3 ships had left the harbour.", source="/press")
OTHERS = [
    a_document(f"The {one} comet frightened the {two}.", source=f"/{one}")
    for one, two in (("first", "horse"), ("second", "doctor"), ("third", "school"), ("fourth", "king"))
]
QUESTION = "Who saw the comet in winter?"
TERMS = st.frozensets(st.sampled_from("abcdefghijklm"), max_size=12)


# What a copy is


@pytest.mark.parametrize(
    ("one", "other", "alike"),
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
def test_copies_have_nearly_the_same_words(one: str, other: str, alike: bool) -> None:
    """From four fifths of all their terms in common on, two passages are taken for one text."""
    assert LIKENESS == 0.8
    assert TermSet(frozenset(one)).alike(TermSet(frozenset(other))) == alike
    assert TermSet(frozenset(other)).alike(TermSet(frozenset(one))) == alike


@given(TERMS, TERMS)
def test_likeness_is_jaccards(one: frozenset[str], other: frozenset[str]) -> None:
    """What they share over what they have together; two passages without a word are no copies."""
    expected = bool(one) and len(one & other) >= LIKENESS * len(one | other)
    assert TermSet(one).alike(TermSet(other)) == expected


# Grouping


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 12), st.integers(1, 60))
def test_groups_are_led_by_their_best(items: list[int], limit: int, look: int) -> None:
    """The first `limit` kinds there are, each in the order of its best, each member in order; no kind twice."""
    groups = group_copies(enumerate(items), lambda one, other: one[1] == other[1], limit=limit, look=look)
    kinds = list(dict.fromkeys(items))
    assert [group[0][1] for group in groups] == kinds[:limit]
    for group in groups:
        assert [place for place, _ in group] == [place for place, kind in enumerate(items) if kind == group[0][1]][
            : len(group)
        ]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 12), st.integers(1, 60))
def test_among_the_first_no_copy_is_missed(items: list[int], limit: int, look: int) -> None:
    """Each of the first `look` items that is a copy of a leader is in its group."""
    groups = group_copies(enumerate(items), lambda one, other: one[1] == other[1], limit=limit, look=look)
    there = {place for group in groups for place, _ in group}
    kinds = list(dict.fromkeys(items))[:limit]
    assert {place for place, kind in enumerate(items[:look]) if kind in kinds} <= there


# In a search


def test_ten_copies_make_one_hit(store_of: StoreOf) -> None:
    """Nine are told beside the first, in order; other passages fill the page up to the limit."""
    store = store_of(*OTHERS, *(a_copy(PRESS, f"/copy{n}") for n in range(10)))
    found = ask(store, QUESTION, limit=3)
    assert len(found) == 3
    best = found[0]
    assert best.quote == "A comet was seen in winter."
    assert len(best.also) == 9
    assert {best.document.source, *(copy.document.source for copy in best.also)} == {f"/copy{n}" for n in range(10)}
    assert [copy.score for copy in best.also] == sorted((copy.score for copy in best.also), reverse=True)
    assert best.score >= best.also[0].score
    assert all(copy.also == () for copy in best.also)
    assert all(hit.also == () for hit in found.hits[1:])


def test_a_copy_with_another_number_stands_alone(store_of: StoreOf) -> None:
    """Where the pins say 3 and 4 ships, they are not the same news, however alike the rest is."""
    four = a_document(PRESS.text.replace("3 ships", "4 ships"), source="/four")
    store = store_of(*(a_copy(PRESS, f"/copy{n}") for n in range(3)), four)
    found = ask(store, "How many ships had left the harbour?")
    assert sorted(len(hit.also) for hit in found) == [0, 2]
    (alone,) = (hit for hit in found if not hit.also)
    assert alone.document.source == "/four"
    assert "4 ships" in alone.quote


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("The queen signed it.", "The queen never signed it.", id="denied"),
        pytest.param("The queen signed it.", "The king signed it.", id="somebody else"),
    ],
)
def test_a_copy_that_says_otherwise_stands_alone(store_of: StoreOf, one: str, other: str) -> None:
    """Two contracts of one template differ in what matters: neither answer may be folded away behind the other."""
    template = (
        "Parties named above met in the harbour in winter, and wrote of bread, oil and silver. {} Then it rained."
    )
    store = store_of(*(a_document(template.format(each), source=f"/{each}") for each in (one, other)))
    assert set(quotes(ask(store, "Who signed it?"))) == {one, other}


def test_a_number_elsewhere_in_the_copy_does_not_matter(store_of: StoreOf) -> None:
    """The pin speaks of the comet and has no number: what else the two say is not what was asked."""
    store = store_of(PRESS, a_document(PRESS.text.replace("3 ships", "4 ships"), source="/four"))
    (hit,) = ask(store, QUESTION)
    assert len(hit.also) == 1


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_a_copy_takes_no_place(store_of: StoreOf, limit: int) -> None:
    """However many hits are asked for, no two of them are copies, and as many come as there are texts."""
    copies = PASSAGES_PER_BLOCK // (1 + len(OTHERS))
    store = store_of(*(a_copy(each, f"{each.source}/{n}") for n in range(copies) for each in (PRESS, *OTHERS)))
    found = ask(store, QUESTION, limit=limit)
    assert len(found) == min(limit, 1 + len(OTHERS))
    assert len(set(quotes(found))) == len(found)
    assert {len(hit.also) for hit in found} == {copies - 1}


def test_more_copies_than_candidates_do_not_empty_the_page(store_of: StoreOf) -> None:
    """Other passages fill the page though each side's best are all one text."""
    store = store_of(*OTHERS, *(a_copy(PRESS, f"/copy{n}") for n in range(CANDIDATES + 20)))
    assert len(ask(store, QUESTION, limit=3)) == 3


def test_every_copy_quotes_its_own_document(library: Library, write: Write) -> None:
    """The quote of each copy is a span of that copy's text, though it stands elsewhere there."""
    body = "A comet was seen in winter, said the queen to the doctor of her school."
    for n in range(5):
        library.add(write(f"{n}.txt", f"{'Rain fell. ' * n}{body}"))
    (hit,) = library.search("comet in winter", limit=1)

    def check(each: Hit) -> None:
        text = library.document(each.document.id).text
        assert each.pin.of(text) == each.quote
        assert text[each.passage.start : each.passage.end] == each.passage.text

    assert len(hit.also) == 4
    assert len({copy.pin for copy in (hit, *hit.also)}) == 5
    for each in (hit, *hit.also):
        check(each)


def test_copies_without_end_are_not_all_looked_at(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that says one sentence over and over is one hit, with as many other places as a reader could want."""
    monkeypatch.setattr("index.search.retriever.DEEPEST", 2)
    receipt = library.add(write("again.txt", "A comet was seen in winter over the harbour. " * 3000))
    (hit,) = library.search(QUESTION, limit=10)
    assert CANDIDATES < len(hit.also) < receipt.passages / 2
