"""Recognises text of a PDF page that is not what the page shows: mojibake, letters apart, a bad old text recognition.

Whether text is broken can be seen only by comparing it with the recognised page, which takes a second or more. So
`is_doubtful` finds, in well under a millisecond, the few pages for which this is worthwhile.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.loading.recognition.engine import PageWords

_FEWEST_WORDS = 20
_FEWEST_LATIN = 60
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
_SURE, _AGREEMENT, _FEWEST_SURE = 0.75, 0.7, 8
_MORE = 2.0


def is_doubtful(text: str) -> bool:
    """Return whether the text of a page looks broken. Lists of names or numbers may look so, too."""
    words = text.split()
    if len(words) < _FEWEST_WORDS:
        return False
    unreadable = len(_UNREADABLE.findall(text)) > _UNREADABLE_SHARE * sum(map(len, words))
    apart = sum(len(word) == 1 and bool(_SINGLE.match(word)) for word in words) > _SINGLE_SHARE * len(words)
    return unreadable or apart or _is_odd(words) or _is_meaningless(text)


def _is_odd(words: list[str]) -> bool:
    lettered = [word for word in words if any(map(str.isalpha, word))]
    return sum(bool(_ODD.search(word)) for word in lettered) > _ODD_SHARE * max(len(lettered), _FEWEST_WORDS)


def _is_meaningless(text: str) -> bool:
    """Return whether a text in Latin letters has none of the words that any prose in such letters has."""
    words = _LATIN_WORD.findall(text.lower())
    return len(words) >= _FEWEST_LATIN and sum(word in _COMMON for word in words) < _COMMON_SHARE * len(words)


def is_right(page: PageWords, text: str) -> bool | None:
    """Return whether the doubtful text of a page is what was recognised on it; None if too little was recognised."""
    known = _words(text)
    sure = _words(" ".join(word.text for word in page.words if word.confidence > _SURE))
    if page.confidence <= _SURE or sure.total() < _FEWEST_SURE:
        return None
    return (known & sure).total() >= _AGREEMENT * sure.total()


def says_more(page: PageWords, text: str) -> bool:
    """Return whether a recognised page has far more words than the few that the page has as text."""
    return page.confidence > _SURE and len(page.text) > _MORE * max(len(text), 1)


def _words(text: str) -> Counter[str]:
    """Return the words of three letters or more, without accents: not every engine knows every language."""
    plain = unicodedata.normalize("NFD", text.casefold())
    return Counter(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))
