"""Workbooks and presentations for tests, built of names, rows and texts."""

from __future__ import annotations

import base64
import io
import zlib
from typing import TYPE_CHECKING, Any

import openpyxl
import pptx

from tests.loading.archives import zipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

XLS = zlib.decompress(base64.b85decode(
    'c-rk)O=uHA6#izrNt4*-r=~(HmQb*2Z4cIqmv*aE+k=T!4^|O0F@c7LBy8J*UaZy}1;LZzrBDxEqF(%=3ijqfsOUiughY>?1O*Rm);Di=Yg#'
    'KbpoQvw%e<L+GvChJeKT)%_Vq%jH1n{vj8*7E9V&(w?kb(2<h3h7P`hEsqMdsv84flTydH9-+l9HtSM}0|(%)q$c%aUc1U^zai#%evY$~#WI'
    'K(!@g|wlUq`)20_|d{vHL<+Fax2UG-18aBe%4%P*-L#(;tUqFSmyz27LO?H+~$Y8?_=h?XU#q|<E5O%mv0EOuL}qDbUd@k8rswb%z_*`n98P'
    'fSr6bYe86c!cQo2PFi=96oIQ(gMg;h3uj&^ON58Rp0n&e8sjvTy-a}4Yt-q<Lz!Z%0yhsWZmv^XUFdmBQiQJ?<zK9;07vMxw!ctT1<Y+oSP7'
    'D56o@PmsSVNPU4C#-i(i5XT8SFVY1Xl!yMqV@xB$EhmImAmRNFy%Z`|>857}n0QW{NiibKBS{t%QLql0jrYx701mPG;<7d6n<Foy)B(!(=<<'
    '9mCC5;m9=ixyG#>G|qm;TWwcWc{h~{pN~IjD}2)SP`Nl*z7#IL(`L|4+gOtL@|s4M=n}VYNj%l;Tv#FI1Iw0Q!i`4>TDBY3-Wb4=TwsI{OS2'
    '~5j##cK*1M8yu?AZ(TfUFyG`?VV4~M(hydb9JDQoZ)=BXCX^vT>7$t(8DQTvo8Jd&L#H2#DS4jede;J|?c2M+!_2>vWJKf+b(kl;2C3jAMZi'
    'BiS+P4ds;1afpu(4q1$vXtw%SkwI32A8n!CDzHY{})P}qS1AXA;ETx)jWUcxFf2cXWhi$pIbt;j$f(8&c8hV52e!E5C'
))  # fmt: skip
"""A workbook of the older kind: harbours with their ships and the date of their opening."""
_ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
 <office:body><office:spreadsheet><table:table table:name="Harbours">{}</table:table></office:spreadsheet></office:body>
 </office:document-content>"""


def workbook(*sheets: tuple[str, Iterable[Sequence[Any]]]) -> openpyxl.Workbook:
    """Build a workbook of sheets with names and rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return made


def bytes_of(made: Any) -> bytes:
    """Save a workbook, a presentation or a Word document."""
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def formats() -> bytes:
    """Build a workbook of numbers with formats, and an error."""
    codes = ("#,##0", "0.0%", '_("$"* #,##0.00_);_("$"* (#,##0.00)', "[>=1000]0.0,\\K;0", "0.00E+00", "yyyy-mm-dd")
    made = workbook(("Costs", [["ship", *codes], *(["Tern", *[n * 1234.5 - 9999] * len(codes)] for n in range(30))]))
    for row in made["Costs"].iter_rows(2):
        for cell, code in zip(row[1:], codes, strict=True):
            cell.number_format = code
    made["Costs"].cell(40, 2, "#N/A").data_type = "e"
    return bytes_of(made)


def ods(*rows: Sequence[str], manifest: str = "<manifest/>") -> bytes:
    """Build an OpenDocument spreadsheet of one sheet with texts."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>' for words in row
        )
        + "</table:table-row>"
        for row in rows
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": _ODS.format(cells), "META-INF/manifest.xml": manifest})


_SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        "office": "office", "draw": "drawing", "text": "text", "table": "table", "presentation": "presentation",
        "svg": "svg-compatible", "style": "style",
    }.items()
)  # fmt: skip


def odp(slides: str, styles: str = "", manifest: str = "<manifest/>") -> bytes:
    """Build an OpenDocument presentation."""
    kind = "application/vnd.oasis.opendocument.presentation"
    content = f"<office:document-content {_SPACES}>{styles}{slides}</office:document-content>"
    return zipped({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def frame(words: str, y: str, kind: str = "") -> str:
    """Return the markup of a frame with text."""
    role = f'presentation:class="{kind}"' if kind else ""
    box = f'svg:x="1cm" svg:y="{y}" svg:width="9cm" svg:height="1cm"'
    return f"<draw:frame {role} {box}><draw:text-box>{words}</draw:text-box></draw:frame>"


def pptx_of(*slides: tuple[str, str]) -> bytes:
    """Build a PowerPoint presentation of slides with a title and a text, and a table on the last one."""
    made = pptx.Presentation()
    for title, text in slides:
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
        slide.notes_slide.notes_text_frame.text = f"Notes to {title}"
    made.slides[-1].shapes.add_table(2, 2, 0, 0, 9, 9).table.cell(0, 0).text = "Ships"
    return bytes_of(made)
