"""Word documents are read in order, with their title, author and date."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.archives import repacked
from tests.loading.hostile import word_with_body
from tests.loading.office import bytes_of
from tests.loading.tables import headings, quotation

if TYPE_CHECKING:
    from index.records import Document


def read(document: Any, name: str = "a.docx") -> Document:
    """Save a Word document and load it."""
    return load_bytes(bytes_of(document), source=name)


def test_blocks_of_a_word_document_keep_their_order() -> None:
    """Paragraphs, headings, lists and tables appear in the order of the document."""
    document = docx.Document()
    document.add_heading("Bees", 1)
    document.add_paragraph("The bees are well.")
    document.add_paragraph("honey", style="List Bullet")
    document.add_paragraph("wax", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, words in zip(table._cells, ["hive", "bees", "one", "2000"], strict=True):
        cell.text = words
    document.add_heading("Swarms", 2)
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("second", style="List Number")
    loaded = read(document)
    assert loaded.text == (
        "Bees\n\nThe bees are well.\n\n- honey\n- wax\n\nhive | bees\none | 2000\n\nSwarms\n\n1. first\n2. second"
    )
    assert headings(loaded) == [(1, "Bees"), (2, "Swarms")]


def test_merged_cells_and_controls_are_read_once() -> None:
    """A cell that spans others is repeated in none; text boxes follow their paragraph, from the outside in."""
    document = docx.Document()
    table = document.add_table(2, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).merge(table.cell(1, 2)).text = "tall"
    table.cell(1, 0).text = "one"
    table.cell(1, 1).text = "two"
    assert read(document).text == "wide | tall\none | two |"
    document = docx.Document()
    body = document.element.body
    inner = "<w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent>"
    body.insert(0, parse_xml(f"<w:sdt {nsdecls('w')}>{inner}</w:sdt>"))
    assert read(document).text == "in a control"
    inside = ""
    for depth in range(40, 0, -1):
        text = f"<w:t>Box {depth}.</w:t>"
        inside = f"<w:p><w:r>{text}<w:txbxContent>{inside or '<w:p/>'}</w:txbxContent></w:r></w:p>"
    loaded = load_bytes(word_with_body(inside), source="a.docx")
    assert loaded.text.split("\n\n") == [f"Box {depth}." for depth in range(1, 41)]


def _add_raw_paragraph(document: Any, markup: str) -> None:
    """Add a paragraph of raw markup at the end of the body."""
    document.element.body.insert(-1, parse_xml(f"<w:p {nsdecls('w')} {_COMPATIBLE}>{markup}</w:p>"))


_COMPATIBLE = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
_BOX = "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
MARKUP = {
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
    "text that is no longer hidden": ("<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>bees</w:t></w:r>", "bees"),
    "a field": ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t></w:r>", "7"),
    "a text box": (f"<w:r><w:t>around</w:t></w:r>{_BOX}", "around\n\nin a box"),
    "a text box for old readers": (
        f"<w:r><w:t>around</w:t></w:r><mc:AlternateContent><mc:Fallback>{_BOX}</mc:Fallback></mc:AlternateContent>",
        "around",
    ),
}


@cases(("markup", "text"), MARKUP.values(), ids=MARKUP.keys())
def test_visible_text_of_runs_is_read(markup: str, text: str) -> None:
    """Links, accepted changes and text boxes are read; deletions, hidden text and field codes are not."""
    document = docx.Document()
    _add_raw_paragraph(document, markup)
    assert read(document).text == text


def test_nested_lists_are_indented_and_numbered() -> None:
    """Items are indented by their level, and each deeper list counts from one."""
    document = docx.Document()
    for words, level in [("a", 0), ("b", 1), ("c", 1), ("d", 0), ("e", 1)]:
        item = document.add_paragraph(words, style="List Number")
        properties = item._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_numId().val = _two_level_list(document)
        properties.get_or_add_ilvl().val = level
    assert read(document).text == "1. a\n  1. b\n  2. c\n2. d\n  1. e"


def _two_level_list(document: Any) -> int:
    """Return the id of a list with two numbered levels, which is created on first use."""
    numbering = document.part.numbering_part.element
    if numbering.find(f"{qn('w:num')}[@{qn('w:numId')}='77']") is None:
        levels = "".join(f"<w:lvl w:ilvl='{n}'><w:numFmt w:val='decimal'/></w:lvl>" for n in range(2))
        numbering.insert(0, parse_xml(f"<w:abstractNum {nsdecls('w')} w:abstractNumId='77'>{levels}</w:abstractNum>"))
        numbering.append(parse_xml(f"<w:num {nsdecls('w')} w:numId='77'><w:abstractNumId w:val='77'/></w:num>"))
    return 77


def test_custom_heading_styles_are_recognised() -> None:
    """A style based on a heading or with an outline level makes a heading; number 0 makes no list."""
    document = docx.Document()
    own = document.styles.add_style("House Heading", 1)
    own.base_style = document.styles["Heading 2"]
    document.add_paragraph("Bees", style=own)
    outlined = document.styles.add_style("House Outline", 1)
    outlined.element.get_or_add_pPr().append(parse_xml(f"<w:outlineLvl {nsdecls('w')} w:val='2'/>"))
    document.add_paragraph("Swarms", style=outlined)
    plain = document.add_paragraph("Plain.", style="List Bullet")
    plain._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = 0
    loaded = read(document)
    assert headings(loaded) == [(2, "Bees"), (3, "Swarms")]
    assert loaded.text.endswith("Plain.")
    assert "-" not in loaded.text


def test_contents_are_left_out_and_damage_is_reported() -> None:
    """A table of contents repeats the headings; a document whose body is cut short is damaged."""
    document = docx.Document()
    contents = document.styles.add_style("toc 1", 1)
    document.add_paragraph("Bees 1", style=contents)
    document.add_heading("Bees", 1)
    loaded = read(document)
    assert loaded.text == "Bees"
    assert loaded.notes == ("Left out of passages: a table of contents.",)
    document = docx.Document()
    document.add_paragraph("The bees are well.")
    cut = repacked(bytes_of(document), lambda name, part: part[:300] if name == "word/document.xml" else part)
    with pytest.raises(DamagedFile, match=r"a\.docx cannot be opened: its part word/document\.xml"):
        load_bytes(cut, source="a.docx")


def test_footnotes_and_endnotes_follow_the_body() -> None:
    """But not the separators, which only draw lines."""
    document = docx.Document()
    document.add_paragraph("The bees are well.")
    notes = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:type='separator'><w:p><w:r><w:t>bad</w:t></w:r></w:p></w:footnote>"
        "<w:footnote w:id='2'><w:p><w:r><w:t>So said Ada.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    data = _with_footnotes(bytes_of(document), notes)
    assert load_bytes(data, source="a.docx").text == "The bees are well.\n\nSo said Ada."
    document = docx.Document()
    document.add_paragraph("The bees are well.")
    note = "<w:{0} w:type='separator'>{1}</w:{0}><w:{0} w:id='2'>{1}</w:{0}>".format("endnote", BEES)
    data = _with_footnotes(bytes_of(document), f"<w:endnotes {nsdecls('w')}>{note}</w:endnotes>")
    data = repacked(data, lambda _, part: part.replace(b"relationships/footnotes", b"relationships/endnotes"))
    assert load_bytes(data, source="a.docx").text == "The bees are well.\n\nBees."


def _with_footnotes(data: bytes, notes: str) -> bytes:
    """Return the document with this footnotes part."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    link = f"<Relationship Id='rIdN' Type='{kind}' Target='footnotes.xml'/></Relationships>".encode()
    override = f"<Override PartName='/word/footnotes.xml' ContentType='{main}'/></Types>".encode()

    def linked(name: str, part: bytes) -> bytes:
        is_main = name == "word/_rels/document.xml.rels"
        return part.replace(b"</Types>", override).replace(
            b"</Relationships>", link if is_main else b"</Relationships>"
        )

    out = io.BytesIO(repacked(data, linked))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("word/footnotes.xml", notes)
    return out.getvalue()


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"title": "On Bees", "author": "Ada Lovelace", "comments": ""}, ("On Bees", "Ada Lovelace", "1843-05-03")),
        ({"title": "Word Document", "author": "Ada", "comments": ""}, ("", "Ada", "1843-05-03")),
        ({"title": "bees.docx", "author": "Ada", "comments": ""}, ("", "Ada", "1843-05-03")),
        ({"title": "", "author": "python-docx"}, ("", "", "")),
    ],
    ids=["properties of a person", "a template's title", "a file name", "a template's author and date"],
)
def test_properties_of_a_person_count_and_those_of_a_template_do_not(
    properties: dict[str, str], expected: tuple[str, str, str]
) -> None:
    """Values that a person entered count; values that a template or a library left do not."""
    document = docx.Document()
    document.add_paragraph("The bees are well.")
    document.core_properties.created = datetime(1843, 5, 3)
    for key, value in properties.items():
        setattr(document.core_properties, key, value)
    loaded = read(document)
    assert (loaded.title, loaded.author, loaded.date) == expected


def test_title_author_and_date_are_taken_from_the_text() -> None:
    """Without properties, the title style, the byline and the line with the date are used."""
    document = docx.Document()
    document.add_paragraph("On Bees", style="Title")
    document.add_paragraph("By Ada Lovelace")
    document.add_paragraph("3 May 1843")
    loaded = read(document)
    assert (loaded.title, loaded.author, loaded.date) == ("On Bees", "Ada Lovelace", "1843-05-03")
    assert headings(loaded) == [(1, "On Bees")]


def _table(document: Any, rows: int, columns: int, words: str) -> Any:
    """Add a table with these words, which are separated by blanks; `_` is an empty cell."""
    table = document.add_table(rows, columns)
    for cell, word in zip(table._cells, words.split(), strict=True):
        cell.text = word.replace("_", "")
    return table


def test_cells_of_word_tables_have_headers() -> None:
    """Merged headers stand for their columns and rows; a cell merged over a whole row names the rows below."""
    document = docx.Document()
    table = _table(document, 4, 3, "Team Cups _ _ won lost East 1 2 _ 3 4")
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(2, 0).merge(table.cell(3, 0))
    loaded = read(document)
    assert loaded.text == "Team | Cups\n| won | lost\nEast | 1 | 2\n| 3 | 4"
    assert quotation(loaded, "4") == "Cups, lost · East"
    document = docx.Document()
    table = _table(document, 6, 3, "Town Ships _ _ old new Harbours _ _ Hull 1 2 Islands _ _ Mull 3 4")
    for first, last in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((2, 0), (2, 2)), ((4, 0), (4, 2))):
        table.cell(*first).merge(table.cell(*last))
    loaded = read(document)
    assert loaded.tables[0].header_rows == 2
    assert quotation(loaded, "2") == "Ships, new · Harbours, Hull"
    assert quotation(loaded, "3") == "Ships, old · Islands, Mull"


def test_rows_that_word_repeats_on_each_page_are_headers() -> None:
    """So are rows in bold, and the first row of a table whose style emphasises it."""
    document = docx.Document()
    marked = _table(document, 3, 2, "Tern Skua Auk Ruff Gull Knot")
    marked.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
    bold = _table(document, 2, 2, "Hull Leith Oban Bath")
    for cell in bold.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    styled = _table(document, 2, 2, "Ada Mary Anne Jane")
    styled.style = document.styles["Light List Accent 1"]
    styled._tblPr.append(parse_xml(f"<w:tblLook {nsdecls('w')} w:firstRow='1'/>"))
    _table(document, 2, 2, "one two three four")
    loaded = read(document)
    assert [table.header_rows for table in loaded.tables] == [1, 1, 1, 0]
    assert quotation(loaded, "Knot") == "Skua · Gull"
    assert quotation(loaded, "four") == "three"


def test_nested_tables_are_tables_after_the_outer_one() -> None:
    """Their words are not in the cell around them; a box of one cell is no table, but a paragraph."""
    document = docx.Document()
    outer = _table(document, 2, 2, "Team Cups Blues _")
    inner = outer.cell(1, 1).add_table(2, 2)
    for cell, word in zip(inner._cells, ["won", "lost", "1", "2"], strict=True):
        cell.text = word
    loaded = read(document)
    assert loaded.text == "Team | Cups\nBlues |\n\nwon | lost\n1 | 2"
    assert quotation(loaded, "2") == "lost · 1"
    assert len(loaded.tables) == 2
    document = docx.Document()
    _table(document, 1, 1, "Beware")
    assert read(document).tables == ()


BEES = "<w:p><w:r><w:t>Bees.</w:t></w:r></w:p>"
KINDS = {
    ".docm": "application/vnd.ms-word.document.macroEnabled.main+xml",
    ".dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    ".dotm": "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
}


@cases(("ending", "kind"), KINDS.items(), ids=KINDS.keys())
def test_documents_with_macros_and_templates_are_read(ending: str, kind: str) -> None:
    """They are Word documents whose main part is of another type."""
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    data = repacked(word_with_body(BEES), lambda _, part: part.replace(plain, kind.encode()))
    document = load_bytes(data, source=f"a{ending}")
    assert document.text == "Bees."
    assert document.media_type == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def test_a_document_in_strict_form_is_read() -> None:
    """Its namespaces have other names: styles, notes and numbers are found under them, too."""
    document = docx.Document()
    document.add_heading("Bees", 1)
    document.add_paragraph("honey", style="List Number")

    def strict(_: str, part: bytes) -> bytes:
        old = rb"http://schemas\.openxmlformats\.org/(wordprocessingml|officeDocument)/2006/"
        return re.sub(old, rb"http://purl.oclc.org/ooxml/\1/", part)

    loaded = load_bytes(repacked(bytes_of(document), strict), source="a.docx")
    assert loaded.text == "Bees\n\n1. honey"
    assert headings(loaded) == [(1, "Bees")]


def test_main_part_of_another_name_and_missing_parts_are_no_damage() -> None:
    """Word in a browser writes `document2.xml`, others backslashes; lost pictures and styles are passed over."""

    def renamed(name: str, part: bytes) -> bytes:
        return part.replace(b"word/document.xml", b"word/document2.xml")

    data = repacked(word_with_body(BEES), renamed)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("word/document.xml", "Word\\Document2.xml"), old.read(name))
    assert load_bytes(out.getvalue(), source="a.docx").text == "Bees."
    data = word_with_body(BEES)
    link = b'<Relationship Id="rId99" Type="x/image" Target="NULL"/></Relationships>'
    data = repacked(data, lambda name, part: None if "styles" in name else part.replace(b"</Relationships>", link))
    assert load_bytes(data, source="a.docx").text == "Bees."
