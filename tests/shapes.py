"""A document of each shape that the source panel and the page of a citation show, made without its file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from index.loading.draft import Block, Content, Draft, compose, paragraph, verbatim
from index.loading.grid import Outline, grid
from index.records import Reading, WordBox
from tests.boxes import as_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.records import Document

MESSAGE = "message/rfc822"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOTEBOOK = "application/x-ipynb+json"
SOURCE_CODE = "text/x-source"
SUBTITLES = "application/x-subrip"


def document(name: str, media_type: str, blocks: Sequence[Block], title: str = "", **fields: object) -> Document:
    """Return a document of these blocks."""
    made = compose(
        Draft(blocks, title), Content(b"", media_type), id=hashlib.sha256(name.encode()).hexdigest(), source=f"/{name}"
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def placed(block: Block, label: str, level: int = 1) -> Block:
    """Return a block at which a place begins."""
    return replace(block, places=((0, label, level), *block.places))


def sheet() -> Document:
    """Return a workbook with a sheet that is wider than any window."""
    months = [f"Month {number}" for number in range(1, 25)]
    rows = [["Item", *months]]
    rows += [[f"Item {row}", *(f"{row * 100 + column}" for column in range(24))] for row in range(1, 60)]
    costs = grid(rows, Outline("sheet", "Costs", header_rows=1, row_numbers=range(3, 3 + len(rows))))
    return document("costs.xlsx", SHEET, [placed(costs, "Sheet “Costs”")])


def payments() -> Document:
    """Return a workbook with a payment in each row, whose payer and payee stand before the amount."""
    rows = [
        ["Date", "Payer", "Payee", "Amount EUR", "Purpose"],
        ["2021-04-09", "Meridian Holdings Ltd.", "Okafor Family Trust", "45000", "Loan"],
        ["2021-07-12", "Ministry of Public Works", "Harbour Logistics B.V.", "96250", "Dredging, invoice 0433"],
        ["2021-07-20", "Meridian Holdings Ltd.", "Bright Coast Foundation", "25000", "Donation"],
    ]
    paid = grid(rows, Outline("sheet", "Payments", header_rows=1, row_numbers=range(1, 5)))
    return document("payments.xlsx", SHEET, [placed(paid, "Sheet “Payments”")])


def message() -> Document:
    """Return a message with a reply."""
    head = verbatim(
        "From: Anna Berg <anna@example.org>\nTo: Boris Holm <boris@example.org>\nDate: 5 May 2024\nSubject: The pump"
    )
    body = "The pump at the north quay was repaired on Tuesday.\n> When was the pump repaired?\n> Nobody told me."
    return document(
        "pump.eml",
        MESSAGE,
        [placed(head, "message"), verbatim(body)],
        "The pump",
    )


def slides() -> Document:
    """Return a presentation with notes."""
    name = "slide 2, “Results”"
    blocks = [
        placed(paragraph("The Year", 1), "slide 1, “The Year”"),
        placed(paragraph("Results", 1), name),
        paragraph("Fourteen wells were drilled.\nThree of them were dry."),
        placed(paragraph("Mention that the dry wells cost nine million."), f"{name}, notes"),
        placed(paragraph("Outlook", 1), "slide 3, “Outlook”"),
        paragraph("The next season begins in April."),
    ]
    return document("year.pptx", SLIDES, blocks, "The Year")


def code() -> Document:
    """Return a file of source code, each line of it a place."""
    text = "import math\n\ndef area(radius):\n    # The circle is never negative.\n    return math.pi * radius**2\n"
    places, at = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            places.append((at + len(line) - len(line.lstrip()), f"line {number}", 0))
        at += len(line) + 1
    return document("area.py", SOURCE_CODE, [replace(verbatim(text), places=tuple(places))])


def subtitles() -> Document:
    """Return a recording in which two people speak."""
    said = ("The harbour froze in January.", "Nobody believed the pilot.", "He was right all the same.")
    labels = ("00:12:04, Clara", "00:12:09, David", "00:12:15, Clara")
    starts = [len(" ".join([*said[:n], ""])) for n in range(3)]
    places = tuple((start, label, 0) for start, label in zip(starts, labels, strict=True))
    return document("harbour.srt", SUBTITLES, [Block(" ".join(said), places=places)])


def notebook() -> Document:
    """Return a notebook with text, code and output."""
    blocks = [
        placed(paragraph("Rainfall", 1), "cell 1", 0),
        paragraph("The rain of the last ten years was measured at the dam."),
        placed(verbatim("rain = load('rain.csv')\nfor year in rain:\n    print(year, rain[year])"), "cell 2", 0),
        placed(verbatim("2014 812\n2015 640"), "cell 2, output", 0),
    ]
    return document("rain.ipynb", NOTEBOOK, blocks)


def picture(path: Path) -> Document:
    """Draw a page as a picture at this path, and return its document, whose words were recognised."""
    Image.new("RGB", (850, 1100), "#F4F1E8").save(path)
    text, words = "", list[WordBox]()
    for row, line in enumerate(("Bill of the harbour", "Forty barrels of oil were landed.", "The doctor signed it.")):
        left, top = 0.1, 0.2 + 0.05 * row
        for word in line.split():
            right = left + 0.014 * len(word)
            words.append(WordBox(len(text), len(text) + len(word), 0, left, top, right, top + 0.02, 0.94))
            text, left = f"{text}{word} ", right + 0.01
        text = f"{text.rstrip()}\n"
    block = replace(Block(text.strip()), pages=((0, "1"),), boxes=as_rows(words))
    made = document("bill.png", "image/png", [block], "Bill")
    identity = hashlib.sha256(path.read_bytes()).hexdigest()
    return replace(made, id=identity, source=str(path), reading=Reading(1, "tesseract 5.5", languages=("en",)))


ALL = (sheet, message, slides, code, subtitles, notebook)
