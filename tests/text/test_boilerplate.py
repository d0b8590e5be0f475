"""Which lines are statements, and which are only the furniture of a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.text.prose import ends_sentence, is_statement, kind_of
from tests.cases import cases

SENTENCES = [
    "The king signed the treaty.", "He signed it in winter [3].", "Ships of the north.",
    "About one in eight is diagnosed by the age of 85.2", "Figure 3 shows that the yield doubled.",
    "The code is at https://example.org/code and may be used by anybody.",
    "According to Gabuev (2020), the company came away with a reduction.",
    "The way to find one is to look at the edges: what is missing, or broken?",
    "Der König unterschrieb den Vertrag im Winter.", "国王在冬天签署了条约。", "TCP/IP is a protocol.",
    "05/06/2019 was a wet day.", "The record was copied from the original on a rainy day in Leeds.",
    "24 Su-35 aircraft were delivered in 2016.", "So the crew waited.... and waited, until the ship was towed home.",
    "The crew went home, and that was the end of it.....",
    "There were two kinds of ship in the harbour: barks and brigs.",
    "Loan requests exceed the limit that was set for most customers",
]  # fmt: skip
FURNITURE = [
    "Skip to content", "Toggle the table of contents", "Click here to see the map of the region.",
    "Home > Products > Pumps", "Figure 3: The yield of four fields.", "Table 7. Passages returned by two methods.",
    "Photo: Jane Smith", "https://example.org/a/very/long/address.html", "doi: 10.1000/xyz123", "DOI:Smith.Jones",
    "WWW.EXAMPLE.ORG", "jane@example.org", "42. Roberts, Iwan (12 May 2020).",
    '"Division 3 verdict" (https://www.example.org/d3).', "Retrieved 13 November 2007.", "-jane-roberts/).",
    "1 GAO, Cybersecurity: Leadership Urgently Needed, GAO-20-629 (Washington, D.C.: Sept. 22, 2020).",
    "archive.org/web/2019/https://www.example.org/d3 verdict) from the original on 1 April 2019.",
    '"Division 3 remembers" (https://www.example.org/d3-rememb ers/featured).',
    "[7] Smith, J. (2019). Dogs. Journal of Animals, vol. 3, pp. 4-9.", "|---|---|", "2", "76.6 79.8 71.0",
    "5 December 2020", "1.2 Aims and scope ........ 14", "Preface . . . . . . . . . . . . iv",
    "Ships of the north......................14-2", "Kapitel 2 · · · · · · · · 17", "Introduction ……… 12",
    "The harbour of Hull .............", "All rights reserved.",
    "Page 1 GAO-23-106826 | National Cybersecurity Strategy",
]  # fmt: skip
LOOSE = [
    "The 2011 Oil Discount: A Lesson in Leverage",
    "Why the sellers gave way",
    "By Jane Smith",
    "∗ Equal contribution",
]


STATEMENTS = ("sentence", "item", "row")
KINDS = [(line, "sentence") for line in SENTENCES] + [(line, "furniture") for line in FURNITURE]


@cases(
    ("line", "kind"),
    [
        *KINDS,
        *((line, "loose") for line in LOOSE),
        ("Editor: Jane Smith.", "row"),
        ("See also: Whales.", "loose"),
        ("- a lump in one breast only", "item"),
        ("• Ericsson, with its headquarters in Stockholm", "item"),
        ("2014 | about 95 billion | customs", "row"),
        ("Editor: Jane Smith", "row"),
        ("Date of birth: 3 May 1843", "row"),
        ("Name of the applicant: Jane Smith", "row"),
        ("Version: 1.1.3", "row"),
        ("Licence: Apache-2.0", "row"),
        ("Apples, per pound ........ $3.50", "row"),
        ("Length of the hull . . . . . . 31.2 metres", "row"),
        ("A short lesson in leverage: seven sellers", "loose"),
        ("| Properties | 9", "loose"),
        ("What are the symptoms?", "question"),
        ("• Will it hurt?", "question"),
    ],
)
def test_kinds_of_lines_are_told_apart(line: str, kind: str) -> None:
    """Sentences, items of lists and rows of tables are statements; furniture, questions and headings are none."""
    assert kind_of(line) == kind
    assert is_statement(line) == (kind in STATEMENTS)


def test_sentence_may_end_with_note_numbers() -> None:
    """A sentence ends before the numbers of its notes."""
    assert ends_sentence("So it was.[3][4]")
    assert ends_sentence("So it was.”")
    assert not ends_sentence("So it was, and")


@given(st.text(max_size=300))
def test_every_line_has_a_kind(line: str) -> None:
    """No text raises an error, and white space around a line does not matter."""
    assert kind_of(line) == kind_of(f"  {line} ")
