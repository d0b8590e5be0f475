"""The canonical text, which all spans count in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.sentences import has_words, normalise
from tests.cases import cases

CASES = {
    "windows newlines": ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    "rare newlines": ("one\u2028two\x85three\x0bfour", "one\ntwo\nthree\nfour"),
    "a paragraph separator": ("one\u2029two", "one\n\ntwo"),
    "many blank lines": ("one\n\n\n \n\ntwo", "one\n\ntwo"),
    "blanks at line ends": ("one  \t\ntwo ", "one\ntwo"),
    "blanks around": ("\n  one\n", "one"),
    "control characters": ("o\x00n\x07e\x7f", "one"),
    "a byte-order mark": ("\ufeffone", "one"),
    "a soft hyphen": ("co\u00adoperation", "cooperation"),
    "a zero-width space": ("long\u200bword", "longword"),
    "directional overrides": ("\u202eabc\u202c", "abc"),
    "a ligature": ("e\ufb03cient \ufb01nance", "efficient finance"),
    "a no-break space": ("10\u00a0km", "10 km"),
    "a letter in two parts": ("e\u0301te\u0301", "été"),
    "two halves of a character": ("\ud83d\ude00", "😀"),
    "half a character": ("a\ud83db", "a\ufffdb"),
    "a joiner of Persian, with which words are spelt": ("می\u200cخواهم", "می\u200cخواهم"),
    "a joiner of emoji": ("👩\u200d🔬", "👩\u200d🔬"),
    "a bullet of the Symbol font": ("\uf0b7 item", "• item"),
}


@cases(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_equivalent_spellings_become_one_form(raw: str, expected: str) -> None:
    """Spellings that a reader cannot tell apart become one."""
    assert normalise(raw) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_normalised_text_is_canonical(text: str) -> None:
    """Again changes nothing; only newline and tab control it; no surrogate, double blank line or outer white space."""
    assert normalise(normalise(text)) == normalise(text)
    normalised = normalise(text)
    assert not {letter for letter in normalised if unicodedata.category(letter) in {"Cc", "Cs"}} - {"\n", "\t"}
    assert "\n\n\n" not in normalised
    assert normalised == normalised.strip()
    normalised.encode("utf-8")


@pytest.mark.parametrize(("text", "expected"), [("… — !", False), ("7", True), ("語", True), ("", False)])
def test_text_has_words_if_it_has_a_letter_or_digit(text: str, expected: bool) -> None:
    """One letter or digit of any script is enough to be found."""
    assert has_words(text) is expected
