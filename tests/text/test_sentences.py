"""Where sentences begin and end."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Span
from index.text import sentences as sentences_module
from index.text.sentences import WINDOW, first_line, split_in_half, split_sentences, trim
from tests.cases import cases
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator

HARD: dict[str, tuple[str, ...]] = {
    "titles before names": ("Dr. Smith met Mrs. Jones and Prof. Lee.", "They agreed."),
    "country inside": ("The U.S. economy grew.", "The U.K. followed."),
    "country at the end": ("He moved to the U.S. in May.", "She stayed in the U.K.", "They wrote."),
    "latin": ("Some metals, e.g. iron, rust, i.e. oxidise.", "Others, cf. Gold, do not."),
    "et al.": ("Smith et al. found a link.", "Jones et al. (2004) did not."),
    "figure": ("The curve (Fig. 3) rises.", "See Figs. 4 and 5 and Eq. 2."),
    "number": ("Use No. 5 of the list.", "It is on p. 12 and pp. 14-15."),
    "section and volume": ("See Sec. 2 and vol. 3, ch. 4.", "Then stop."),
    "decimals": ("It costs $3.50 or 2.75 euros.", "Version 1.2.3 is out."),
    "initials": ("J. K. Rowling wrote it.", "So did J.R.R. Tolkien."),
    "initial in the middle": ("John F. Kennedy was elected.", "George W. Bush came later."),
    "time of day": ("We met at 5 p.m. on Friday.", "It rained."),
    "time of day at the end": ("We met at 5 p.m.", "It rained."),
    "company": ("Apple Inc. was founded in 1976.", "Acme Ltd. bought it."),
    "month": ("It began on Jan. 5 and ended in Dec. 1999.", "Nobody came."),
    "street": ("He lives at 5 Main St. in Boston.", "She lives on Elm Ave. too."),
    "versus": ("It was Roe vs. Wade.", "It was Doe v. Bolton."),
    "degrees": ("Ann Lee, Ph.D., spoke.", "Bob Ray, M.D., listened."),
    "species": ("E. coli grows fast.", "C. elegans is a worm."),
    "web": ("Visit www.example.com for more.", "Mail info@example.org today."),
    "file name": ("Open setup.py first.", "Then run main.c again."),
    "question and exclamation": ("Really?", "Yes!", "Fine."),
    "several marks": ("What?!", "No way!!!", "Well."),
    "quote closes": ("\u201cIt works.\u201d", "She left."),
    "straight quote closes": ('"It works."', "She left."),
    "quote goes on": ("\u201cIs it?\u201d he asked.", "It was."),
    "straight quote goes on": ('"Stop!" he cried.', "They did not."),
    "ellipsis inside a quote": (
        "He said, \u201cIt is possible to imagine anything.\u2026 We have not\u2026\u201d",
        "Then he left.",
    ),
    "period before the quote closes": ("He called it \u201ca miracle.\u201d", "Nobody else did."),
    "aside in parentheses": ("It failed (nobody knows why).", "We tried again."),
    "sentence in parentheses": ("It failed.", "(Nobody knows why.)", "We tried again."),
    "parentheses with a stop inside": ("It failed (see Smith et al. 2004, p. 3) twice.", "We tried again."),
    "ellipsis goes on": ("Well... maybe not.", "We shall see."),
    "ellipsis ends": ("And then...", "Nothing happened."),
    "single ellipsis": ("And so on\u2026", "Nothing happened."),
    "citation after the stop": ("This was shown before.[3]", "It was confirmed later.[4, 5]", "Then not."),
    "bracket before the stop": ("This was shown [3].", "It was confirmed [4]."),
    "numbered heading words": ("RESULTS Of the 32 samples 16 were positive.", "CONCLUSION The rate is 50%."),
    "p value": ("The effect was small (P = .05).", "It vanished later."),
    "begins with a digit": ("It has three parts.", "2 of them are new."),
    "begins in lower case": ("We used pH 7.", "mRNA was measured."),
    "spanish": ("¿Qué hora es?", "Son las tres.", "¡Vamos!"),
    "german": ("Das gilt z. B. für Äpfel.", "Dr. Müller weiß es."),
    "french": ("M. Dupont est parti.", "Il reviendra\u00a0!"),
    "arabic": ("\u0645\u0627 \u0647\u0630\u0627\u061f", "\u0647\u0630\u0627 \u0643\u062a\u0627\u0628."),
    "hindi": (
        "\u0928\u092e\u0938\u094d\u0924\u0947\u0964",
        "\u0906\u092a \u0915\u0948\u0938\u0947 \u0939\u0948\u0902\u0964",
    ),
    "quote goes on after a comma": ("\u201cWhere is it?\u201d, she asked.", "Nobody knew."),
    "aside longer than the rest": (
        "It was said (and who would doubt it? Nobody. Nobody at all.) and done.",
        "It ended.",
    ),
    "mark that is never closed": ("It began (as such things do.", "Then it went on.", "It ended."),
    "list numbers in brackets": ("(16) . However, it was late.", "Was it?", "Nobody knew."),
    "quotes in code": ("{'role': 'user', 'content': 'You there?", "I am here.", "Are you?"),
    "all in lower case": ("profit fell in 2005.", "costs rose."),
    "letter that is no initial": ("We took vitamin C.", "It helped."),
    "wide space between": ("One." + 20 * " ", "Two."),
    "number of a point": ("1. Pick it up.", "2. Put it down."),
    "ellipsis before a small letter": ("Well\u2026 maybe.", "Or not."),
    "tokenised text": ("It rained in the U.S. .", "He said `` no '' ."),
}
GLUED: dict[str, tuple[str, ...]] = {
    "chinese": ("\u4eca\u5929\u5929\u6c14\u597d\u3002", "\u6211\u4eec\u8d70\u5427\uff01", "\u597d\u5417\uff1f"),
    "chinese quote": ("\u4ed6\u8bf4\uff1a\u201c\u597d\u3002\u201d", "\u6211\u4eec\u8d70\u3002"),
    "lines of a list": ("1. apples", "\n2. pears", "\n10. plums"),
    "a stop before a heading": ("It began.", " It went on", "\nand more"),
    "heading without a stop": ("Methods", "\nWe measured.", "\n\n", "It worked."),
}

HARD_CASES = [
    *(pytest.param(" ".join(parts), tuple(map(str.strip, parts)), id=name) for name, parts in HARD.items()),
    *(
        pytest.param("".join(parts), tuple(filter(None, map(str.strip, parts))), id=name)
        for name, parts in GLUED.items()
    ),
]
KNOWN_SHORTCOMINGS = [
    pytest.param("It is 3 cm. long.", ("It is 3 cm. long.",), id="a unit with a stop before a small letter"),
    pytest.param("Er kam am 3. Mai an.", ("Er kam am 3. Mai an.",), id="a German ordinal number"),
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
PROSE = st.lists(
    st.sampled_from(
        [
            "Dr.", "U.S.", "e.g.", "p. 3", "J. K.", "it", "It", "1.", "[2]", "(a)", " ", "\n", "\x85", ".", "?",
            "\u2026", "\u201c", "\u201d", '"', "(",
        ]
    ),
    max_size=60,
).map("".join)  # fmt: skip


def sentences(text: str) -> tuple[str, ...]:
    """Return the texts of the sentences."""
    return tuple(span.of(text) for span in split_sentences(text))


@cases(("text", "expected"), HARD_CASES)
def test_sentences_are_those_a_reader_sees(text: str, expected: tuple[str, ...]) -> None:
    """The hard cases are split as a reader would split them."""
    assert sentences(text) == expected


@pytest.mark.xfail(reason="known shortcoming")
@pytest.mark.parametrize(("text", "expected"), KNOWN_SHORTCOMINGS)
def test_known_shortcomings_of_the_splitter(text: str, expected: tuple[str, ...]) -> None:
    """These cases are known to be split wrongly; a pass here is good news."""
    assert sentences(text) == expected


@settings(max_examples=length(40, 200), deadline=None)
@given(text=ANY_TEXT | PROSE)
def test_every_character_is_in_one_sentence(text: str) -> None:
    """Sentences contain every character except white space, once and in order, and are trimmed."""
    spans = split_sentences(text)
    assert "".join("".join(span.of(text).split()) for span in spans) == "".join(text.split())
    assert all(span.of(text) == span.of(text).strip() != "" for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))


@settings(max_examples=length(20, 100), deadline=None)
@given(before=ANY_TEXT, text=ANY_TEXT, after=ANY_TEXT)
def test_part_of_a_text_is_split_as_if_alone(before: str, text: str, after: str) -> None:
    """The offsets are those of the whole text."""
    spans = split_sentences(before + text + after, len(before), len(before) + len(text))
    assert [Span(span.start - len(before), span.end - len(before)) for span in spans] == split_sentences(text)


def test_long_line_has_the_same_sentences_as_its_parts() -> None:
    """The splitter reads in windows: a sentence across the end of a window is found whole."""
    parts = [f"Sentence {number} has {'many ' * (number % 40)}words." for number in range(2000)]
    text = " ".join(parts)
    assert len(text) > 20 * WINDOW
    assert sentences(text) == tuple(parts)


@cases(
    "unit",
    [".", "x", "a.", "(", '"', "\u201c", "``", "a.[1 ", "(a. ", "\u4eca\u5929", "a\u0301\u0301", "\u00a0.", "a \n"],
    ids=ascii,
)
def test_long_monotonous_text_is_split_to_its_end(unit: str) -> None:
    """A long repetition (a megabyte in the nightly run), with or without line ends, must not stop the splitter."""
    text = unit * (length(200_000, 1_000_000) // len(unit))
    spans = split_sentences(text)
    assert spans[-1].end == len(text.rstrip())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("He came early, which was a pity; she came late, as she often did", "He came early, which was a pity;"),
        ("the long road to the old town, and the short road home again", "the long road to the old town,"),
        ("one two three four five six", "one two three"),
        ("abcdefgh", "abcd"),
        ("\u4eca\u5929\u5929\u6c14\uff0c\u6211\u4eec\u8d70\u5427", "\u4eca\u5929\u5929\u6c14\uff0c"),
        ("ae\u0301\u0302\u0303", "a"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467x", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("ab", "a"),
    ],
    ids=["clause", "comma", "word", "character", "chinese comma", "combining marks", "family of emoji", "two letters"],
)
def test_sentence_is_halved_at_the_best_place(text: str, left: str) -> None:
    """A clause is preferred to a word, a word to a character, and no visible character is cut."""
    first, second = split_in_half(text, Span(0, len(text)))
    assert first.of(text) == left
    assert second == trim(text, first.end, len(text))


@settings(max_examples=length(20, 100), deadline=None)
@given(text=ANY_TEXT.map(str.strip).filter(lambda text: len(text) > 1))
def test_halves_lose_nothing(text: str) -> None:
    """Both halves have words, and only white space lies between them."""
    first, second = split_in_half(text, Span(0, len(text)))
    assert first.start == 0 < first.end <= second.start < second.end == len(text)
    assert not text[first.end : second.start].strip()


PIECES = [
    "a", "Z", "1", "#", "\u0301", "\u200d", "\U0001f469", "\U0001f1e9", "\U0001f1ea", "\u7684", "\u304b", "\u3099",
]  # fmt: skip
PIECES += [
    "\uac00",
    "\u1100",
    "\u1161",
    "\u11a8",
    "\u0e01",
    "\u0e33",
    "\u0600",
    "\u0928",
    "\u094d",
    "\U0001f3fd",
    "\ufe0f",
]


@settings(max_examples=length(60, 300), deadline=None)
@given(text=st.lists(st.sampled_from(PIECES), min_size=2, max_size=300).map("".join))
def test_word_is_cut_at_the_same_place_as_with_all_its_characters(text: str) -> None:
    """Reading only near the cut changes nothing, also with combining marks, flags and syllables."""
    ends = [character.end() for character in regex.finditer(r"\X", text) if character.end() < len(text)]
    expected = min(ends or [len(text) // 2], key=lambda place: abs(place - len(text) // 2))
    assert split_in_half(text, Span(0, len(text)))[0].end == expected


@pytest.mark.parametrize("unit", ["a", "1", "\u7684", "=", "Ab9+"], ids=ascii)
def test_long_word_is_not_read_again_at_each_cut(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of five megabytes once took a minute, because each cut read it character by character."""
    characters_read = 0

    class CountingPattern:
        """The pattern of a visible character, which counts its matches."""

        def finditer(self, text: str, start: int = 0) -> Iterator[regex.Match[str]]:
            nonlocal characters_read
            for found in regex.finditer(r"\X", text, pos=start):
                characters_read += 1
                yield found

    monkeypatch.setattr(sentences_module, "_CHARACTER", CountingPattern())
    word = unit * (200_000 // len(unit))
    pending, cuts = split_sentences(word), 0
    while pending:
        span = pending.pop()
        if span.end - span.start > 500:
            pending += split_in_half(word, span)
            cuts += 1
    assert cuts > 200
    assert characters_read < 1000


def test_panic_in_the_splitter_loses_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic is not an `Exception`; it leaves the line as one sentence."""

    class PanicException(BaseException):
        pass

    def panic(language: str, text: str) -> list[str]:
        raise PanicException

    monkeypatch.setattr("sentencex.segment", panic)
    assert sentences("One. Two.\nThree.") == ("One. Two.", "Three.")


def test_interrupt_stops_the_splitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is not treated as a panic."""

    def interrupt(language: str, text: str) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("sentencex.segment", interrupt)
    with pytest.raises(KeyboardInterrupt):
        split_sentences("One.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Title\nbody", "Title"), ("\n \n A. B. \nbody", "A. B."), ("\n\n", ""), ("", "")],
    ids=["first", "after empty lines", "no words", "nothing"],
)
def test_first_line_is_the_first_with_words(text: str, expected: str) -> None:
    """The line is returned whole, whatever stops it contains."""
    assert first_line(text, 0, len(text)).of(text) == expected
