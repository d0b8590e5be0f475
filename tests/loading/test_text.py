"""Plain text is read with its paragraphs, its headings and the metadata at its head."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.tables import headings

if TYPE_CHECKING:
    from index.records import Document

PROSE = (
    "The bees left the hive in the early morning, while the dew was still\n"
    "on the clover, and did not come back before the bells of the village\n"
    "had rung for noon. Nobody had expected them to stay away for so long,\n"
    "least of all the old beekeeper, who had counted them out one by one\n"
    "and written their number on the door.\n"
)


def read(text: str, name: str = "a.txt") -> Document:
    """Load a plain text."""
    return load_bytes(text.encode(), source=name)


def paragraphs(document: Document) -> list[str]:
    """Return the paragraphs and headings of a document, by its landmarks."""
    starts = [mark.start for mark in document.landmarks if mark.kind in {"heading", "paragraph"}]
    ends = [*starts[1:], len(document.text)]
    return [document.text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def test_wrapped_lines_are_joined_and_paragraphs_kept() -> None:
    """An indent after a sentence starts one, a hyphen at the margin stays, and a long line is one."""
    document = read(PROSE + "\n" + PROSE)
    assert paragraphs(document) == [" ".join(PROSE.split())] * 2
    document = read(PROSE + "   " + PROSE + PROSE)
    assert paragraphs(document)[1].startswith("The bees left")
    text = PROSE.replace("was still\non the clover", "was well-\nknown to lie")
    assert "well-known" in read(text + "\n" + PROSE).text
    line = " ".join(PROSE.split())
    assert paragraphs(read(f"{line}\n{line}\n")) == [line, line]


def test_lines_of_different_widths_are_joined() -> None:
    """In text pasted from several pages, lines are as long as their neighbours, and some end in mid-sentence."""
    words = " ".join([PROSE] * 3).replace(".", ",").split()
    words = [word.capitalize() if n % 4 == 0 else word for n, word in enumerate(words)]
    narrow, wide = textwrap.fill(" ".join(words), 60), textwrap.fill(" ".join(words), 150)
    short = (
        "He was called up at once for the\nWelsh team, and scored a total\nof nine goals, as nobody did who had been "
        "with\nthem before him"
    )
    text = f"{narrow}\n{wide}\n{short}"
    assert read(text).text.count(" ".join(words)) == 2
    assert "called up at once for the Welsh team" in read(text).text
    assert "a total of nine goals" in read(text).text
    assert "had been with them before" in read(text).text


def test_lines_with_sentence_ends_are_joined_despite_capitals() -> None:
    """Lines that contain the end of a sentence are prose, even if every word is capitalised."""
    words = " ".join([PROSE] * 3).title()
    text = f"{textwrap.fill(words, 60)}\n{textwrap.fill(words, 150)}"
    assert "Before The Bells Of The Village Had Rung" in read(text).text
    assert read(text.replace(".", "")).text.count("\n") > read(text).text.count("\n")


UNWRAPPED = {
    "verse": "The hive is a town without sorrow,\nThe heath is its harvest and hall,\nIts wealth,\nAnd all.",
    "a list": "- honey from the heath\n- wax\n- pollen, dried and sold by the pound\n- royal jelly",
    "numbers": "1. Open the hive.\n2. Look for the queen, who is longer than the others.\n3. Close it.",
    "code": "def hives():\n    for hive in HIVES:\n        yield hive\nprint(hives())",
    "verse that leans": "The lake was cold, the lake was long\nAnd all the reeds beside it leant to hear\nThe old song",
    "a title": "Contents of\nPart one",
    "a query": "SELECT name FROM hives WHERE state IN states\nand keeper IN (SELECT keeper FROM people)",
    "code that hangs": "ready = hive.open and\nhive.warm or\nhive.dry",
    "two statements": "There is no country that the president will travel to\nJapan sends a delegation in May",
    "a form": "Name of the person that you are writing for\nAnna Smith\nThe country that you come from\nFrance",
    "a head": "From: Anna Smith on behalf of\nSent: Monday, 3 May 2021\nTo: The Board",
    "commands": "# the hive that we want to look at\ncd hives\n# which honey we are looking for\ncat honey",
    "code that hangs on a preposition": "ready = hive.open if the hive is\nnone of the others",
    "a field": "From what the clerk has written on behalf of\nsubject: bees and wax",
    "indented code": "for hive in the hives that we look at\n    count the bees",
    "fields": "author = the one who wrote the book that we look at\ntitle = bees\nyear = 1999",
    "another language": "Der Zug aus Berlin kommt um acht Uhr an\nDer Bus nach Potsdam kommt um zehn",
    "titles": (
        "Lentiviral vector design and imaging approaches to visualize the early stages of reprogramming\n"
        "Caregiver burden in partners of men with another illness at home\n"
        "Place of care in advanced cancer: a review of the preferences of patients and of their families\n"
        "Molecular elements of low-oxygen signaling in plants\n"
        "Association of body mass with outcomes in patients with kidneys that are failing after all\n"
        "A protein of the skin\n"
        "Antibodies in acute human infections of the second type and of the third"
    ),
    "a table": "hive   bees   honey\none    2000   3 kg\ntwo    1500   2 kg\nthree  900    1 kg",
}


@cases("text", UNWRAPPED.values(), ids=UNWRAPPED.keys())
def test_intended_line_breaks_are_kept(text: str) -> None:
    """Verse, lists, code and tables keep their lines, alone and amid wrapped prose."""
    assert read(text).text == text
    assert text in read(f"{PROSE}\n{PROSE}\n{text}\n\n{PROSE}").text


BLOG = (
    "Pages\n\n5 December 2020\n\nDo Bees Really Dance?\n\nBy Ada Lovelace\n\n{body}\n\nNo comments:\n\nPost a Comment"
)
BODY = " ".join(PROSE.split())
HEADINGS = {
    "a chapter": ("CHAPTER I\n\n" + PROSE, [(1, "CHAPTER I")]),
    "a chapter with a name": ("Chapter 2. The Swarm\n\n" + PROSE, [(1, "Chapter 2. The Swarm")]),
    "numbers": ("1. Bees\n\n" + PROSE + "\n1.2 Swarms\n\n" + PROSE, [(1, "1. Bees"), (2, "1.2 Swarms")]),
    "capitals": ("Intro text.\n\nTHE OLD BEEKEEPER\n\n" + PROSE, [(2, "THE OLD BEEKEEPER")]),
    "underlines": ("Bees\n====\nText.\n\nWax\n---\nMore.\n", [(1, "Bees"), (2, "Wax")]),
    "lines above and below": ("======\n Bees\n======\n\nText.\n", [(1, "Bees")]),
    "a sentence": ("It was late.\n\n" + PROSE, []),
    "a date": ("Some text.\n\n5 December 2020\n\n" + PROSE, []),
    "a short line": ("Some text.\n\nDoylestown, PA 18901\n\n" + PROSE, []),
    "the title of a page": (BLOG.format(body=BODY), [(1, "Do Bees Really Dance?")]),
    "one word in capitals": ("Some text.\n\nNOTE\n\n" + PROSE, []),
}


@cases(("text", "expected"), HEADINGS.values(), ids=HEADINGS.keys())
def test_only_clear_headings_are_recognised(text: str, expected: list[tuple[int, str]]) -> None:
    """A line is a heading only if nothing else looks like it."""
    assert headings(read(text)) == expected


DESCRIBED = {
    "a page saved from a blog": (BLOG.format(body=BODY), ("Do Bees Really Dance?", "Ada Lovelace", "2020-12-05")),
    "header lines": (
        f"Title: On Bees\nAuthors: Ada Lovelace, Charles Babbage\nDate: 3 May 1843\n\n{BODY}",
        ("On Bees", "Ada Lovelace, Charles Babbage", "1843-05-03"),
    ),
    "a title alone": (f"The Dance of the Bees\n\n{BODY}", ("The Dance of the Bees", "", "")),
    "a memo": (f"May 5, 2023\nTo Whom it May Concern:\n\n{BODY}", ("", "", "2023-05-05")),
    "a date within the text": (f"{BODY} It was on 5 December 2020.\n\n5 December 2020\n\n{BODY}", ("", "", "")),
    "a first line that is a sentence": (f"The bees are well.\n\n{BODY}", ("", "", "")),
    "a chapter": (f"CHAPTER I\n\n{BODY}", ("", "", "")),
    "a line and nothing else": ("The Dance of the Bees", ("", "", "")),
    "a greeting": (f"Dear Ada,\n\n{BODY}", ("", "", "")),
    "lines that belong together": (f"Ada Lovelace\nCountess\nLondon\n\n{BODY}", ("", "", "")),
    "a line with By and no name": (f"The Dance\n\nBy the way of introduction\n\n{BODY}", ("The Dance", "", "")),
    "code": ("import bees\n\nimport hives\n\nbees.fly()", ("", "", "")),
}


@cases(("text", "expected"), DESCRIBED.values(), ids=DESCRIBED.keys())
def test_title_author_and_date_of_a_text_are_stated_not_guessed(text: str, expected: tuple[str, str, str]) -> None:
    """Title, author and date are those at the head of the text; otherwise they are empty."""
    document = read(text)
    assert (document.title, document.author, document.date) == expected
