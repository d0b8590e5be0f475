"""The names of exported files: the question in any script, safe on every system, and never too long."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from index.server.uploads import LONGEST, MOST_BYTES, attachment, batch_stem, file_stem
from tests.cases import cases

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f. ]|[\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
"""Characters that some system forbids or treats specially in a name, and those that mislead its reader."""
WINDOWS = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])", re.IGNORECASE)


@cases(
    ("question", "stem"),
    [
        ("Who signed the treaty?", "who-signed-the-treaty"), ("Who's ‘king’ – and why?", "whos-king-and-why"),
        ("  ../../etc/passwd\x00\n", "etc-passwd"), ("Was kostet der Vertrag für Öl?", "was-kostet-der-vertrag-für-öl"),
        ("Кто подписал договор?", "кто-подписал-договор"),
        ("条約に署名したのは誰ですか?", "条約に署名したのは誰ですか"),
        ("हिन्दी में कौन?", "हिन्दी-में-कौन"), ("من وقّع المعاهدة؟", "من-وقّع-المعاهدة"), ("e\u0301te\u0301", "été"),
        ("CON", "answer-con"), ("com1?", "answer-com1"), ("\U0001f433?!", "answer"), ("", "answer"),
        ("\u202eexe.txt", "exe-txt"), ("\ud800 king", "king"), ("in:oil.txt type:pdf", "in-oil-txt-type-pdf"),
    ],
)  # fmt: skip
def test_question_becomes_a_name(question: str, stem: str) -> None:
    """Letters, digits and marks of every script are kept; all else separates words."""
    assert file_stem(question) == stem


def test_long_question_ends_at_a_word() -> None:
    """A single long word is cut; a script of several bytes a letter is cut earlier."""
    assert file_stem("What did the king and the queen say about the treaty of the harbour in winter?") == (
        "what-did-the-king-and-the-queen-say-about-the-treaty-of-the"
    )
    assert file_stem("a" * 100) == "a" * LONGEST
    assert len(file_stem("条" * 100).encode()) <= MOST_BYTES
    assert file_stem(f"{'a' * LONGEST} b") == "a" * LONGEST


@given(st.text(st.characters(), max_size=300))
def test_every_name_is_safe(question: str) -> None:
    """On Windows, macOS and Linux, whatever the question."""
    stem = file_stem(question)
    assert stem
    assert not FORBIDDEN.search(stem)
    assert not WINDOWS.fullmatch(stem)
    assert len(stem) <= LONGEST
    assert len(f"{stem}.jsonl".encode()) <= 255
    header = attachment(stem, ".md")
    assert header.isascii()
    assert header.isprintable()
    full = re.fullmatch(r"attachment; filename=\"[A-Za-z0-9-]+\.md\"(?:; filename\*=UTF-8''([^'; \"]+))?", header)
    assert full is not None
    assert unquote(full[1] or f"{stem}.md") == f"{stem}.md"


def test_ascii_name_is_for_clients_that_know_no_other() -> None:
    """Accents go; a script without ASCII letters leaves the plain name (RFC 6266)."""
    assert attachment("who", ".csv") == 'attachment; filename="who.csv"'
    assert attachment("für-öl", ".csv") == "attachment; filename=\"fur-ol.csv\"; filename*=UTF-8''f%C3%BCr-%C3%B6l.csv"
    assert attachment("кто-7", ".md").startswith('attachment; filename="7.md"; ')
    assert attachment("кто", ".md").startswith('attachment; filename="answer.md"; ')


def test_table_is_named_by_its_first_question() -> None:
    """And says how many follow."""
    assert batch_stem(["Who?"]) == "who"
    assert batch_stem(["Who?", "Where?", "When?"]) == "who-and-2-more"
    assert batch_stem([]) == "answers"
    assert batch_stem(["?", "Who?"], "matrix") == "matrix-and-1-more"
