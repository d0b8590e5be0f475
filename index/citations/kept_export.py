"""Exports a reader's collection as one document with footnotes and a bibliography: Markdown, HTML, Word; or as JSON.

Each quote has one footnote with its reference, its location and its link, however often the collection shows it. Words
that are no longer in the library carry a sign beside them, and the footnote says what stands there now.

python-docx (1.2) cannot write footnotes. One is a mark in the text and an entry with the same id in a part of its own,
`word/footnotes.xml` (ECMA-376, 17.11). Word requires two entries for its separator lines in that part. A second mark of
the same footnote is a reference to a bookmark around the first (the field NOTEREF), since Word would print a shared
entry twice.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from index.citations.entries import QuoteContext, can_be_shared, describe_citation, page_path
from index.citations.kept import COMMENT, COMMENT_END, SCRIPT, SCRIPT_END, file_json
from index.citations.readable import environment, escape_markdown
from index.citations.references import references
from index.errors import PinciteError
from index.records import Citation, Location
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from index.citations.entries import Entry
    from index.citations.kept import KeptItem, KeptQuote
    from index.citations.references import Style
    from index.citations.staleness import KeptState

KeptForm = Literal["markdown", "html", "docx", "json"]
KEPT_FORMS: tuple[KeptForm, ...] = get_args(KeptForm)
TITLE = "Kept quotes"
_BIBLIOGRAPHY: dict[Style, str] = {"apa": "References", "mla": "Works Cited", "chicago": "Bibliography"}
_SIGNS = {
    "changed": "This quotation is no longer in the library as it was kept",
    "gone": "This quotation is no longer in the library",
}


@dataclass(frozen=True, slots=True)
class KeptExport:
    """A collection that is to be exported."""

    items: Sequence[KeptItem]
    """In the reader's order."""
    states: Sequence[KeptState]
    """The state of each quote of all items, in their order."""
    style: Style
    address: str
    """The address of the page, with a slash at the end; empty without a page."""
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A quotation, or a sentence of an answer, with the numbers of its footnotes."""

    text: str
    is_quote: bool
    """Whether these are the source's words: they get quotation marks."""
    notes: tuple[int, ...]
    sign: str = ""
    """What is wrong with it; empty if its words stand in the library."""


@dataclass(frozen=True, slots=True)
class Section:
    """An item of the collection."""

    heading: str
    """The question, unless the item before has the same."""
    caution: str
    parts: tuple[Part, ...]
    remarks: tuple[str, ...]
    """The paragraphs of the reader's note."""


@dataclass(frozen=True, slots=True)
class Footnote:
    """A numbered note."""

    number: int
    reference: str
    quote: str
    """The source's words; empty if the text above quotes them."""
    link: str
    """An address that others can open; empty if there is none."""
    file: str
    """The name of the file, if there is no link."""
    sign: str
    now: str
    """The words that stand there now, if they have changed."""


@dataclass(frozen=True, slots=True)
class KeptOutline:
    """The document without markup: all text from outside in single lines."""

    sections: tuple[Section, ...]
    notes: tuple[Footnote, ...]
    bibliography_title: str
    bibliography: tuple[str, ...]
    checked: str
    """When the quotes were compared with the library, and how many differ."""


def render(export: KeptExport, form: KeptForm) -> bytes:
    """Return the document in a form. Raises PinciteError if the form does not exist."""
    if form not in KEPT_FORMS:
        raise PinciteError(f"{form!r} is not a form of kept quotes.", f"Choose one of: {', '.join(KEPT_FORMS)}")
    machine = file_json(export.items, export.made_at)
    if form == "json":
        return f"{machine}\n".encode()
    outline = outline_of(export)
    if form == "docx":
        return word_document(outline, TITLE, machine)
    text: Callable[[KeptOutline, str], str] = kept_markdown if form == "markdown" else kept_html
    return text(outline, machine).encode("utf-8", "replace")


def outline_of(export: KeptExport) -> KeptOutline:
    """Return the outline of a collection."""
    numbering = _Numbering(export)
    sections = tuple(numbering.sections())
    wrong = sum(bool(note.sign) for note in numbering.notes)
    day = export.made_at.date().isoformat()
    count = len(numbering.notes)
    found = f"{wrong} of {count} no longer stand in it as quoted" if wrong else "all of them stand in it"
    return KeptOutline(
        sections,
        tuple(numbering.notes),
        _BIBLIOGRAPHY[export.style],
        tuple(_bibliography(export)),
        f"Compared with the library on {day}: {found}." if count else "Nothing was kept.",
    )


class _Numbering:
    """Numbers the quotes of a collection: each gets one footnote."""

    def __init__(self, export: KeptExport) -> None:
        self._export = export
        self._states = iter(export.states)
        self._numbers: dict[tuple[str, int, int, str], int] = {}
        self.notes: list[Footnote] = []

    def sections(self) -> Iterator[Section]:
        """Yield the sections, and number their notes."""
        heading = ""
        for item in self._export.items:
            states = [next(self._states) for _ in item.quotes]
            parts = tuple(self._parts(item, states))
            question = one_line(item.question)
            remarks = tuple(line for line in map(one_line, item.note.splitlines()) if line)
            yield Section(question if question != heading else "", one_line(item.caution), parts, remarks)
            heading = question

    def _parts(self, item: KeptItem, states: Sequence[KeptState]) -> Iterator[Part]:
        if not item.sentences:
            for quote, state in zip(item.quotes, states, strict=True):
                yield Part(quote.words, True, (self._number(quote, state, shown=True),), _sign(state))
            return
        for sentence in item.sentences:
            pairs = [(item.quotes[at], states[at]) for at in sentence.quotes]
            text = one_line(sentence.text)
            is_quote = any(text.strip("… ") in quote.words for quote, _ in pairs)
            whole = [text == quote.words for quote, _ in pairs]
            numbers = [self._number(*pair, shown=shown) for pair, shown in zip(pairs, whole, strict=True)]
            signs = [_sign(state) for _, state in pairs if _sign(state)]
            remark = one_line(sentence.remark)
            yield Part(text, is_quote, tuple(dict.fromkeys(numbers)), "; ".join(filter(None, (remark, *signs[:1]))))

    def _number(self, quote: KeptQuote, state: KeptState, *, shown: bool) -> int:
        """Return the number of a quote's note, which is made at its first mention."""
        key = (quote.document, quote.start, quote.end, quote.quote)
        number = self._numbers.setdefault(key, len(self.notes) + 1)
        if number > len(self.notes):
            self.notes.append(self._note(number, quote, state, shown=shown))
        elif shown:
            self.notes[number - 1] = replace(self.notes[number - 1], quote="")
        return number

    def _note(self, number: int, quote: KeptQuote, state: KeptState, *, shown: bool) -> Footnote:
        place = state.now if state.now is not None and state.state != "changed" else quote
        entry = describe_citation(place.citation(number), QuoteContext(place.before, place.after))
        now = state.now.words if state.state == "changed" and state.now else ""
        link = _link(entry, state.now or quote, self._export.address)
        quoted = "" if shown else entry.words
        return Footnote(number, entry.reference, quoted, link, "" if link else entry.file, _sign(state), now)


def _sign(state: KeptState) -> str:
    return _SIGNS.get(state.state, "")


def _link(entry: Entry, place: KeptQuote, address: str) -> str:
    """Return the address of a web page, else of the words on the page of Pincite; empty if nobody else can open it."""
    link = entry.link if entry.address or not address else address + page_path(place.document, place.start, place.end)
    return link if can_be_shared(link) else ""


def _bibliography(export: KeptExport) -> Iterator[str]:
    """Yield the references of all documents, each once, in the order of their authors and titles."""
    quotes = {quote.document: quote for item in export.items for quote in item.quotes}
    entries = [describe_citation(Citation(1, quote.info, Location(), 0, 0, "")) for quote in quotes.values()]
    yield from sorted(references(entries, export.style), key=str.casefold)


def kept_markdown(outline: KeptOutline, machine: str) -> str:
    """Return the document as Markdown with footnotes, and the collection in a comment at its end."""
    blocks = [f"# {TITLE}"]
    for section in outline.sections:
        blocks += [f"## {escape_markdown(section.heading)}"] if section.heading else []
        blocks += [f"*{escape_markdown(section.caution)}*"] if section.caution else []
        blocks += [_markdown_part(part) for part in section.parts]
        blocks += [escape_markdown(line) for line in section.remarks]
    blocks.append(f"## {outline.bibliography_title}")
    blocks.append("\n".join(f"- {escape_markdown(reference)}" for reference in outline.bibliography))
    blocks.append(f"*{outline.checked}*")
    blocks += [_markdown_note(note) for note in outline.notes]
    return "\n\n".join(block for block in blocks if block) + f"\n\n{COMMENT}{machine}{COMMENT_END}\n"


def _markdown_part(part: Part) -> str:
    marks = "".join(f"[^{number}]" for number in part.notes)
    sign = f" **({escape_markdown(part.sign)})**" if part.sign else ""
    words = escape_markdown(part.text)
    return f"> “{words}”{marks}{sign}" if part.is_quote else f"{words}{marks}{sign}"


def _markdown_note(note: Footnote) -> str:
    quote = f": “{escape_markdown(note.quote)}”" if note.quote else ""
    sign = f" **{escape_markdown(note.sign)}.**" if note.sign else ""
    now = f" Now: “{escape_markdown(note.now)}”" if note.now else ""
    place = f"<{note.link}>" if note.link else f"({escape_markdown(note.file)})"
    return f"[^{note.number}]: {escape_markdown(note.reference)}{quote} {place}{sign}{now}"


_environment = environment(Path(__file__).parent / "templates")


def kept_html(outline: KeptOutline, machine: str) -> str:
    """Return the document as an HTML page of its own, and the collection as data in it."""
    page = _environment.get_template("kept.html").render(outline=outline, title=TITLE)
    return page.replace("</body>", f"\n{SCRIPT}{machine}{SCRIPT_END}\n</body>", 1)


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
_NOTE_POINTS = 10


def word_document(outline: KeptOutline, title: str, machine: str) -> bytes:
    """Return a `.docx` of the outline; `machine`, the collection as JSON, is in a part that Word keeps but hides."""
    writer = _WordWriter()
    writer.write(outline, title)
    writer.attach(machine)
    return writer.saved()


class _WordWriter:
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
        styles.add_style(_TEXT, WD_STYLE_TYPE.PARAGRAPH).font.size = Pt(_NOTE_POINTS)

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
