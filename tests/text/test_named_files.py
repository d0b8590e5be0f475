"""The files that a question names as the place to look."""

from __future__ import annotations

from index.records import DocumentInfo
from index.text.query import has_file_name, named_files
from tests.cases import cases


def an_info(source: str) -> DocumentInfo:
    """Return the metadata of a document."""
    return DocumentInfo("0123456789abcdef" * 4, source, "", "", "", "text/plain", 99, 0, 1)


INFOS = {
    1: an_info("/papers/simple.doc"),
    2: an_info("/papers/treaty-of-1890.pdf"),
    3: an_info("/other/simple.doc"),
    4: an_info("C:/Letters/Übersicht.odt"),
}


@cases(
    ("question", "searched", "numbers"),
    [
        ("Which bird is on the list in simple.doc?", "Which bird is on the list in it?", [1, 3]),
        ("Which bird is in papers/simple.doc?", "Which bird is in it?", [1]),
        ("Which bird is in the old Word file SIMPLE.DOC?", "Which bird is in it?", [1, 3]),
        ("Who signed, according to treaty-of-1890.pdf?", "Who signed, according to it?", [2]),
        ("What does treaty-of-1890.pdf say on oil?", "What does it say on oil?", [2]),
        ("In treaty-of-1890.pdf, who signs?", "In it, who signs?", [2]),
        ("¿Quién firmó según treaty-of-1890.pdf?", "¿Quién firmó según it?", [2]),
        ("Was steht in u\u0308bersicht.odt?", "Was steht in it?", [4]),
        (
            "Do simple.doc and the treaty in treaty-of-1890.pdf agree?",
            "Do simple.doc and the treaty in it agree?",
            [2],
        ),
        # asked about, not the place to look
        ("What is simple.doc?", "What is simple.doc?", []),
        ("In the list of files, what is simple.doc?", "In the list of files, what is simple.doc?", []),
        ("Who attached simple.doc to the message?", "Who attached simple.doc to the message?", []),
        # no such file
        ("What is in missing.doc?", "What is in missing.doc?", []),
        ("What is in imple.doc?", "What is in imple.doc?", []),
        ("What is in simple.doc.bak?", "What is in simple.doc.bak?", []),
        ("Who lived in St. Moritz, e.g. in winter?", "Who lived in St. Moritz, e.g. in winter?", []),
    ],
)
def test_file_that_a_question_names_is_the_place_to_look(question: str, searched: str, numbers: list[int]) -> None:
    """Its name gives way to `it`, because texts do not contain the names of their files."""
    assert named_files(question, INFOS) == (searched, numbers)


def test_question_without_a_file_name_costs_no_look_at_the_documents() -> None:
    """Most questions name none."""
    assert not has_file_name("Who signed the treaty of 1890?")
    assert not has_file_name("How much is 3.5 m in feet, i.e. in inches?")
    assert has_file_name("Who signed in treaty.pdf?")
