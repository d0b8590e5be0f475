"""Writes a collection as a Word document with real footnotes, which python-docx (1.2) cannot write by itself.

A footnote is a mark in the text and an entry with the same id in a part of its own, `word/footnotes.xml` (ECMA-376,
17.11). Word requires two entries for its separator lines in that part. A second mark of the same footnote is a
reference to a bookmark around the first (the field NOTEREF), since Word would print a shared entry twice.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.citations.kept_export import Footnote, KeptOutline, Part

_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_SEPARATORS = (
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>'
)
_MARK, _TEXT, _QUOTE = "footnote reference", "footnote text", "Quote"
_SMALL_POINTS = 10


def word_document(outline: KeptOutline, title: str, machine: str) -> bytes:
    """Return a `.docx` of the outline; `machine`, the collection as JSON, is in a part that Word keeps but hides."""
    writer = _Writer()
    writer.write(outline, title)
    writer.attach(machine)
    return writer.saved()


class _Writer:
    def __init__(self) -> None:
        import docx

        self._document = docx.Document()
        self._marked: set[int] = set()
        self._add_styles()

    def _add_styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Pt

        styles = self._document.styles
        styles.add_style(_MARK, WD_STYLE_TYPE.CHARACTER).font.superscript = True
        styles.add_style(_TEXT, WD_STYLE_TYPE.PARAGRAPH).font.size = Pt(_SMALL_POINTS)

    def write(self, outline: KeptOutline, title: str) -> None:
        """Write the text, the bibliography and the footnotes."""
        document = self._document
        document.core_properties.title = title
        document.core_properties.author = ""
        document.core_properties.comments = ""
        document.add_heading(title, 0)
        for section in outline.sections:
            if section.heading:
                document.add_heading(section.heading, 1)
            if section.caution:
                document.add_paragraph().add_run(section.caution).italic = True
            for part in section.parts:
                self._write_part(part)
            for line in section.remarks:
                document.add_paragraph(line)
        if outline.bibliography:
            document.add_heading(outline.bibliography_title, 1)
        for reference in outline.bibliography:
            document.add_paragraph(reference)
        document.add_paragraph().add_run(outline.checked).italic = True
        self._add_footnotes(outline.notes)

    def _write_part(self, part: Part) -> None:
        words = f"“{part.text}”" if part.is_quote else part.text
        paragraph = self._document.add_paragraph(words, _QUOTE if part.is_quote else None)
        for number in part.notes:
            self._mark(paragraph, number)
        if part.sign:
            paragraph.add_run(f" ({part.sign})").bold = True

    def _mark(self, paragraph: Any, number: int) -> None:
        """Add the mark of a footnote, or a reference to its first mark."""
        if number in self._marked:
            self._refer(paragraph, number)
            return
        self._marked.add(number)
        name = f"_Note{number}"
        paragraph._p.append(_element("bookmarkStart", id=str(number), name=name))
        paragraph.add_run(style=_MARK)._r.append(_element("footnoteReference", id=str(number)))
        paragraph._p.append(_element("bookmarkEnd", id=str(number)))

    def _refer(self, paragraph: Any, number: int) -> None:
        field = _element("fldSimple", instr=f" NOTEREF _Note{number} \\f \\h ")
        run = paragraph.add_run(str(number), _MARK)._r
        paragraph._p.append(field)
        field.append(run)

    def _add_footnotes(self, notes: tuple[Footnote, ...]) -> None:
        """Add the part with the footnotes, each with its link."""
        part = self._part("/word/footnotes.xml", _FOOTNOTES_TYPE, _FOOTNOTES)
        entries = "".join(self._footnote(note, part) for note in notes)
        part._blob = f"{_HEAD}<w:footnotes {_NAMESPACES}>{_SEPARATORS}{entries}</w:footnotes>".encode()

    def _footnote(self, note: Footnote, part: Any) -> str:
        styles = self._document.styles
        mark = f'<w:r><w:rPr><w:rStyle w:val="{styles[_MARK].style_id}"/></w:rPr><w:footnoteRef/></w:r>'
        quote = f": “{note.quote}”" if note.quote else ""
        sign = f" {note.sign}." if note.sign else ""
        now = f" Now: “{note.now}”" if note.now else ""
        place = _run(f"({note.file})")
        if note.link:
            link = part.relate_to(note.link, _HYPERLINK, is_external=True)
            place = f'<w:hyperlink r:id="{link}">{_run(note.link)}</w:hyperlink>'
        return (
            f'<w:footnote w:id="{note.number}"><w:p><w:pPr><w:pStyle w:val="{styles[_TEXT].style_id}"/></w:pPr>{mark}'
            f"{_run(f' {note.reference}{quote} ')}{place}{_run(sign, bold=True)}{_run(now)}</w:p></w:footnote>"
        )

    def attach(self, machine: str) -> None:
        """Attach the collection as JSON."""
        from xml.sax.saxutils import escape

        part = self._part("/customXml/pincite-kept.xml", "application/xml", _CUSTOM)
        part._blob = f'{_HEAD}<kept xmlns="urn:pincite:kept">{escape(machine)}</kept>'.encode()

    def _part(self, name: str, media_type: str, relation: str) -> Any:
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part as PackagePart

        part = PackagePart(PackURI(name), media_type, b"", self._document.part.package)
        self._document.part.relate_to(part, relation)
        return part

    def saved(self) -> bytes:
        """Return the file."""
        buffer = io.BytesIO()
        self._document.save(buffer)
        return buffer.getvalue()


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _run(text: str, *, bold: bool = False) -> str:
    from xml.sax.saxutils import escape

    properties = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def _element(tag: str, /, **attributes: str) -> Any:
    """Return an element of the main namespace, with attributes of the same."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{tag}")
    for attribute, value in attributes.items():
        element.set(qn(f"w:{attribute}"), value)
    return element
