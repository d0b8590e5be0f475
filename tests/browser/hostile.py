"""The corpus of hostile files: their content, their names, and whether the library accepts them.

Each has a unique word, by which a question finds it, and sets `window.pwned` if any of it is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from tests.browser.hostile_formats import pdf, word
from tests.browser.hostile_texts import LINKS, MARKUP, NAMES, TEXTS

ATTACK = "window.pwned=1"


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A file to upload."""

    subject: str
    """What is hostile about it."""
    name: str
    """As the browser sends it."""
    content: bytes
    word: str
    """A word that occurs in no other document."""
    accepted: bool = True
    """Whether the library accepts it; if not, the page shows a reason."""


_numbers = count(100)


def _word() -> str:
    return f"quagga{next(_numbers)}"


def _sentence(word: str) -> str:
    return f"The comet called {word} fell into the desert in winter"


def _text_file(subject: str, payload: str, name: str = "") -> HostileFile:
    word = _word()
    text = f"{_sentence(word)} {payload} and nobody has seen it since.\n\nAfterwards the school was closed. {payload}\n"
    return HostileFile(subject, name or f"{subject}.txt", text.encode("utf-8"), word)


def _markdown_file(subject: str, payload: str) -> HostileFile:
    word = _word()
    text = (
        f"# Of {payload}\n\n{_sentence(word)} {payload} and nobody has seen it since.\n\n{payload}\n\nThe end came.\n"
    )
    return HostileFile(f"{subject} in Markdown", f"{subject}.md", text.encode("utf-8"), word)


def _web_page(subject: str, payload: str, head: str = "", title: str = "") -> HostileFile:
    """Return a web page with the payload as markup in its head and between paragraphs of text."""
    word = _word()
    title = title or f"Of {subject}"
    filling = "Nobody in the harbour had a clock that was right, and the doctor wrote so in every letter of that year."
    text = (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>{head}</head><body><article>"
        f"<h1>{title}</h1><p>{_sentence(word)}, and nobody has seen it since. {filling}</p>{payload}"
        f"<p>{filling} {filling}</p></article></body></html>"
    )
    return HostileFile(f"{subject} in HTML", f"{subject}.html", text.encode("utf-8"), word)


def _escaped_page(subject: str, payload: str) -> HostileFile:
    """Return a page that shows escaped markup in title, author and text; unescaped, it would run."""
    escaped = payload.replace("&", "&amp;").replace("<", "&lt;")
    author = f'<meta name="author" content="{escaped.replace(chr(34), "&quot;")}">'
    page = _web_page(subject, f"<p>The whale {escaped} was of copper.</p>", author, f"Of {escaped}")
    return HostileFile(f"{subject}, escaped in HTML", f"{subject} escaped.html", page.content, page.word)


def _named_file(subject: str, name: str) -> HostileFile:
    return _text_file(f"name: {subject}", "quietly", name)


def _titled_page(subject: str, title: str) -> HostileFile:
    """Return a page with a hostile title."""
    page = _web_page(subject, "", title=title)
    return HostileFile(f"title: {subject}", f"title {subject}.html", page.content, page.word)


def _word_document(subject: str, payload: str) -> HostileFile:
    mark = _word()
    return HostileFile(f"{subject} in DOCX", f"{subject}.docx", word(payload, f"{_sentence(mark)} {payload}."), mark)


def _pdf_document(subject: str, payload: str) -> HostileFile:
    mark = _word()
    return HostileFile(f"{subject} in PDF", f"{subject}.pdf", pdf(payload, f"{_sentence(mark)}."), mark)


def _refused_file(subject: str, name: str, content: bytes) -> HostileFile:
    return HostileFile(subject, name, content, "", accepted=False)


def _large_files() -> list[HostileFile]:
    """Return files with very long words, lines, titles and pages."""
    word, line, title, lines, headings = (_word() for _ in range(5))
    empty = "\n" * 100_000
    of_headings = "".join(f"{'#' * (1 + n % 6)} Part {n} <b>{ATTACK}</b>\n\n" for n in range(3000))
    return [
        HostileFile("a word of 1 MB", "word.txt", f"{_sentence(word)} {'W' * 1_000_000}.".encode(), word),
        HostileFile(
            "a line of 300 KB", "line.txt", f"{_sentence(line)}. {'<b onclick=pwned=1> ' * 15_000}".encode(), line
        ),
        HostileFile("a title of 100 KB", "title.md", f"# {'T' * 100_000}\n\n{_sentence(title)}.".encode(), title),
        HostileFile("100,000 empty lines", "lines.txt", f"{_sentence(lines)}.{empty}The end.".encode(), lines),
        HostileFile("3,000 headings", "headings.md", f"{of_headings}{_sentence(headings)}.".encode(), headings),
    ]


CORPUS: tuple[HostileFile, ...] = (
    *(_text_file(subject, payload) for subject, payload in TEXTS.items()),
    *(_markdown_file(subject, payload) for subject, payload in {**MARKUP, **LINKS}.items()),
    *(_web_page(subject, payload, payload) for subject, payload in MARKUP.items()),
    *(_escaped_page(subject, payload) for subject, payload in MARKUP.items()),
    _titled_page("over lines", "One\n\n\nTwo\r\nThree\tFour"),
    _titled_page("a wide word", "W" * 3000),
    _titled_page("the other way", "\u202etxt.gpj \u05e9\u05dc\u05d5\u05dd"),
    *(_named_file(subject, name) for subject, name in NAMES.items()),
    *(_word_document(subject, payload) for subject, payload in list(MARKUP.items())[:4]),
    *(_pdf_document(subject, payload) for subject, payload in list(MARKUP.items())[:4]),
    *_large_files(),
    _refused_file("NUL alone", "nul.txt", b"\x00" * 100_000),
    HostileFile("one letter of NUL", "letter.txt", b"The comet zorilla fell be\x00fore the winter came.", "zorilla"),
    _refused_file("nothing", "nothing.txt", b""),
    _refused_file("a picture that runs", "picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='pwned=1'/>"),
    _refused_file("a program called a PDF", "setup.pdf", b"MZ\x90\x00<script>window.pwned=1</script>"),
    _refused_file(
        "a broken PDF", "broken <img src=x onerror=window.pwned=1>.pdf", b"%PDF-1.7\n<script>window.pwned=1</script>"
    ),
)
