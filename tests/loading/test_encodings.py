"""Bytes in any encoding are decoded to text."""

from __future__ import annotations

import pytest

from index.loading.loader import load_bytes
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
    """It equals what was encoded, and no letters are said to belong together in no language."""
    decoded = decode(text.encode(encoding))
    assert decoded is not None
    assert decoded.text == text
    assert decoded.notes == load_bytes((text * 3).encode(), source="a.txt").notes == ()


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01\x02\x03" * 50, b"\x89PNG\x0d\x0a\x1a\x0a" + bytes(range(256)) * 4, bytes(range(1, 32)) * 9],
    ids=["zeros and ones", "a picture", "control characters"],
)
def test_binary_data_is_not_decoded(data: bytes) -> None:
    """Bytes that no text would contain are refused instead of shown as noise."""
    assert decode(data) is None


def test_half_readable_text_is_decoded_with_a_note() -> None:
    """An invalid byte, half a character, and lines in two encodings that were joined."""
    decoded = decode(FRENCH.encode() + b"\xff fin")
    assert decoded is not None
    assert decoded.text == FRENCH + "\ufffd fin"
    assert "One character" in decoded.notes[0]
    decoded = decode(b"\xff\xfea\x00b\x00\x00\xd8")
    assert decoded is not None
    assert decoded.text.startswith("ab")
    assert "UTF-16" in decoded.notes[0]
    decoded = decode(FRENCH.replace(". ", ".\n").encode() + RUSSIAN.replace(". ", ".\n").encode("cp1251"))
    assert decoded is not None
    assert decoded.text.split() == f"{FRENCH}{RUSSIAN}".split()
    assert decoded.notes == ("It has lines in two encodings: 3 were read as CP1251, the others as UTF-8.",)


_LINES = "The Arctic Tern was moored at Løvøya, and two boats towed her home.\n" * 20
_HALF = len(_LINES) // 2
DAMAGED = {
    "one zero in a text": (_LINES.encode()[:_HALF] + b"\0" + _LINES.encode()[_HALF:], "One byte that is zero"),
    "a letter became zero": (b"A note on terns: they left Hull at no\0n.\n" * 2, "2 bytes that are zero"),
    "zeros in many places": (_LINES.encode().replace(b"towed", b"to\0ed"), "20 bytes that are zero"),
    "zeros in Greek": ("Χθες πήγαμε βόλτα στο δάσος.\n".encode() * 9 + b"\0", "One byte that is zero"),
    "a block of zeros": (_LINES.encode()[:_HALF] + bytes(512) + _LINES.encode()[_HALF:], "512 bytes that are zero"),
    "a mark of UTF-16 before UTF-8": (b"\xff\xfe" + _LINES.encode(), "UTF-16-LE, but it is not"),
    "a mark of UTF-32 before ASCII": (b"\xff\xfe\0\0" + b"A note on terns. " * 4, "UTF-32-LE, but it is not"),
    "noise after UTF-8": (_LINES.encode() + bytes(range(128, 256)) * 2, "could not be read as UTF-8"),
}


@cases(("data", "note"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damage_is_noted_and_the_words_around_it_are_read(data: bytes, note: str) -> None:
    """Zeros, a wrong mark and noise at the end do not turn the text into another script."""
    decoded = decode(data)
    assert decoded is not None
    assert note in decoded.notes[0]
    assert "tern" in decoded.text.lower() or "δάσος" in decoded.text
    assert max(decoded.text.replace("\ufffd", "")) < "\u0400"


GARBLED = {
    "a byte was lost in UTF-16": _LINES.encode("utf-16")[:200] + _LINES.encode("utf-16")[201:],
    "a byte was added to UTF-16": _LINES.encode("utf-16-be")[:200] + b"x" + _LINES.encode("utf-16-be")[200:],
    "UTF-8, then UTF-16": _LINES[:_HALF].encode() + _LINES[_HALF:].encode("utf-16-le"),
    "encoded twice": ("Le café était très chaud, dit-elle, étonnée.\n" * 9).encode().decode("cp1252").encode(),
    "high bits were set": bytes(
        byte | 128 if n % 3 == 0 and byte > 64 else byte for n, byte in enumerate(_LINES.encode())
    ),
}


@cases("data", GARBLED.values(), ids=GARBLED.keys())
def test_letters_of_no_language_are_noted(data: bytes) -> None:
    """Where the words cannot be rescued, a note says that some letters belong together in no language."""
    assert "belong together in no language" in load_bytes(data, source="a.txt").notes[-1]
    mail = "From: a@example.org\nTo: b@example.org\nSubject: Terns\n\n".encode("utf-16-le") + b"x"
    assert "no language" in load_bytes(mail + _LINES.encode("utf-16-le"), source="a.eml").notes[-1]


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("cp1252", True), ("klingon", False), ("base64", False), ("utf-16", False), ("unicode_escape", False),
        ("ascii", True), ("utf-8", False), ("utf\0", False),
    ],
)  # fmt: skip
def test_declared_encoding_is_used_if_it_fits(name: str, readable: bool) -> None:
    """The encoding that a page declares is used only if it can be true."""
    decoded = decode_as("für".encode("cp1252"), name)
    assert (decoded is not None and decoded.text == "für") is readable
