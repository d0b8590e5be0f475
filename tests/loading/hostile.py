"""Files that are made to break their readers: small ones that ask for much, and deep, long or endless ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import docx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LEVELS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
_LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "ha">{_LEVELS}]>'
_QUADRATIC = f'<!DOCTYPE x [<!ENTITY e9 "{"ha" * 50_000}">]>'
_SENTENCE = b"The Arctic Tern was moored in the harbour. "


def word(parts: Mapping[str, str | bytes]) -> bytes:
    """A Word document with other parts in place of its own."""
    sound = io.BytesIO()
    docx.Document().save(sound)
    out = io.BytesIO()
    with zipfile.ZipFile(sound) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as changed:
        for name in archive.namelist():
            changed.writestr(name, parts.get(name, archive.read(name)))
        for name in parts.keys() - archive.namelist():
            changed.writestr(name, parts[name])
    return out.getvalue()


def body(inside: str, before: str = "") -> bytes:
    """A Word document with this body."""
    xml = f'<?xml version="1.0"?>{before}<w:document {_W}><w:body>{inside}</w:body></w:document>'
    return word({"word/document.xml": xml})


def paragraph_of(text: str) -> str:
    """A paragraph of a Word document."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def lying_sizes(data: bytes, size: int) -> bytes:
    """An archive whose table of contents says that each part unpacks to so many bytes."""
    changed, at = bytearray(data), data.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 24 : at + 28] = struct.pack("<I", size)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def bomb(megabytes: int) -> bytes:
    """A Word document whose text is that large, and almost nothing when it is packed."""
    return body(paragraph_of("ha " * (megabytes * 350_000)))


def pdf(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, which are numbered from 1, without a table of them: readers then look for each."""
    bodies = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, each) for n, each in enumerate(objects, 1))
    return b"%%PDF-1.5\n%strailer\n<< /Root %d 0 R /Size %d >>\n%%%%EOF\n" % (bodies, root, len(objects) + 1)


def stream(data: bytes, more: bytes = b"") -> bytes:
    """A stream, packed once."""
    packed = zlib.compress(data)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), more, packed)


_FONT = b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_SAID = b"BT /F 11 Tf 72 700 Td (The Arctic Tern was moored.) Tj ET"


def one_page(content: bytes = _SAID, page: bytes = b"", *more: bytes) -> bytes:
    """A PDF of one page; `more` are objects from 5 on."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s %s >>" % (_FONT, page),
        stream(content),
        *more,
    )


def pages_in_a_circle() -> bytes:
    """A page tree whose branches are their own ancestors."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1000000 >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R >>",
    )


def pages_deep(levels: int) -> bytes:
    """A page tree that is a chain."""
    chain = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 3) for n in range(levels)]
    page = b"<< /Type /Page /MediaBox [0 0 9 9] >>"
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", *chain, page)


def notes_on_a_page(count: int) -> bytes:
    """A page with that many notes on it."""
    note = b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (ha) >>"
    return one_page(_SAID, b"/Annots [%s]" % (b"5 0 R " * count), note)


def forms_in_a_circle() -> bytes:
    """A drawing that draws itself."""
    form = stream(
        b"/X Do /X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    )
    font = _FONT.removeprefix(b"/Resources << ")
    page = b"/Resources << /XObject << /X 5 0 R >> " + font
    return one_page(_SAID + b" /X Do", page, form)


def outline_in_a_circle() -> bytes:
    """An outline whose entries follow each other for ever."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s >>" % _FONT,
        stream(_SAID),
        b"<< /Type /Outlines /First 6 0 R /Last 7 0 R >>",
        b"<< /Title (A) /Next 7 0 R /First 6 0 R /Dest [3 0 R /Fit] >>",
        b"<< /Title (B) /Next 6 0 R /First 7 0 R /Dest [3 0 R /Fit] >>",
    )


def packed_again(times: int, megabytes: int) -> bytes:
    """A page whose content is packed in packed data, and unpacks to very much."""
    data = b" " * (megabytes << 20) + _SAID
    for _ in range(times):
        data = zlib.compress(data, 9)
    filters = b"/FlateDecode " * times
    content = b"<< /Length %d /Filter [%s] >>\nstream\n%s\nendstream" % (len(data), filters, data)
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s >>" % _FONT,
        content,
    )


HOSTILE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "HTML, nested": ("a.html", lambda n: b"<html>" + b"<div>" * (100 * n) + _SENTENCE),
    "HTML, lists nested": ("a.html", lambda n: b"<html>" + b"<ul><li>" * (50 * n) + _SENTENCE),
    "HTML, tables nested": ("a.html", lambda n: b"<html>" + b"<table><tr><td>ha" * (10 * n) + _SENTENCE),
    "HTML, nothing but comments": ("a.html", lambda n: b"<!---->" * (10 * n) + _SENTENCE),
    "HTML, comments that do not end": ("a.html", lambda n: b"<html>" + b"<!-- " * (100 * n) + _SENTENCE),
    "HTML, attributes": ("a.html", lambda n: b"<html><p " + b"a='b' " * (100 * n) + b">" + _SENTENCE),
    "HTML, one attribute": ("a.html", lambda n: b"<html><p style='" + b"display:" * (100 * n) + b"'>" + _SENTENCE),
    "HTML, entities": ("a.html", lambda n: b"<html><p>" + b"&amp;lt;&#x10ffff;&#0;&nope;" * (50 * n) + _SENTENCE),
    "HTML, small paragraphs": ("a.html", lambda n: b"<html>" + b"<p>ha ha" * (50 * n) + _SENTENCE),
    "HTML, links": ("a.html", lambda n: b"<html>" + b"<a href=/>ha ha</a> " * (50 * n) + _SENTENCE),
    "Markdown, quotes in quotes": ("a.md", lambda n: b">" * (100 * n) + _SENTENCE),
    "Markdown, lists in lists": ("a.md", lambda n: b"- " * (100 * n) + _SENTENCE),
    "Markdown, brackets": ("a.md", lambda n: b"[" * (50 * n) + _SENTENCE + b"](a)" * (50 * n)),
    "Markdown, stars": ("a.md", lambda n: b"*a **a _a " * (50 * n) + _SENTENCE),
    "Markdown, ticks": (
        "a.md",
        lambda n: b"".join(b"`" * k + b"a" for k in range(int((20 * n) ** 0.5) + 2)) + _SENTENCE,
    ),
    "Markdown, comments that do not end": ("a.md", lambda n: b"# A\n\n<div>" + b"<!-- " * (100 * n) + _SENTENCE),
    "Markdown, tags that do not end": ("a.md", lambda n: b"# A\n\n" + b"<a <script " * (50 * n) + _SENTENCE),
    "Markdown, definitions": ("a.md", lambda n: b"".join(b"[%d]: /a\n" % k for k in range(10 * n)) + b"\n" + _SENTENCE),
    "Markdown, a table": (
        "a.md",
        lambda n: b"|a" * n + b"|\n" + b"|-" * n + b"|\n" + b"|b" * n + b"|\n" + b"|c|\n" * n,
    ),
    "Markdown, a head that does not end": ("a.md", lambda n: b"---\n" + b"a: [[[[\n" * (20 * n) + _SENTENCE),
    "Markdown, a value of brackets": (
        "a.md",
        lambda n: b"---\na: " + b"[" * (10 * n) + b"]" * (10 * n) + b"\n---\n" + _SENTENCE,
    ),
    "text, one line": ("a.txt", lambda n: b"ha,he;" * (1000 * n)),
    "text, one word": ("a.txt", lambda n: b"ha" * (1000 * n)),
    "text, blanks": ("a.txt", lambda n: b"a" + b" " * (100 * n) + b"b  c" + b" " * (100 * n) + b"."),
    "text, tabs": ("a.txt", lambda n: b"a\tb\t" * (100 * n)),
    "text, empty lines": ("a.txt", lambda n: b"a" + b"\n" * (1000 * n) + b"b"),
    "text, marks": ("a.txt", lambda n: b"." * (100 * n) + b'"' * (100 * n) + b" a"),
    "text, rules": ("a.txt", lambda n: b"a\n====\n" * (50 * n)),
    "text, combining marks": ("a.txt", lambda n: b"a" + "\u0301\u0323".encode() * (50 * n)),
    "text, by-lines": ("a.txt", lambda n: b"By " + b"A. B. and " * (50 * n) + b"\n\n" + _SENTENCE),
    "text, mail without an end": ("a.txt", lambda n: b"A: b\n c\n" * (100 * n)),
    "JSON, nested": ("a.json", lambda n: b"[" * (100 * n)),
    "JSON in text": ("a.txt", lambda n: b"[" * (100 * n) + b"]" * (100 * n)),
    "Org, stars": ("a.org", lambda n: b"*" * (100 * n) + b" A\n\n" + b"* a\n" * (50 * n)),
    "XML, entities": ("a.xml", lambda n: f'<?xml version="1.0"?>{_LAUGHS}<x>&e9;</x>'.encode()),
    "Word, entities that grow": ("a.docx", lambda n: body(paragraph_of("&e9;"), _LAUGHS)),
    "Word, one large entity": ("a.docx", lambda n: body(paragraph_of("&e9;" * n), _QUADRATIC)),
    "Word, entities in another part": (
        "a.docx",
        lambda n: word({"docProps/core.xml": f'<?xml version="1.0"?>{_LAUGHS}<x>&e9;</x>'}),
    ),
    "Word, a file of the machine": (
        "a.docx",
        lambda n: body(paragraph_of("&f; ha"), '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
    ),
    "Word, tables nested": (
        "a.docx",
        lambda n: body("<w:tbl><w:tr><w:tc>" * (10 * n) + "</w:tc></w:tr></w:tbl>" * (10 * n)),
    ),
    "Word, controls nested": (
        "a.docx",
        lambda n: body("<w:sdt><w:sdtContent>" * (10 * n) + paragraph_of("ha") + "</w:sdtContent></w:sdt>" * (10 * n)),
    ),
    "Word, boxes nested": (
        "a.docx",
        lambda n: body("<w:p><w:r><w:txbxContent>" * n + paragraph_of("ha") + "</w:txbxContent></w:r></w:p>" * n),
    ),
    "Word, small paragraphs": ("a.docx", lambda n: body(paragraph_of("ha") * (50 * n))),
    "Word, a bomb": ("a.docx", lambda n: bomb(n // 10)),
    "Word, sizes that lie": ("a.docx", lambda n: lying_sizes(body(paragraph_of("ha")), 0xFFFFFFF0)),
    "Word, sizes that lie a little": ("a.docx", lambda n: lying_sizes(bomb(n // 10), 1000)),
    "Word, many parts": ("a.docx", lambda n: word({f"x/{k}.xml": "<x/>" for k in range(10 * n)})),
    "PDF, pages in a circle": ("a.pdf", lambda n: pages_in_a_circle()),
    "PDF, pages in a chain": ("a.pdf", lambda n: pages_deep(n)),
    "PDF, a million pages that are not there": (
        "a.pdf",
        lambda n: pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count %d >>" % (1000 * n)),
    ),
    "PDF, one page again and again": (
        "a.pdf",
        lambda n: pdf(
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * (10 * n), 10 * n),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s >>" % _FONT,
            stream(_SAID),
        ),
    ),
    "PDF, annotations": ("a.pdf", lambda n: notes_on_a_page(1000 * n)),
    "PDF, a drawing of itself": ("a.pdf", lambda n: forms_in_a_circle()),
    "PDF, an outline in a circle": ("a.pdf", lambda n: outline_in_a_circle()),
    "PDF, packed ten times": ("a.pdf", lambda n: packed_again(10, n // 10)),
    "PDF, letters": ("a.pdf", lambda n: one_page(b"BT /F 1 Tf 0 0 Td " + b"(ha) Tj " * (50 * n) + b"ET")),
    "PDF, letters apart": (
        "a.pdf",
        lambda n: one_page(
            b"BT /F 1 Tf " + b"".join(b"1 0 0 1 %d %d Tm (a) Tj " % (k % 600, k // 600) for k in range(10 * n)) + b"ET"
        ),
    ),
    "PDF, arrays nested": ("a.pdf", lambda n: one_page(_SAID, b"/X " + b"[" * (100 * n))),
    "PDF, states kept": ("a.pdf", lambda n: one_page(b"q " * (100 * n) + _SAID)),
    "PDF, a page without end": (
        "a.pdf",
        lambda n: one_page(_SAID, b"/MediaBox [-1e38 -1e38 1e38 1e38] /UserUnit 1e38"),
    ),
}
"""Each by what is wrong with it: its name, and its bytes at a size; at 1,000 most have 100,000 of something."""
