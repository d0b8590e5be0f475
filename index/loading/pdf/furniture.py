"""Finds what no reader quotes: running heads and feet, page numbers, and text that is not what the page shows."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Line, Sheet
    from index.loading.recognition.engine import PageWords


_EDGE = 0.18
"""The share of a page's height, at its top and at its foot, that may contain furniture."""
_LINES_AT_EDGE = 3
_MIN_PAGES = 3
_MIN_NUMBERS = 2
_SHARE = 0.2
_SAME_PLACE = 4.0
_REGULAR = 0.8
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"(?=[ivxlc])(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE | re.ASCII)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_MAX_LINE_CHARACTERS = 150
_LARGER = 1.1


@dataclass(frozen=True, slots=True)
class _Candidate:
    page: int
    line: Line
    at_top: bool
    pattern: tuple[str, ...]
    """The text in lower case, split at the numbers; it has one part more than `numbers`."""
    numbers: tuple[int, ...]

    @property
    def is_bare(self) -> bool:
        """Whether it has a number and no letters."""
        return bool(self.numbers) and not any(map(str.isalpha, "".join(self.pattern)))

    @property
    def has_number_at_end(self) -> bool:
        """Whether a number stands at one of its ends, separate from the words."""
        begins = not self.pattern[0] and "".join(self.pattern[1:2]).startswith(" ")
        return begins or (not self.pattern[-1] and "".join(self.pattern[-2:-1]).endswith(" "))


def without_furniture(sheets: Sequence[Sheet], body: float) -> tuple[list[list[Line]], tuple[str, ...]]:
    """Return the lines of each page without furniture, and a note on the lines that were removed.

    Type larger than the body is a heading, even if every page begins with one. If no line would be left, all stay.
    """
    candidates = [
        _Candidate(page, line, at_top, *_pattern(line.text))
        for page, sheet in enumerate(sheets)
        for line, at_top in _edge_lines(sheet)
        if line.size <= _LARGER * body
    ]
    groups: dict[tuple[tuple[str, ...], bool], list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.pattern, candidate.at_top].append(candidate)
    found = [candidate for group in groups.values() for candidate in _repeated(group, len(sheets))]
    found += _beside_page_numbers(candidates, found)
    dropped = {(candidate.page, candidate.line) for candidate in found}
    kept = [[line for line in sheet.lines if (page, line) not in dropped] for page, sheet in enumerate(sheets)]
    if not any(kept):
        return [list(sheet.lines) for sheet in sheets], ()
    heads = {candidate.page for candidate in found if not candidate.is_bare}
    numbers = {candidate.page for candidate in found if candidate.is_bare}
    return kept, _note(len(heads), len(numbers))


def _beside_page_numbers(candidates: list[_Candidate], found: list[_Candidate]) -> list[_Candidate]:
    """Return the heads that change with the chapter: a page number is in their row, or at one of their ends."""
    counted = {(_place(candidate), number - candidate.page) for candidate in found for number in candidate.numbers}
    rows = {(candidate.page, _place(candidate)) for candidate in found if candidate.is_bare}

    def is_beside(candidate: _Candidate) -> bool:
        counts = any((_place(candidate), number - candidate.page) in counted for number in candidate.numbers)
        return (candidate.has_number_at_end and counts) or (candidate.page, _place(candidate)) in rows

    known = {(candidate.page, candidate.line) for candidate in found}
    return [other for other in candidates if (other.page, other.line) not in known and is_beside(other)]


def _place(candidate: _Candidate) -> int:
    return round(candidate.line.bottom / _SAME_PLACE)


def _edge_lines(sheet: Sheet) -> Iterator[tuple[Line, bool]]:
    """Yield the outermost lines of a page, and whether they stand at its top."""
    upright = sorted((line for line in sheet.lines if not line.sideways), key=lambda line: -line.bottom)
    if not upright:
        return
    base = min(0.0, upright[-1].bottom)
    for at_top, lines in ((True, upright[:_LINES_AT_EDGE]), (False, upright[-_LINES_AT_EDGE:])):
        for line in lines:
            height = (line.bottom - base) / max(sheet.height, 1.0)
            if (
                not line.table
                and len(line.text) <= _MAX_LINE_CHARACTERS
                and (height > 1 - _EDGE if at_top else height < _EDGE)
            ):
                yield line, at_top


def _pattern(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the words around the numbers, and the numbers. A Roman numeral counts only if it stands alone."""
    if _ROMAN.fullmatch(text):
        return ("", ""), (_roman(text.lower()),)
    words = " ".join(text.lower().split())
    return tuple(_NUMBER.split(words)), tuple(int(number[:9]) for number in _NUMBER.findall(words))


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _repeated(group: list[_Candidate], pages: int) -> list[_Candidate]:
    """Return the candidates at one place on many pages whose numbers are constant or count the pages."""
    places = Counter(map(_place, group))
    place = max(places, key=lambda key: places[key - 1] + places[key] + places[key + 1])
    found = [candidate for candidate in group if abs(_place(candidate) - place) <= 1]
    on = len({candidate.page for candidate in found})
    if group[0].is_bare:
        return _counting(found) if on >= _MIN_NUMBERS else []
    reach = found[-1].page - found[0].page + 1
    if on < _MIN_PAGES or on < _SHARE * min(pages, reach):
        return []
    return found if len({candidate.numbers for candidate in found}) == 1 else _counting(found)


def _counting(found: list[_Candidate]) -> list[_Candidate]:
    """Return the candidates with a number that goes up with the page; other numbers are not page numbers."""
    best: list[_Candidate] = []
    for slot in range(len(found[0].numbers)):
        offsets = Counter(candidate.numbers[slot] - candidate.page for candidate in found)
        offset, _ = offsets.most_common(1)[0]
        regular = [candidate for candidate in found if candidate.numbers[slot] - candidate.page == offset]
        if len(regular) > len(best):
            best = regular
    enough = len({candidate.page for candidate in best}) >= _MIN_NUMBERS
    whole_run = found if len(best) >= _REGULAR * len(found) else best
    return whole_run if enough else []


def _note(heads: int, numbered: int) -> tuple[str, ...]:
    parts = []
    if heads:
        parts.append(f"a running head or foot on {_pages(heads)}")
    if numbered:
        parts.append(f"page numbers on {_pages(numbered)}")
    return (f"Left out of passages: {', '.join(parts)}.",) if parts else ()


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


# Recognises text of a PDF page that is not what the page shows: mojibake, letters apart, a bad old text recognition.
#
# Whether text is broken can be seen only by comparing it with the recognised page, which takes a second or more. So
# `is_doubtful` finds, in well under a millisecond, the few pages for which this is worthwhile.

_MIN_WORDS = 20
_MIN_LATIN_WORDS = 60
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_UNREADABLE_SHARE = 0.05
_SINGLE = re.compile(r"[^\W\d_\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff]")
_SINGLE_SHARE = 0.5
_ODD = re.compile(
    r"[^\W\d_][\d€£$|~^<>{}\\¤¦¬±§]+[^\W\d_]"  # a digit or a sign within a word
    r"|[a-zß-ÿ]{2}[A-ZÀ-Þ][a-zß-ÿ]*[A-ZÀ-Þ]"  # capitals within a word, twice
    r"|Ã[\x80-\xbf€-™]|â€"  # UTF-8 that was read as Latin-1
    r"|[bcdfghjklmnpqrstvwxz]{6}",
)
_ODD_SHARE = 0.2
_LATIN_WORD = re.compile(r"[a-zß-ɏ]{1,30}")
_COMMON_SHARE = 0.03
_COMMON = frozenset(
    """
    the of and to in is that for it was on are as with by be at this from or an
    der die und das den von zu mit des ist im nicht ein eine auf für dem sich
    de la le les et en un une que qui dans du est pour au sur par il
    el los las del una por con se su para al lo como más
    di che per non si da sono della nel gli do um uma os não com no na dos
    het een van dat te zijn op voor niet met aan
    og det som er til af på har ikke på att av jag inte och ja ei että se oli hän mutta kun
    w i z nie się jest że od po v a je s o za so ne ali ki și cu este nu din sau care
    az és hogy nem egy ve bir bu için ile olan ir ar kas ning see
    yang dan ini itu dengan untuk tidak và của là có các những ad cum sed quod els dels amb
    """.split()
)
"""The most frequent words of languages with Latin letters: English, German, French, Spanish, Italian, Portuguese,
Dutch, the Scandinavian languages, Finnish, Polish, Czech and its neighbours, Romanian, Hungarian, Turkish, the Baltic
ones, Indonesian, Vietnamese, Latin, Catalan. Of any prose, they are a fifth or more."""
_WORD = re.compile(r"[^\W_]{3,}")
_SURE, _AGREEMENT, _MIN_SURE_WORDS = 0.75, 0.7, 8
_MORE = 2.0


def is_doubtful(text: str) -> bool:
    """Return whether the text of a page looks broken. Lists of names or numbers may look so, too."""
    words = text.split()
    if len(words) < _MIN_WORDS:
        return False
    unreadable = len(_UNREADABLE.findall(text)) > _UNREADABLE_SHARE * sum(map(len, words))
    apart = sum(len(word) == 1 and bool(_SINGLE.match(word)) for word in words) > _SINGLE_SHARE * len(words)
    return unreadable or apart or _is_odd(words) or _is_meaningless(text)


def _is_odd(words: list[str]) -> bool:
    lettered = [word for word in words if any(map(str.isalpha, word))]
    return sum(bool(_ODD.search(word)) for word in lettered) > _ODD_SHARE * max(len(lettered), _MIN_WORDS)


def _is_meaningless(text: str) -> bool:
    """Return whether a text in Latin letters has none of the words that any prose in such letters has."""
    words = _LATIN_WORD.findall(text.lower())
    return len(words) >= _MIN_LATIN_WORDS and sum(word in _COMMON for word in words) < _COMMON_SHARE * len(words)


def is_right(page: PageWords, text: str) -> bool | None:
    """Return whether the doubtful text of a page is what was recognised on it; None if too little was recognised."""
    known = _words(text)
    sure = _words(" ".join(word.text for word in page.words if word.confidence > _SURE))
    if page.confidence <= _SURE or sure.total() < _MIN_SURE_WORDS:
        return None
    return (known & sure).total() >= _AGREEMENT * sure.total()


def says_more(page: PageWords, text: str) -> bool:
    """Return whether a recognised page has far more words than the few that the page has as text."""
    return page.confidence > _SURE and len(page.text) > _MORE * max(len(text), 1)


def _words(text: str) -> Counter[str]:
    """Return the words of three letters or more, without accents: not every engine knows every language."""
    plain = unicodedata.normalize("NFD", text.casefold())
    return Counter(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))
