"""Bytes in any encoding are decoded to text."""

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
def test_text_in_any_encoding_is_decoded(text: str, encoding: str) -> None:
    """The decoded text equals the text that was encoded."""
    decoded = decode(text.encode(encoding))
    assert decoded is not None
    assert decoded.text == text
    assert decoded.notes == ()


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01\x02\x03" * 50, b"\x89PNG\x0d\x0a\x1a\x0a" + bytes(range(256)) * 4, bytes(range(1, 32)) * 9],
    ids=["zeros and ones", "a picture", "control characters"],
)
def test_binary_data_is_not_decoded(data: bytes) -> None:
    """Bytes that no text would contain are refused instead of shown as noise."""
    assert decode(data) is None


def test_invalid_byte_in_utf8_is_replaced_and_noted() -> None:
    """A UTF-8 file with one invalid byte stays UTF-8, and a note counts the unreadable characters."""
    decoded = decode(FRENCH.encode() + b"\xff fin")
    assert decoded is not None
    assert decoded.text == FRENCH + "\ufffd fin"
    assert "One character" in decoded.notes[0]


def test_truncated_utf16_is_decoded_with_a_note() -> None:
    """Half a character at the end becomes a replacement character, and a note says so."""
    decoded = decode(b"\xff\xfea\x00b\x00\x00\xd8")
    assert decoded is not None
    assert decoded.text.startswith("ab")
    assert "UTF-16" in decoded.notes[0]


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
def test_declared_encoding_is_used_if_it_fits(name: str, readable: bool) -> None:
    """The encoding that a page declares is used only if it can be true."""
    decoded = decode_as("für".encode("cp1252"), name)
    assert (decoded is not None and decoded.text == "für") is readable
