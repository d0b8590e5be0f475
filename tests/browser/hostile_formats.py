"""Files with a format of their own, hostile in what they say of themselves as well as in their text."""

from __future__ import annotations

import io

import docx

from tests.loading.pdfs import Printed, build


def word(payload: str, text: str) -> bytes:
    """A Word document: title, author, heading, table and text."""
    made = docx.Document()
    made.core_properties.title = f"Of {payload}"[:255]
    made.core_properties.author = payload[:255]
    made.add_heading(payload, 1)
    made.add_paragraph(text)
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = payload, "=1+1"
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def pdf(payload: str, text: str) -> bytes:
    """A PDF: title, author, outline, label of the page and text."""
    shown = payload.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    printed = [Printed(72, 700, "Of the comet", 16), Printed(72, 660, text), Printed(72, 640, payload, 6)]
    return build(
        [printed],
        information={"Title": f"Of {shown}", "Author": shown},
        outline=[(shown, 0)],
        labels=f"0 << /P ({shown}) >>",
    )
