"""Which lines of captions, markup, settings, logs, tables and source code are sentences."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import pytest

from index.loading.loader import load_bytes
from index.records.file_kinds import format_of
from index.text.prose import is_sentence, looks_structured
from index.text.sentences import split_sentences
from tests.cases import cases

EVAL = Path(__file__).parents[2].parent / "shared" / "eval"

SENTENCES = [
    "The king signed the treaty in the harbour.", "The king signed the treaty", "- No, she kept a garden.",
    "<i>Nobody came.</i>", "on the clover \\cite{frisch}, and \\emph{did not} come back before noon.",
    "// Counts all the bees that have left the hive.", "description: The server answers all questions of readers.",
    "AB  - We show that the bees dance in the dark hive.",
    "Over 10% of Amsterdam's population died in 1623\u201325, and again in 1635\u201336, 1655, and 1664.",
    "Der K\u00f6nig unterschrieb den Vertrag im Hafen.", "Король подписал договор в гавани.",
    "10:00:00 The meeting was opened by Mrs Smith, who welcomed nine guests.",
    "00:01:02 Anna Smith: The contract ends in May and the mayor has to sign it.",
    "[2026-03-01 09:15:00] Ben: Who told you that it was over?", "1763-02-10 09:00 The treaty was signed in Paris.",
    "smith: In the winter of 1763.", "国王在港口签署了条约。", "王は港で条約に署名した。",
    "وقع الملك المعاهدة في الميناء.",
    "राजा ने बंदरगाह में संधि पर हस्ताक्षर किए।", "กษัตริย์ลงนามในสนธิสัญญา",
]  # fmt: skip
LINES = [
    "", "17", "00:04.500 --> 00:08.000 [3]", "00:00:04,500 --> 00:00:08,000", "WEBVTT", "[DOOR SLAMS]",
    "\\usepackage[utf8]{inputenc}", "\\section{The Treaty of the King}", "E = mc^2 \\label{eq:e}", "Hull & 12 \\\\",
    ".. image:: bees.png", ":author: Karl von Frisch", "=====", "@article{frisch1967,",
    "title = {The Dance Language and Orientation of Bees},", "TI  - The Dance Language of Bees", "host: 127.0.0.1",
    "motto: quick and small things", 'name = "pincite"', "[section.of.settings]",
    "2024-01-05 12:00:02,123 ERROR The disk is full and nothing can be written.",
    '127.0.0.1 - - [05/Jan/2024:12:00:01 +0000] "GET / HTTP/1.1" 200 12',
    "Jan  5 12:00:01 host sshd[123]: Accepted password for root",
    "Jan  5 12:00:01 host sshd[123]: Connection was closed by the other side.",
    "2024-01-05T12:00:02.123Z [main] INFO The server has been started and is ready.", "10:00:00 Rain.",
    "Maple Leafs,TOR,13", "Ann Lee; Hull; 1999", "Ann\tHull\t1999", "def count(bees: list[str]) -> int:",
    "for bee in bees:", "let total = a + b;", 'print("The king signed the treaty.")',
    "SELECT name FROM bees WHERE id = 1;", "https://doi.org/10.20535/ibb.2020.4.1.195074",
]  # fmt: skip


@cases("line", SENTENCES, ids=ascii)
def test_sentence_is_recognised_in_its_format(line: str) -> None:
    """Scripts and the marks of a format do not matter."""
    assert is_sentence(line)


@cases("line", LINES, ids=ascii)
def test_machine_readable_line_is_not_a_sentence(line: str) -> None:
    """Such lines are times, field names, commands and columns."""
    assert not is_sentence(line)


@cases(
    ("text", "structured"),
    [
        ("1\n00:00:01,000 --> 00:00:04,000\nThe king signed.\n\n2\n00:00:05,000 --> 00:00:06,000\nIt rained.", True),
        ("Team,Location,Cups\nBlues,STL,1\nFlyers,PHI,2\nMaple Leafs,TOR,13", True),
        ("name; town; year\nAnn; Hull; 1999\nBob; York; 2001\nCy; Bath; 2002", True),
        ("a = 1\nb = 2\nc = 3\nd = 4", True),
        ('{"a": 1,\n "b": [1, 2],\n "c": null,\n}', True),
        ("Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you.", False),
        ("Bread, milk, eggs\nFlour, salt, yeast\nLeeks, beans, peas\nTea, rice, honey, oats", False),
        ("BOB: I will not go.\nANN: Then stay.\nBOB: I will.\nANN: Good.", False),
        ("One line, and another, and more.", False),
        ("08:00:00 We left the harbour early.\n09:00:00 The mate fell ill at noon.\n10:00:00 Rain.\n" * 2, False),
        (
            "ann: Who made it?\nbob: Two brothers made it.\nann: When was that?\nbob: In the year of 1763.\nann: Why?",
            False,
        ),
        ("08:00:00 INFO The disk is full now.\n09:00:00 INFO The disk is full now.\n" * 2, True),
    ],
)
def test_data_is_recognised_by_its_lines(text: str, structured: bool) -> None:
    """The file extension says nothing here; verse, lists and plays are not data."""
    assert looks_structured(text) == structured
    kind = load_bytes(text.encode(), source="a.txt").media_type
    assert (not format_of(kind).prose or kind == "application/x-subrip") == structured


@cases("line", [" ", "a", "-", "- ", "# ", "\\a[", '."', "a.", "\t", "<i", "=", "((", "a(", "1.", "a:", "'"], ids=ascii)
def test_long_line_takes_linear_time(line: str) -> None:
    """A megabyte takes milliseconds; a pattern that starts again at each character would take hours."""
    text = f"{line * (1_000_000 // len(line))}\n" * 4
    began = process_time()
    looks_structured(text)
    is_sentence(text)
    assert process_time() - began < 5


@pytest.mark.skipif(not EVAL.exists(), reason="shared data: the evaluation sets are not beside this checkout")
@pytest.mark.parametrize("name", ["adi", "cisi", "cran", "scifact", "squad_v2"])
def test_prose_is_not_taken_for_data(name: str) -> None:
    """Of sentences with four words in lower case in real texts, fewer than one in five hundred is lost."""
    total = lost = 0
    for entry in map(json.loads, (EVAL / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[:500]):
        assert not looks_structured(entry["text"])
        for span in split_sentences(entry["text"]):
            sentence = span.of(entry["text"])
            if sum(word.isalpha() and word.islower() and len(word) > 1 for word in sentence.split()) >= 4:
                total += 1
                lost += not is_sentence(sentence)
    assert total > 100
    assert lost <= total / 500
