"""Word documents: everything in order, and what they say of themselves."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from index.errors import DamagedFile, EmptyDocument
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.hostile import body

if TYPE_CHECKING:
    from index.records import Document


def read(document: Any, name: str = "a.docx") -> Document:
    """A document of this."""
    buffer = io.BytesIO()
    document.save(buffer)
    return load_bytes(buffer.getvalue(), source=name)


def headings(document: Document) -> list[tuple[int, str]]:
    """Levels and words of its headings."""
    return [(mark.level, mark.label) for mark in document.landmarks if mark.kind == "heading"]


def test_everything_in_order() -> None:
    """Paragraphs, headings, lists and tables come in the order in which they stand."""
    made = docx.Document()
    made.add_heading("Bees", 1)
    made.add_paragraph("The bees are well.")
    made.add_paragraph("honey", style="List Bullet")
    made.add_paragraph("wax", style="List Bullet")
    table = made.add_table(2, 2)
    for cell, words in zip(table._cells, ["hive", "bees", "one", "2000"], strict=True):
        cell.text = words
    made.add_heading("Swarms", 2)
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    found = read(made)
    assert found.text == (
        "Bees\n\nThe bees are well.\n\n- honey\n- wax\n\nhive | bees\none | 2000\n\nSwarms\n\n1. first\n2. second"
    )
    assert headings(found) == [(1, "Bees"), (2, "Swarms")]


def test_merged_cells() -> None:
    """A cell that spans several is said once."""
    made = docx.Document()
    table = made.add_table(2, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).merge(table.cell(1, 2)).text = "tall"
    table.cell(1, 0).text = "one"
    table.cell(1, 1).text = "two"
    assert read(made).text == "wide | tall\none | two |"


def _raw(made: Any, markup: str) -> None:
    """Put a paragraph of raw markup at the end of the body."""
    made.element.body.insert(-1, parse_xml(f"<w:p {nsdecls('w')} {_COMPATIBLE}>{markup}</w:p>"))


_COMPATIBLE = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
_BOX = "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
SEEN = {
    "runs": ("<w:r><w:t xml:space='preserve'>The </w:t></w:r><w:r><w:t>bees</w:t></w:r>", "The bees"),
    "a link": ("<w:hyperlink><w:r><w:t>the hive</w:t></w:r></w:hyperlink>", "the hive"),
    "tabs and line ends": ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>", "a b\nc"),
    "a page break": ("<w:r><w:t>a</w:t><w:br w:type='page'/><w:t>b</w:t></w:r>", "a\n\nb"),
    "hyphens": ("<w:r><w:t>well</w:t><w:noBreakHyphen/><w:t>kno</w:t><w:softHyphen/><w:t>wn</w:t></w:r>", "well-known"),
    "kept and deleted changes": (
        "<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>",
        "new",
    ),
    "hidden text": ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>bad</w:t></w:r><w:r><w:t>bees</w:t></w:r>", "bees"),
    "text hidden no more": ("<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>bees</w:t></w:r>", "bees"),
    "a field": ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t></w:r>", "7"),
    "a text box": (f"<w:r><w:t>around</w:t></w:r>{_BOX}", "around\n\nin a box"),
    "a text box for old readers": (
        f"<w:r><w:t>around</w:t></w:r><mc:AlternateContent><mc:Fallback>{_BOX}</mc:Fallback></mc:AlternateContent>",
        "around",
    ),
}


@cases(("markup", "text"), SEEN.values(), ids=SEEN.keys())
def test_what_a_reader_sees(markup: str, text: str) -> None:
    """Links, kept changes and text boxes are read; deletions, hidden text and field codes are not."""
    made = docx.Document()
    _raw(made, markup)
    assert read(made).text == text


def test_content_controls() -> None:
    """Paragraphs and rows within content controls are read like any other."""
    made = docx.Document()
    body = made.element.body
    inner = "<w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent>"
    body.insert(0, parse_xml(f"<w:sdt {nsdecls('w')}>{inner}</w:sdt>"))
    assert read(made).text == "in a control"


def test_levels_of_lists() -> None:
    """Items are set in by their level, and a deeper list counts from one again."""
    made = docx.Document()
    for words, level in [("a", 0), ("b", 1), ("c", 1), ("d", 0), ("e", 1)]:
        item = made.add_paragraph(words, style="List Number")
        properties = item._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_numId().val = _numbered(made)
        properties.get_or_add_ilvl().val = level
    assert read(made).text == "1. a\n  1. b\n  2. c\n2. d\n  1. e"


def _numbered(made: Any) -> int:
    """The id of a list with two numbered levels, made on first use."""
    numbering = made.part.numbering_part.element
    if numbering.find(f"{qn('w:num')}[@{qn('w:numId')}='77']") is None:
        levels = "".join(f"<w:lvl w:ilvl='{n}'><w:numFmt w:val='decimal'/></w:lvl>" for n in range(2))
        numbering.insert(0, parse_xml(f"<w:abstractNum {nsdecls('w')} w:abstractNumId='77'>{levels}</w:abstractNum>"))
        numbering.append(parse_xml(f"<w:num {nsdecls('w')} w:numId='77'><w:abstractNumId w:val='77'/></w:num>"))
    return 77


def test_styles_of_a_house() -> None:
    """A style based on a heading is a heading, and so is one with an outline level; no number means no list."""
    made = docx.Document()
    own = made.styles.add_style("House Heading", 1)
    own.base_style = made.styles["Heading 2"]
    made.add_paragraph("Bees", style=own)
    outlined = made.styles.add_style("House Outline", 1)
    outlined.element.get_or_add_pPr().append(parse_xml(f"<w:outlineLvl {nsdecls('w')} w:val='2'/>"))
    made.add_paragraph("Swarms", style=outlined)
    plain = made.add_paragraph("Plain.", style="List Bullet")
    plain._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = 0
    found = read(made)
    assert headings(found) == [(2, "Bees"), (3, "Swarms")]
    assert found.text.endswith("Plain.")
    assert "-" not in found.text


def test_a_table_of_contents_is_left_out() -> None:
    """A table of contents repeats the headings; it is left out, and a note says so."""
    made = docx.Document()
    contents = made.styles.add_style("toc 1", 1)
    made.add_paragraph("Bees 1", style=contents)
    made.add_heading("Bees", 1)
    found = read(made)
    assert found.text == "Bees"
    assert found.notes == ("Left out of passages: a table of contents.",)


def test_footnotes_come_last() -> None:
    """Footnotes are read after the body; the two that only draw lines are not."""
    made = docx.Document()
    made.add_paragraph("The bees are well.")
    buffer = io.BytesIO()
    made.save(buffer)
    notes = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:type='separator'><w:p><w:r><w:t>bad</w:t></w:r></w:p></w:footnote>"
        "<w:footnote w:id='2'><w:p><w:r><w:t>So said Ada.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    data = _with_part(buffer.getvalue(), notes)
    assert load_bytes(data, source="a.docx").text == "The bees are well.\n\nSo said Ada."


def _with_part(data: bytes, notes: str) -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            part = old.read(info)
            if info.filename == "word/_rels/document.xml.rels":
                link = f"<Relationship Id='rIdN' Type='{kind}' Target='footnotes.xml'/></Relationships>"
                part = part.replace(b"</Relationships>", link.encode())
            if info.filename == "[Content_Types].xml":
                kept = f"<Override PartName='/word/footnotes.xml' ContentType='{main}'/></Types>"
                part = part.replace(b"</Types>", kept.encode())
            new.writestr(info, part)
        new.writestr("word/footnotes.xml", notes)
    return out.getvalue()


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"title": "On Bees", "author": "Ada Lovelace", "comments": ""}, ("On Bees", "Ada Lovelace", "1843-05-03")),
        ({"title": "Word Document", "author": "Ada", "comments": ""}, ("", "Ada", "1843-05-03")),
        ({"title": "bees.docx", "author": "Ada", "comments": ""}, ("", "Ada", "1843-05-03")),
        ({"title": "", "author": "python-docx"}, ("", "", "")),
    ],
    ids=["stated", "a template's title", "a file name", "a template's author and date"],
)
def test_properties(stated: dict[str, str], expected: tuple[str, str, str]) -> None:
    """Properties that a person set count; what a template or a library left there does not."""
    made = docx.Document()
    made.add_paragraph("The bees are well.")
    made.core_properties.created = datetime(1843, 5, 3)
    for key, value in stated.items():
        setattr(made.core_properties, key, value)
    found = read(made)
    assert (found.title, found.author, found.date) == expected


def test_the_text_says_it_itself() -> None:
    """Where the properties are silent, the title's style, the byline and the line with the date speak."""
    made = docx.Document()
    made.add_paragraph("On Bees", style="Title")
    made.add_paragraph("By Ada Lovelace")
    made.add_paragraph("3 May 1843")
    found = read(made)
    assert (found.title, found.author, found.date) == ("On Bees", "Ada Lovelace", "1843-05-03")
    assert headings(found) == [(1, "On Bees")]


def test_nothing_in_it() -> None:
    """A Word document without words is empty."""
    with pytest.raises(EmptyDocument):
        read(docx.Document())


def test_a_part_that_is_no_xml() -> None:
    """A document whose body is cut short is damaged."""
    made = docx.Document()
    made.add_paragraph("The bees are well.")
    buffer = io.BytesIO()
    made.save(buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            part = old.read(info)
            new.writestr(info, part[:300] if info.filename == "word/document.xml" else part)
    with pytest.raises(DamagedFile, match=r"a\.docx is a Word document that cannot be opened"):
        load_bytes(out.getvalue(), source="a.docx")


def test_boxes_within_boxes() -> None:
    """However deep text boxes stand within each other, each is read once, after its paragraph, from the outside in."""
    inside = ""
    for depth in range(40, 0, -1):
        said = f"<w:t>Box {depth}.</w:t>"
        inside = f"<w:p><w:r>{said}<w:txbxContent>{inside or '<w:p/>'}</w:txbxContent></w:r></w:p>"
    document = load_bytes(body(inside), source="a.docx")
    assert document.text.split("\n\n") == [f"Box {depth}." for depth in range(1, 41)]
