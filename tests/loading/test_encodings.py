"""Bytes to text in any encoding."""

from __future__ import annotations

import pytest

from index.loading.plain_text import decode, decode_as
from tests.cases import cases

HEBREW = "אתמול הלכנו לטייל ביער ומצאנו שם הרבה פטריות טעימות. " * 3
RUSSIAN = "Вчера мы пошли гулять в лес и нашли там много грибов. " * 3
POLISH = "Zażółć gęślą jaźń. Wczoraj poszliśmy na długi spacer do lasu, gdzie znaleźliśmy grzyby i jagody. " * 5
FRENCH = "Le café était très chaud. « Vraiment ? » dit-elle, étonnée. " * 10
ENGLISH = "A plain sentence, and another one.\nA second line."

CASES = {
    "ascii": (ENGLISH, "ascii"),
    "utf-8": (FRENCH, "utf-8"),
    "utf-8 with mark": (FRENCH, "utf-8-sig"),
    "utf-16 with mark": (FRENCH, "utf-16"),
    "utf-16, little end first, no mark": (ENGLISH, "utf-16-le"),
    "utf-16, big end first, no mark": (ENGLISH, "utf-16-be"),
    "utf-32 with mark": (ENGLISH, "utf-32"),
    "utf-32, little end first, no mark": (ENGLISH, "utf-32-le"),
    "utf-32, big end first, no mark": (ENGLISH, "utf-32-be"),
    "western european": (FRENCH, "cp1252"),
    "one short line of western european": ("Ein schöner Mann, größer als können.", "cp1252"),
    "spanish": ("El niño comió la paella. ¡Qué rico! dijo la señora. " * 10, "cp1252"),
    "japanese": ("昨日は森へ散歩に行きました。きのこをたくさん見つけました。" * 5, "shift_jis"),
    "chinese": ("昨天我们去森林散步，发现了很多蘑菇。" * 5, "gb18030"),
    "polish": (POLISH, "cp1250"),
    "russian": (RUSSIAN, "cp1251"),
    "hebrew": (HEBREW, "iso8859_8"),
}


@cases(("text", "encoding"), CASES.values(), ids=CASES.keys())
def test_reads(text: str, encoding: str) -> None:
    """The words come back as they were written."""
    found = decode(text.encode(encoding))
    assert found is not None
    assert found.text == text
    assert found.notes == ()


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01\x02\x03" * 50, b"\x89PNG\x0d\x0a\x1a\x0a" + bytes(range(256)) * 4, bytes(range(1, 32)) * 9],
    ids=["zeros and ones", "a picture", "control characters"],
)
def test_binary_is_not_text(data: bytes) -> None:
    """Bytes that no text would hold are refused, not shown as noise."""
    assert decode(data) is None


def test_a_bad_byte_does_not_ruin_a_file() -> None:
    """A UTF-8 file with one broken byte stays UTF-8, and says what could not be read."""
    found = decode(FRENCH.encode() + b"\xff fin")
    assert found is not None
    assert found.text == FRENCH + "\ufffd fin"
    assert "One character" in found.notes[0]


def test_a_cut_file_says_so() -> None:
    """Half a character at the end is a replacement mark and a note."""
    found = decode(b"\xff\xfea\x00b\x00\x00\xd8")
    assert found is not None
    assert found.text.startswith("ab")
    assert "UTF-16" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("cp1252", True),
        ("klingon", False),
        ("base64", False),
        ("utf-16", False),
        ("unicode_escape", False),
        ("ascii", True),
        ("utf-8", False),
    ],
)
def test_an_encoding_that_a_file_names(name: str, readable: bool) -> None:
    """A page's own word on its encoding counts where it can be true."""
    found = decode_as("für".encode("cp1252"), name)
    assert (found is not None and found.text == "für") is readable
