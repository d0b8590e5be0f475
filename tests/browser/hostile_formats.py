"""Word documents and PDF files that are hostile in their metadata as well as in their text."""

from __future__ import annotations

import io

import docx

from tests.loading.pdfs import Printed, build


def word(payload: str, text: str) -> bytes:
    """Build a Word document with the payload in title, author, heading and table."""
    document = docx.Document()
    document.core_properties.title = f"Of {payload}"[:255]
    document.core_properties.author = payload[:255]
    document.add_heading(payload, 1)
    document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = payload, "=1+1"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pdf(payload: str, text: str) -> bytes:
    """Build a PDF file with the payload in title, author, outline, page label and text."""
    shown = payload.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    printed = [Printed(72, 700, "Of the comet", 16), Printed(72, 660, text), Printed(72, 640, payload, 6)]
    return build(
        [printed],
        information={"Title": f"Of {shown}", "Author": shown},
        outline=[(shown, 0)],
        labels=f"0 << /P ({shown}) >>",
    )
