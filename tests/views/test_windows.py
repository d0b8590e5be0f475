"""Windows of a text: no character is lost or repeated, and a window has a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Landmark, Span
from index.storage.catalog.document_queries import Excerpt
from index.views.windows import MAX_BLOCK_CHARACTERS, MAX_MARKED_CHARACTERS, REACH, WINDOW, window
from tests.cases import cases
from tests.nightly import length

if TYPE_CHECKING:
    from index.views.blocks import TextBlock

Marks = tuple[Landmark, ...]
BEGINNING = Span(0, 0)


def excerpt_of(text: str, *marks: Landmark) -> Excerpt:
    """Return a whole document as an excerpt."""
    return Excerpt(0, text, marks)


def blocks_of(text: str, *marks: Landmark, span: Span = BEGINNING) -> list[tuple[str, str, str]]:
    """Return kind, page and text of each block, with marked parts in brackets."""
    return [
        (
            f"h{block.level}" if block.kind == "heading" else "p",
            block.page,
            "".join(f"[{part.text}]" if part.marked else part.text for part in block.parts),
        )
        for block in window(excerpt_of(text, *marks), span)
    ]


def heading(start: int, label: str, level: int = 1) -> Landmark:
    """Return the landmark of a heading."""
    return Landmark("heading", start, label, level)


def paragraph(start: int) -> Landmark:
    """Return the landmark of a paragraph."""
    return Landmark("paragraph", start)


def page(start: int, label: str) -> Landmark:
    """Return the landmark of a page."""
    return Landmark("page", start, label)


# Blocks

BLOCKS = {
    "no landmarks": ("One line.", (), [("p", "", "One line.")]),
    "no landmarks, blank lines": ("One.\n\nTwo,\nthree.", (), [("p", "", "One."), ("p", "", "Two,\nthree.")]),
    "page, heading and paragraph at one place": ("Trade\n\nGrain came by sea.",
         (page(0, "iv"), heading(0, "Trade", 2), paragraph(0), paragraph(7)),
         [("h2", "iv", "Trade"), ("p", "", "Grain came by sea.")]),
    "the paragraph before the heading": ("Trade\n\nGrain.", (paragraph(0), heading(0, "Trade")),
         [("h1", "", "Trade"), ("p", "", "Grain.")]),
    "a heading alone": ("Trade\nGrain came.", (heading(0, "Trade"),), [("h1", "", "Trade"), ("p", "", "Grain came.")]),
    "a heading over two lines": ("Trade\nand war\nGrain.", (heading(0, "Trade and war"),),
         [("h1", "", "Trade\nand war"), ("p", "", "Grain.")]),
    "a heading that is not what its label says": ("Trade winds\nblow.", (heading(0, "Tariffs"),),
         [("h1", "", "Trade winds"), ("p", "", "blow.")]),
    "an empty heading": ("Grain came.", (heading(0, ""),), [("p", "", "Grain came.")]),
    "a heading without words in a text that goes on": ("Grain.\n\nOil.", (paragraph(0), heading(8, " "), paragraph(8)),
         [("p", "", "Grain."), ("p", "", "Oil.")]),
    "two headings at one place": ("Trade\n\nGrain.", (heading(0, "", 1), heading(0, "Trade", 3)),
         [("h3", "", "Trade"), ("p", "", "Grain.")]),
    "a page within a paragraph": ("Grain came by sea.", (page(0, "1"), paragraph(0), page(11, "2")),
         [("p", "1", "Grain came"), ("p", "2", "by sea.")]),
    "a page within a word": ("Graincame.", (page(5, "2"),), [("p", "", "Grain"), ("p", "2", "came.")]),
    "a page within a heading": ("Trade and war\n\nGrain.",
         (heading(0, "Trade and war", 2), page(6, "7"), paragraph(15)),
         [("h2", "", "Trade"), ("h2", "7", "and war"), ("p", "", "Grain.")]),
    "empty pages": ("Grain.\n\nOil.", (page(0, "1"), page(8, "2"), page(8, "3")),
         [("p", "1", "Grain."), ("p", "3", "Oil.")]),
    "a page between two paragraphs": ("Grain.\n\nOil.", (page(7, "2"),), [("p", "", "Grain."), ("p", "2", "Oil.")]),
    "pages behind the end": ("Grain.", (page(0, "1"), page(6, "2")), [("p", "1", "Grain.")]),
    "a landmark behind the end": ("Grain.", (heading(90, "Oil"), page(99, "2")), [("p", "", "Grain.")]),
    "Arabic": ("شحنة\n\nقمح", (heading(0, "شحنة"), paragraph(6)), [("h1", "", "شحنة"), ("p", "", "قمح")]),
    "Japanese": ("貿易\n\n穀物は船で来た。", (heading(0, "貿易"),),
     [("h1", "", "貿易"), ("p", "", "穀物は船で来た。")]),
}  # fmt: skip


@cases(("text", "marks", "blocks"), BLOCKS.values(), ids=BLOCKS.keys())
def test_landmarks_split_the_text_into_blocks(text: str, marks: Marks, blocks: list[tuple[str, str, str]]) -> None:
    """A heading's block is its own words, a paragraph's is the text up to the next landmark."""
    assert blocks_of(text, *marks) == blocks


TRADE = "Trade\n\nGrain came by sea.\n\nOil came by land."
TRADE_MARKS = (page(0, "1"), heading(0, "Trade"), paragraph(7), page(13, "2"), paragraph(27))

MARKED = {
    "the very beginning": (Span(0, 5), ["[Trade]", "Grain", "came by sea.", "Oil came by land."]),
    "the very end": (Span(39, 44), ["Trade", "Grain", "came by sea.", "Oil came by [land.]"]),
    "over a page": (Span(7, 17), ["Trade", "[Grain]", "[came] by sea.", "Oil came by land."]),
    "over a heading, pages and paragraphs": (Span(2, 30),
         ["Tr[ade]", "[Grain]", "[came by sea.]", "[Oil] came by land."]),
    "everything": (Span(0, 44), ["[Trade]", "[Grain]", "[came by sea.]", "[Oil came by land.]"]),
    "the gap between two paragraphs": (Span(25, 27), ["Trade", "Grain", "came by sea.", "Oil came by land."]),
    "one letter": (Span(27, 28), ["Trade", "Grain", "came by sea.", "[O]il came by land."]),
    "nothing, from the beginning": (Span(0, 0), ["Trade", "Grain", "came by sea.", "Oil came by land."]),
    "nothing, from within a paragraph": (Span(20, 20), ["came by sea.", "Oil came by land."]),
    "nothing, from the end of a paragraph": (Span(25, 25), ["Oil came by land."]),
    "nothing, from the end": (Span(44, 44), ["Oil came by land."]),
}  # fmt: skip


@cases(("span", "words"), MARKED.values(), ids=MARKED.keys())
def test_span_is_marked_in_every_block_it_touches(span: Span, words: list[str]) -> None:
    """An empty span starts the window with the block that contains it."""
    assert [text for *_, text in blocks_of(TRADE, *TRADE_MARKS, span=span)] == words


def test_long_texts_are_cut_into_windows() -> None:
    """At blanks, or between characters, never before a combining mark, unless there are only such.

    A heading on every line takes no more work than a paragraph on every line.
    """
    text = "grain oil wheat " * 640_000
    blocks = window(excerpt_of(text.strip()), Span(5_000_000, 5_000_005))
    assert WINDOW - MAX_BLOCK_CHARACTERS < blocks[-1].end - blocks[0].start <= WINDOW
    assert blocks[0].start < 5_000_000 < blocks[-1].end
    assert all(text[block.start - 1] == " " == text[block.end] for block in blocks)
    blocks = window(excerpt_of("e\u0301" * 40_000), Span(0, 0))
    assert len(blocks) > 2
    assert all(block.parts[0].text.startswith("e") for block in blocks)
    assert window(excerpt_of("a" + "\u0301" * 40_000), Span(0, 0))[-1].end <= WINDOW
    marks = tuple(heading(2 * n, "x") for n in range(20_000))
    assert {block.level for block in window(excerpt_of("\n".join("x" * 20_000), *marks), Span(20_000, 20_001))} == {1}


# Properties


class Case(NamedTuple):
    """A text with its landmarks."""

    text: str
    marks: Marks


WORDS = {
    "words": "The grain came by sea in winter. ",
    "lines": "wheat\nrye\n",
    "solid": "穀物は船で来た",
    "right to left": "جاء القمح عن طريق البحر. ",
    "accents": "e\u0301\u0302",
    "code": "if x:\n        y = 1\n",
    "wide gaps": "x" + " " * 3_000,
}
KINDS = st.sets(st.sampled_from(["page", "heading", "paragraph", "empty heading", "foreign heading"]))
SECTIONS = st.tuples(
    st.sampled_from(sorted(WORDS)), st.integers(1, 25_000), KINDS, st.sampled_from(["\n\n", "\n", " ", ""])
)


def compose(sections: list[tuple[str, int, set[str], str]]) -> Case:
    """Join sections, given as kind of words, length, landmarks at the start, and gap after the section."""
    text, marks = "", list[Landmark]()
    for words, size, kinds, gap in sections:
        section = (WORDS[words] * size)[:size].strip() or "x"
        landmarks = {"page": page(len(text), str(len(marks))), "paragraph": paragraph(len(text))}
        landmarks["heading"] = heading(len(text), " ".join(section[:40].split()), 2)
        landmarks["empty heading"] = heading(len(text), "")
        landmarks["foreign heading"] = heading(len(text), "A foreign label", 3)
        marks += [landmarks[kind] for kind in sorted(kinds)]
        text += section + gap
    return Case(text.strip(), tuple(mark for mark in marks if mark.start < len(text.strip())))


CASES = st.lists(SECTIONS, min_size=1, max_size=12).map(compose)


@st.composite
def spans(draw: st.DrawFn, text: str) -> Span:
    """Draw a span of any length, usually short, sometimes at the start or the end."""
    start = draw(st.one_of(st.integers(0, len(text)), st.sampled_from([0, len(text)])))
    length = draw(st.one_of(st.integers(0, 300), st.integers(0, len(text))))
    return Span(start, min(start + length, len(text)))


def join_blocks(text: str, blocks: tuple[TextBlock, ...]) -> str:
    """Return the parts of all blocks with the gaps between them, which must be white space."""
    pieces, end = [], blocks[0].start
    for block in blocks:
        gap = text[end : block.start]
        assert not gap.strip()
        assert block.parts[0].start == block.start
        pieces += [gap, *(part.text for part in block.parts)]
        end = block.end
    return "".join(pieces)


@settings(max_examples=length(30, 150), deadline=None)
@given(st.data(), CASES)
def test_window_is_a_part_of_the_text(data: st.DataObject, case: Case) -> None:
    """Parts and gaps together are the text of the window, and the marked parts are the span without gaps."""
    span = data.draw(spans(case.text))
    blocks = window(excerpt_of(*_unpack(case)), span)
    start, end = blocks[0].start, blocks[-1].end
    assert join_blocks(case.text, blocks) == case.text[start:end]
    for block in blocks:
        assert "".join(part.text for part in block.parts) == case.text[block.start : block.end]
        assert all(part.text == case.text[part.start : part.start + len(part.text)] for part in block.parts)
    marked = "".join(part.text for block in blocks for part in block.parts if part.marked)
    if span.end - span.start <= MAX_MARKED_CHARACTERS:
        assert "".join(marked.split()) == "".join(span.of(case.text).split())
    assert all(span.start <= part.start < span.end for block in blocks for part in block.parts if part.marked)


@settings(max_examples=length(20, 100), deadline=None)
@given(st.data(), CASES)
def test_window_and_blocks_have_bounded_length(data: st.DataObject, case: Case) -> None:
    """A window is longer than usual only if the span needs it."""
    span = data.draw(spans(case.text))
    blocks = window(excerpt_of(*_unpack(case)), span)
    assert all(0 < block.end - block.start <= MAX_BLOCK_CHARACTERS for block in blocks)
    needed = min(span.end - span.start, MAX_MARKED_CHARACTERS) + 2 * MAX_BLOCK_CHARACTERS
    assert blocks[-1].end - blocks[0].start <= max(WINDOW + MAX_BLOCK_CHARACTERS, needed)


@settings(max_examples=length(12, 60), deadline=None)
@given(CASES)
def test_consecutive_windows_are_the_whole_text(case: Case) -> None:
    """Each window starts where the last one ended, apart from white space."""
    excerpt = excerpt_of(*_unpack(case))
    start, pieces = 0, []
    while case.text[start:].strip():
        blocks = window(excerpt, Span(start, start))
        assert blocks[-1].end > start
        pieces += [case.text[start : blocks[0].start], join_blocks(case.text, blocks)]
        start = blocks[-1].end
    assert "".join(pieces) == case.text


@settings(max_examples=length(30, 150), deadline=None)
@given(st.data(), CASES, st.integers(0, 900), st.integers(0, 900))
def test_window_depends_only_on_nearby_text(data: st.DataObject, case: Case, before: int, after: int) -> None:
    """An excerpt that extends beyond the reach gives the same window as the whole document."""
    span = data.draw(spans(case.text))
    start = max(0, span.start - REACH - before)
    end = min(span.end, span.start + MAX_MARKED_CHARACTERS) + REACH + after
    marks = tuple(mark for mark in case.marks if start <= mark.start <= end)
    assert window(Excerpt(start, case.text[start:end], marks), span) == window(excerpt_of(*_unpack(case)), span)


def _unpack(case: Case) -> tuple[str, *Marks]:
    return case.text, *case.marks
