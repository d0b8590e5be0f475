"""Documents that want to be more than text: what they hold, what they are called, and whether they are taken in.

Each holds a word of its own, so that a question about it finds it, and sets `window.pwned` where any of it is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from tests.browser.hostile_formats import pdf, word
from tests.browser.hostile_texts import LINKS, MARKUP, NAMES, TEXTS

PWN = "window.pwned=1"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file that somebody uploads."""

    about: str
    """What is hostile in it."""
    name: str
    """As the browser sends it."""
    content: bytes
    word: str
    """Occurs in this document and in no other."""
    taken: bool = True
    """Whether the library takes it in; where it does not, a reason is shown."""


_numbers = count(100)


def _word() -> str:
    return f"quagga{next(_numbers)}"


def _sentence(word: str) -> str:
    return f"The comet called {word} fell into the desert in winter"


def _text(about: str, payload: str, name: str = "") -> Hostile:
    word = _word()
    text = f"{_sentence(word)} {payload} and nobody has seen it since.\n\nAfterwards the school was closed. {payload}\n"
    return Hostile(about, name or f"{about}.txt", text.encode("utf-8"), word)


def _markdown(about: str, payload: str) -> Hostile:
    word = _word()
    text = (
        f"# Of {payload}\n\n{_sentence(word)} {payload} and nobody has seen it since.\n\n{payload}\n\nThe end came.\n"
    )
    return Hostile(f"{about} in Markdown", f"{about}.md", text.encode("utf-8"), word)


def _page(about: str, payload: str, head: str = "", title: str = "") -> Hostile:
    """A page of the web; its payload stands as markup in the head and among paragraphs long enough to be its text."""
    word = _word()
    title = title or f"Of {about}"
    filling = "Nobody in the harbour had a clock that was right, and the doctor wrote so in every letter of that year."
    text = (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>{head}</head><body><article>"
        f"<h1>{title}</h1><p>{_sentence(word)}, and nobody has seen it since. {filling}</p>{payload}"
        f"<p>{filling} {filling}</p></article></body></html>"
    )
    return Hostile(f"{about} in HTML", f"{about}.html", text.encode("utf-8"), word)


def _escaped(about: str, payload: str) -> Hostile:
    """A page that shows markup to its readers, in title, author and text: what it says is what would be run."""
    shown = payload.replace("&", "&amp;").replace("<", "&lt;")
    author = f'<meta name="author" content="{shown.replace(chr(34), "&quot;")}">'
    page = _page(about, f"<p>The whale {shown} was of copper.</p>", author, f"Of {shown}")
    return Hostile(f"{about}, escaped in HTML", f"{about} escaped.html", page.content, page.word)


def _named(about: str, name: str) -> Hostile:
    return _text(f"name: {about}", "quietly", name)


def _titled(about: str, title: str) -> Hostile:
    """A page whose title is the hostile part."""
    page = _page(about, "", title=title)
    return Hostile(f"title: {about}", f"title {about}.html", page.content, page.word)


def _word_document(about: str, payload: str) -> Hostile:
    mark = _word()
    return Hostile(f"{about} in DOCX", f"{about}.docx", word(payload, f"{_sentence(mark)} {payload}."), mark)


def _portable(about: str, payload: str) -> Hostile:
    mark = _word()
    return Hostile(f"{about} in PDF", f"{about}.pdf", pdf(payload, f"{_sentence(mark)}."), mark)


def _refused(about: str, name: str, content: bytes) -> Hostile:
    return Hostile(about, name, content, "", taken=False)


def _large() -> list[Hostile]:
    """Too long for a word, a line, a title or a page."""
    word, line, title, lines, headings = (_word() for _ in range(5))
    empty = "\n" * 100_000
    of_headings = "".join(f"{'#' * (1 + n % 6)} Part {n} <b>{PWN}</b>\n\n" for n in range(3000))
    return [
        Hostile("a word of 1 MB", "word.txt", f"{_sentence(word)} {'W' * 1_000_000}.".encode(), word),
        Hostile("a line of 300 KB", "line.txt", f"{_sentence(line)}. {'<b onclick=pwned=1> ' * 15_000}".encode(), line),
        Hostile("a title of 100 KB", "title.md", f"# {'T' * 100_000}\n\n{_sentence(title)}.".encode(), title),
        Hostile("100,000 empty lines", "lines.txt", f"{_sentence(lines)}.{empty}The end.".encode(), lines),
        Hostile("3,000 headings", "headings.md", f"{of_headings}{_sentence(headings)}.".encode(), headings),
    ]


CORPUS: tuple[Hostile, ...] = (
    *(_text(about, payload) for about, payload in TEXTS.items()),
    *(_markdown(about, payload) for about, payload in {**MARKUP, **LINKS}.items()),
    *(_page(about, payload, payload) for about, payload in MARKUP.items()),
    *(_escaped(about, payload) for about, payload in MARKUP.items()),
    _titled("over lines", "One\n\n\nTwo\r\nThree\tFour"),
    _titled("a wide word", "W" * 3000),
    _titled("the other way", "\u202etxt.gpj \u05e9\u05dc\u05d5\u05dd"),
    *(_named(about, name) for about, name in NAMES.items()),
    *(_word_document(about, payload) for about, payload in list(MARKUP.items())[:4]),
    *(_portable(about, payload) for about, payload in list(MARKUP.items())[:4]),
    *_large(),
    _refused("NUL alone", "nul.txt", b"\x00" * 100_000),
    _refused("one letter of NUL", "letter.txt", b"The comet fell be\x00fore the winter came to the desert."),
    _refused("nothing", "nothing.txt", b""),
    _refused("a picture that runs", "picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='pwned=1'/>"),
    _refused("a program called a PDF", "setup.pdf", b"MZ\x90\x00<script>window.pwned=1</script>"),
    _refused(
        "a broken PDF", "broken <img src=x onerror=window.pwned=1>.pdf", b"%PDF-1.7\n<script>window.pwned=1</script>"
    ),
)
