"""Files built to break their readers: small files that need much memory, and deep, long or endless files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import docx
import openpyxl

from tests.loading.archives import zipped
from tests.loading.office import bytes_of
from tests.loading.samples import epub, fodt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LEVELS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
_LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "ha">{_LEVELS}]>'
_QUADRATIC = f'<!DOCTYPE x [<!ENTITY e9 "{"ha" * 50_000}">]>'
_SENTENCE = b"The Arctic Tern was moored in the harbour. "


def word_document(parts: Mapping[str, str | bytes]) -> bytes:
    """Build a Word document in which these parts replace or extend its own."""
    with zipfile.ZipFile(io.BytesIO(bytes_of(docx.Document()))) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()} | dict(parts))


def word_with_body(inside: str, before: str = "") -> bytes:
    """Build a Word document with this body."""
    xml = f'<?xml version="1.0"?>{before}<w:document {_W}><w:body>{inside}</w:body></w:document>'
    return word_document({"word/document.xml": xml})


def paragraph_of(text: str) -> str:
    """Return the markup of a paragraph of a Word document."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def with_false_sizes(data: bytes, size: int) -> bytes:
    """Return an archive whose table of contents claims this unpacked size for each part."""
    changed, at = bytearray(data), data.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 24 : at + 28] = struct.pack("<I", size)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def word_bomb(megabytes: int) -> bytes:
    """Build a Word document whose text is this large, but almost nothing when packed."""
    return word_with_body(paragraph_of("ha " * (megabytes * 350_000)))


def pdf(*objects: bytes, root: int = 1) -> bytes:
    """Build a PDF of these objects, numbered from 1, without a cross-reference table: readers must scan for them."""
    bodies = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, content) for number, content in enumerate(objects, 1))
    return b"%%PDF-1.5\n%strailer\n<< /Root %d 0 R /Size %d >>\n%%%%EOF\n" % (bodies, root, len(objects) + 1)


def stream(data: bytes, more: bytes = b"") -> bytes:
    """Return a PDF stream, compressed once."""
    packed = zlib.compress(data)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), more, packed)


_FONT = b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_TEXT = b"BT /F 11 Tf 72 700 Td (The Arctic Tern was moored.) Tj ET"


def one_page(content: bytes = _TEXT, page: bytes = b"", *more: bytes) -> bytes:
    """Build a PDF of one page; `more` are objects from number 5 on."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s %s >>" % (_FONT, page),
        stream(content),
        *more,
    )


def circular_page_tree() -> bytes:
    """Build a PDF whose page tree contains its own ancestors."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1000000 >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R >>",
    )


def deep_page_tree(levels: int) -> bytes:
    """Build a PDF whose page tree is a chain."""
    chain = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 3) for n in range(levels)]
    page = b"<< /Type /Page /MediaBox [0 0 9 9] >>"
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", *chain, page)


def page_with_annotations(count: int) -> bytes:
    """Build a PDF page with this many annotations."""
    note = b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (ha) >>"
    return one_page(_TEXT, b"/Annots [%s]" % (b"5 0 R " * count), note)


def workbook_with_corners() -> bytes:
    """Build a workbook with a word in the first and in the last cell of a sheet."""
    made = openpyxl.Workbook()
    made.active["A1"], made.active["XFD1048576"] = "near", "far"
    return bytes_of(made)


def self_drawing_form() -> bytes:
    """Build a PDF with a form that draws itself."""
    form = stream(
        b"/X Do /X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    )
    font = _FONT.removeprefix(b"/Resources << ")
    page = b"/Resources << /XObject << /X 5 0 R >> " + font
    return one_page(_TEXT + b" /X Do", page, form)


def circular_outline() -> bytes:
    """Build a PDF with an outline whose entries follow each other in a circle."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s >>" % _FONT,
        stream(_TEXT),
        b"<< /Type /Outlines /First 6 0 R /Last 7 0 R >>",
        b"<< /Title (A) /Next 7 0 R /First 6 0 R /Dest [3 0 R /Fit] >>",
        b"<< /Title (B) /Next 6 0 R /First 7 0 R /Dest [3 0 R /Fit] >>",
    )


def repeatedly_packed(times: int, megabytes: int) -> bytes:
    """Build a PDF page whose content is compressed several times and unpacks to this many megabytes."""
    data = b" " * (megabytes << 20) + _TEXT
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
    "HTML, deeply nested": ("a.html", lambda n: b"<html>" + b"<div>" * (100 * n) + _SENTENCE),
    "HTML, nested lists": ("a.html", lambda n: b"<html>" + b"<ul><li>" * (50 * n) + _SENTENCE),
    "HTML, nested tables": ("a.html", lambda n: b"<html>" + b"<table><tr><td>ha" * (10 * n) + _SENTENCE),
    "HTML, cells that span everything": (
        "a.html",
        lambda n: b"<table>" + b"<tr><td colspan=1000 rowspan=60000>ha" * n + b"</table><p>" + _SENTENCE,
    ),
    "HTML, only comments": ("a.html", lambda n: b"<!---->" * (10 * n) + _SENTENCE),
    "HTML, unclosed comments": ("a.html", lambda n: b"<html>" + b"<!-- " * (100 * n) + _SENTENCE),
    "HTML, many attributes": ("a.html", lambda n: b"<html><p " + b"a='b' " * (100 * n) + b">" + _SENTENCE),
    "HTML, one long attribute": ("a.html", lambda n: b"<html><p style='" + b"display:" * (100 * n) + b"'>" + _SENTENCE),
    "HTML, entities": ("a.html", lambda n: b"<html><p>" + b"&amp;lt;&#x10ffff;&#0;&nope;" * (50 * n) + _SENTENCE),
    "HTML, small paragraphs": ("a.html", lambda n: b"<html>" + b"<p>ha ha" * (50 * n) + _SENTENCE),
    "HTML, links": ("a.html", lambda n: b"<html>" + b"<a href=/>ha ha</a> " * (50 * n) + _SENTENCE),
    "Markdown, nested quotes": ("a.md", lambda n: b">" * (100 * n) + _SENTENCE),
    "Markdown, nested lists": ("a.md", lambda n: b"- " * (100 * n) + _SENTENCE),
    "Markdown, brackets": ("a.md", lambda n: b"[" * (50 * n) + _SENTENCE + b"](a)" * (50 * n)),
    "Markdown, stars": ("a.md", lambda n: b"*a **a _a " * (50 * n) + _SENTENCE),
    "Markdown, backticks": (
        "a.md", lambda n: b"".join(b"`" * k + b"a" for k in range(int((20 * n) ** 0.5) + 2)) + _SENTENCE,
    ),
    "Markdown, unclosed comments": ("a.md", lambda n: b"# A\n\n<div>" + b"<!-- " * (100 * n) + _SENTENCE),
    "Markdown, unclosed tags": ("a.md", lambda n: b"# A\n\n" + b"<a <script " * (50 * n) + _SENTENCE),
    "Markdown, definitions": ("a.md", lambda n: b"".join(b"[%d]: /a\n" % k for k in range(10 * n)) + b"\n" + _SENTENCE),
    "Markdown, a table": (
        "a.md", lambda n: b"|a" * n + b"|\n" + b"|-" * n + b"|\n" + b"|b" * n + b"|\n" + b"|c|\n" * n,
    ),
    "Markdown, unclosed front matter": ("a.md", lambda n: b"---\n" + b"a: [[[[\n" * (20 * n) + _SENTENCE),
    "Markdown, front matter of brackets": (
        "a.md", lambda n: b"---\na: " + b"[" * (10 * n) + b"]" * (10 * n) + b"\n---\n" + _SENTENCE,
    ),
    "text, one line": ("a.txt", lambda n: b"ha,he;" * (1000 * n)),
    "text, one word": ("a.txt", lambda n: b"ha" * (1000 * n)),
    "text, blanks": ("a.txt", lambda n: b"a" + b" " * (100 * n) + b"b  c" + b" " * (100 * n) + b"."),
    "text, tabs": ("a.txt", lambda n: b"a\tb\t" * (100 * n)),
    "text, empty lines": ("a.txt", lambda n: b"a" + b"\n" * (1000 * n) + b"b"),
    "text, punctuation": ("a.txt", lambda n: b"." * (100 * n) + b'"' * (100 * n) + b" a"),
    "text, rules": ("a.txt", lambda n: b"a\n====\n" * (50 * n)),
    "text, combining marks": ("a.txt", lambda n: b"a" + "\u0301\u0323".encode() * (50 * n)),
    "text, bylines": ("a.txt", lambda n: b"By " + b"A. B. and " * (50 * n) + b"\n\n" + _SENTENCE),
    "text, endless mail header": ("a.txt", lambda n: b"A: b\n c\n" * (100 * n)),
    "JSON, nested": ("a.json", lambda n: b"[" * (100 * n)),
    "JSON in text": ("a.txt", lambda n: b"[" * (100 * n) + b"]" * (100 * n)),
    "Org, stars": ("a.org", lambda n: b"*" * (100 * n) + b" A\n\n" + b"* a\n" * (50 * n)),
    **{
        f"{name}, {description}": (f"a.{name}", repeat)
        for (name, description), repeat in {
            ("rtf", "groups"): lambda n: b"{\\rtf1 " + b"{" * (1000 * n) + _SENTENCE,
            ("rtf", "unclosed fields"): lambda n: b"{\\rtf1 " + b"{\\field{\\*\\fldinst{ " * (100 * n) + _SENTENCE,
            ("rtf", "cells"): lambda n: b"{\\rtf1 \\intbl " + b"a\\cell " * (100 * n) + b"\\row " + _SENTENCE,
            ("srt", "a line of digits"): lambda n: b"1" * (1000 * n) + b"\n00:00:01,0 --> 00:00:02,0\n" + _SENTENCE,
            ("srt", "times"): lambda n: b"00:00:01,0 --> 00:00:02,0\nha ha\n" * (50 * n) + _SENTENCE,
            ("vtt", "unclosed tags"): lambda n: b"WEBVTT\n\n00:01.0 --> 00:02.0\n" + b"<v " * (500 * n) + _SENTENCE,
            ("tex", "unclosed braces"): lambda n: b"\\footnote{" * (50 * n) + _SENTENCE,
            ("tex", "unclosed environments"): lambda n: b"\\begin{verbatim}" * (50 * n) + _SENTENCE,
            ("tex", "macros in macros"): lambda n: (
                b"".join(b"\\newcommand{\\m%c}{\\m%c\\m%c\\m%c}" % (k + 98, k + 97, k + 97, k + 97) for k in range(24))
                + b"\\mx " * n
                + _SENTENCE
            ),
            ("rst", "quotations"): lambda n: b"".join(b" " * k + b"ha\n\n" for k in range(5 * n)) + _SENTENCE,
            ("rst", "roles"): lambda n: b":a:`" * (100 * n) + _SENTENCE,
            ("rst", "substitutions"): lambda n: (
                b"".join(b".. |s%d| replace:: |s%d| |s%d|\n" % (k + 1, k, k) for k in range(24))
                + b"\n|s24| "
                + _SENTENCE
            ),
            ("adoc", "marks"): lambda n: b"*a _b `c " * (100 * n) + _SENTENCE,
            ("adoc", "attributes"): lambda n: (
                b"".join(b":a%d: {a%d}{a%d}{a%d}\n" % (k + 1, k, k, k) for k in range(24)) + b"\n{a24} " + _SENTENCE
            ),
            ("org", "unclosed blocks"): lambda n: b"#+BEGIN_SRC\n* a\n" * (50 * n) + _SENTENCE,
            ("1", "escapes"): lambda n: b".TH A 1\n" + b"\\f[" * (500 * n) + _SENTENCE,
            ("1", "quotation marks"): lambda n: b".TH A 1\n.B " + b'"a ' * (500 * n) + b"\n" + _SENTENCE,
            ("bib", "unclosed values"): lambda n: b"@misc{a, title={" * (100 * n) + _SENTENCE,
            ("bib", "strings of strings"): lambda n: (
                b"".join(b"@string{s%d = s%d # s%d # s%d}\n" % (k + 1, k, k, k) for k in range(24))
                + b"@misc{a, title = s24, note = {"
                + _SENTENCE
                + b"}}"
            ),
            ("json", "one deep record"): lambda n: b'{"a":' * (20 * n) + b'"' + _SENTENCE + b'"' + b"}" * (20 * n),
            ("json", "wide records"): lambda n: (
                b"[" + b'{"a": 1, "b": "ha"}, ' * (50 * n) + b'{"c": "' + _SENTENCE + b'"}]'
            ),
            ("ipynb", "many cells"): lambda n: (
                b'{"nbformat": 4, "cells": ['
                + b'{"cell_type": "markdown", "source": "ha *ha*"}, ' * (20 * n)
                + b'{"source": "ha"}]}'
            ),
            ("xml", "deep"): lambda n: b"<?xml version='1.0'?>" + b"<a>" * (100 * n) + _SENTENCE + b"</a>" * (100 * n),
            ("xml", "a doctype without an end"): lambda n: (
                b"<?xml version='1.0'?><!DOCTYPE a [" + b"<!-- ] " * (100 * n)
            ),
            ("svg", "labels"): lambda n: b"<svg>" + b"<text>ha</text>" * (50 * n) + b"</svg>",
        }.items()
    },
    "EPUB, expanding entities": ("a.epub", lambda n: epub(container=f"{_LAUGHS}<container>&e9;</container>")),
    "ODT, expanding attributes": (
        "a.fodt",
        lambda n: fodt().replace(b"<office:document ", _LAUGHS.encode() + b'<office:document e="&e9;" '),
    ),
    "XML, expanding entities": ("a.xml", lambda n: f'<?xml version="1.0"?>{_LAUGHS}<x>&e9;</x>'.encode()),
    "Word, expanding entities": ("a.docx", lambda n: word_with_body(paragraph_of("&e9;"), _LAUGHS)),
    "Word, one large entity": ("a.docx", lambda n: word_with_body(paragraph_of("&e9;" * n), _QUADRATIC)),
    "Word, entities in another part": (
        "a.docx", lambda n: word_document({"docProps/core.xml": f'<?xml version="1.0"?>{_LAUGHS}<x>&e9;</x>'}),
    ),
    "Word, entity that names a local file": (
        "a.docx",
        lambda n: word_with_body(paragraph_of("&f; ha"), '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
    ),
    "Word, nested tables": (
        "a.docx",
        lambda n: word_with_body("<w:tbl><w:tr><w:tc>" * (10 * n) + "</w:tc></w:tr></w:tbl>" * (10 * n)),
    ),
    "Word, nested controls": (
        "a.docx",
        lambda n: word_with_body(
            "<w:sdt><w:sdtContent>" * (10 * n) + paragraph_of("ha") + "</w:sdtContent></w:sdt>" * (10 * n)
        ),
    ),
    "Word, nested boxes": (
        "a.docx",
        lambda n: word_with_body(
            "<w:p><w:r><w:txbxContent>" * n + paragraph_of("ha") + "</w:txbxContent></w:r></w:p>" * n
        ),
    ),
    "Word, small paragraphs": ("a.docx", lambda n: word_with_body(paragraph_of("ha") * (50 * n))),
    "Word, zip bomb": ("a.docx", lambda n: word_bomb(n // 10)),
    "Word, false sizes": ("a.docx", lambda n: with_false_sizes(word_with_body(paragraph_of("ha")), 0xFFFFFFF0)),
    "Word, sizes that are too small": ("a.docx", lambda n: with_false_sizes(word_bomb(n // 10), 1000)),
    "Word, many parts": ("a.docx", lambda n: word_document({f"x/{k}.xml": "<x/>" for k in range(10 * n)})),
    "PDF, circular page tree": ("a.pdf", lambda n: circular_page_tree()),
    "PDF, deep page tree": ("a.pdf", lambda n: deep_page_tree(n)),
    "PDF, a million missing pages": (
        "a.pdf",
        lambda n: pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count %d >>" % (1000 * n)),
    ),
    "table, an open quote": ("a.csv", lambda n: b'ship,"year\n' + b"Tern,1911\n" * (100 * n)),
    "table, one endless record": ("a.csv", lambda n: b"Tern," * (100 * n) + b"\n" + b"a,b\n" * (100 * n)),
    "workbook, cells at the corners": ("a.xlsx", lambda n: workbook_with_corners()),
    "PDF, one page repeated": (
        "a.pdf",
        lambda n: pdf(
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * (10 * n), 10 * n),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s >>" % _FONT,
            stream(_TEXT),
        ),
    ),
    "PDF, annotations": ("a.pdf", lambda n: page_with_annotations(1000 * n)),
    "PDF, form that draws itself": ("a.pdf", lambda n: self_drawing_form()),
    "PDF, circular outline": ("a.pdf", lambda n: circular_outline()),
    "PDF, packed ten times": ("a.pdf", lambda n: repeatedly_packed(10, n // 10)),
    "PDF, letters": ("a.pdf", lambda n: one_page(b"BT /F 1 Tf 0 0 Td " + b"(ha) Tj " * (50 * n) + b"ET")),
    "PDF, letters placed one by one": (
        "a.pdf",
        lambda n: one_page(
            b"BT /F 1 Tf " + b"".join(b"1 0 0 1 %d %d Tm (a) Tj " % (k % 600, k // 600) for k in range(10 * n)) + b"ET"
        ),
    ),
    "PDF, nested arrays": ("a.pdf", lambda n: one_page(_TEXT, b"/X " + b"[" * (100 * n))),
    "PDF, saved graphics states": ("a.pdf", lambda n: one_page(b"q " * (100 * n) + _TEXT)),
    "PDF, infinite page": ("a.pdf", lambda n: one_page(_TEXT, b"/MediaBox [-1e38 -1e38 1e38 1e38] /UserUnit 1e38")),
}  # fmt: skip
"""Name and builder of each file, by what is wrong with it. At size 1,000, most have 100,000 of something."""
