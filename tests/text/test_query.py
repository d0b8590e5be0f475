"""Parsing a question: which parts are operators, which are plain words, and which documents are admitted."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.records import DocumentInfo
from index.text.query import SYNTAX, Query, has_file_name, named_files, parse
from tests.cases import cases
from tests.nightly import length

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def a_document(
    title: str = "", source: str = "/papers/treaty.pdf", media_type: str = "application/pdf", date: str = ""
) -> DocumentInfo:
    """Return a document's metadata, without its text."""
    return DocumentInfo("0123456789abcdef" * 4, source, title, "", date, media_type, 99, 3, 1)


def spaced(text: str) -> str:
    """Return the text with single spaces."""
    return " ".join(text.split())


@cases(
    ("question", "query"),
    [
        ("Who  signed\n the treaty?", Query("Who signed the treaty?")),
        ("", Query("")),
        ('Who signed "the treaty"?', Query("Who signed the treaty?", phrases=("the treaty",))),
        ('("the  treaty\n of 1890")', Query("(the treaty of 1890)", phrases=("the treaty of 1890",))),
        ('" spaced out "', Query("spaced out", phrases=("spaced out",))),
        ('"one""two" "3"', Query("one two 3", phrases=("one", "two", "3"))),
        ("“curly” x", Query("curly x", phrases=("curly",))),
        ("„German“ „Polish” x", Query("German Polish x", phrases=("German", "Polish"))),
        ("«French» «\u202fspaced\xa0» x", Query("French spaced x", phrases=("French", "spaced"))),
        ("«a “b” c»", Query("a “b” c", phrases=("a “b” c",))),
        ('"it\'s 5 o’clock"', Query("it's 5 o’clock", phrases=("it's 5 o’clock",))),
        ('"-war in:peace"', Query("-war in:peace", phrases=("-war in:peace",))),
        ('"open "the treaty"', Query('"open the treaty', phrases=("the treaty",))),
        ('a 6" pipe and "the treaty"', Query('a 6" pipe and the treaty', phrases=("the treaty",))),
        ("什么是“机器学习”？", Query("什么是机器学习？", phrases=("机器学习",))),
        ("treaty -war", Query("treaty", excluded=("war",))),
        ("-war treaty -x-ray -C++ -Zürich", Query("treaty", excluded=("war", "x-ray", "C++", "Zürich"))),
        ("treaty -war, -peace.", Query("treaty", excluded=("war", "peace"))),
        ('treaty -"two  words" -“40 degrees”.', Query("treaty", excluded=("two words", "40 degrees"))),
        ("treaty in:notes", Query("treaty", titles=("notes",))),
        ('IN:a.pdf treaty In:"old notes", in:«b»?', Query("treaty", titles=("a.pdf", "old notes", "b"))),
        ("treaty in:/papers/a.pdf in:C:\\b.txt", Query("treaty", titles=("/papers/a.pdf", "C:\\b.txt"))),
        ("treaty Type:PDF type:.Md", Query("treaty", types=("pdf", "md"))),
        ('treaty type:application/pdf type:"docx"', Query("treaty", types=("application/pdf", "docx"))),
        ("treaty after:2020 BEFORE:2021-03-05?", Query("treaty", after="2020", before="2021-03-05")),
        ("treaty after:2020-02-29", Query("treaty", after="2020-02-29")),
        ("after:2019 after:2020-03 after:2020 treaty", Query("treaty", after="2020-03")),
        ("before:2019-02 before:2019-01-31 before:2020 treaty", Query("treaty", before="2019-01-31")),
        ("in:x", Query("", titles=("x",))),
        ("in:x -war", Query("", titles=("x",), excluded=("war",))),
        ('-war -"two  words"', Query('-war -"two words"')),
        ("-war", Query("-war")),
    ],
)
def test_operators_are_parsed_out_of_the_question(question: str, query: Query) -> None:
    """Operators are found anywhere; the rest is the text to search for."""
    assert parse(question) == query
    assert query.restricts == any((query.titles, query.types, query.after, query.before))  # not by phrases


@cases(
    "question",
    [
        '"never closed', "“never closed", 'closed never"', '"" empty', "“ ” empty", '"?!" no letters', "no - minus",
        "-", "- ", '-""', '-"?"', '-"never closed', "in:", "in: the beginning", 'in:""', 'in:"never closed', "type:",
        "type: safety", "type:.", "after:yesterday", "after:2020-13", "after:2021-02-29", "after:2020-3",
        "after:20200305", "after:0000", "after:٢٠٢٠", "after:2020-03-05T10:00", "after: 2020", 'after:"old notes"',
        "before:2020-01-32", "before:", "the Su-35 and an x-ray", "at -40 degrees", "a fall of -3%", "from -½ to −1",
        "-.5", "with --flag", "a dash — or – two —like this–", "Note: x", "see http://example.org/in:x and mail:to",
        "built-in:x (in:x)", "ın:x", "-in:x -TYPE:pdf", 'a 6" pipe', 'a 6" pipe and an 8" pipe',
        "5'10\" tall and 6'2\" tall", 'rock"n"roll -rock"n"roll', 'in:5"pipe -a"b',
        "the boys' toys and 'single quotes'", "x«y» and x“y”", "_",
    ],
)  # fmt: skip
def test_invalid_operators_are_plain_text(question: str) -> None:
    """Anything that only looks like an operator stays in the question and raises no error."""
    assert parse(question) == Query(spaced(question))
    assert parse(f"treaty {question}") == Query(spaced(f"treaty {question}"))


@cases(("operator", "description"), SYNTAX)
def test_every_documented_operator_is_parsed(operator: str, description: str) -> None:
    """Everything that `--help` shows is parsed, and only the words of a phrase remain as text. It shows all."""
    query = parse(f"treaty {operator}")
    assert query.restricts != bool(query.phrases or query.excluded)
    assert query.text == ("treaty exact phrase" if query.phrases else "treaty")
    assert description.endswith(".")
    query = parse(" ".join(operator for operator, _ in SYNTAX))
    assert all((query.phrases, query.excluded, query.titles, query.types, query.after, query.before))


@cases(
    ("name", "admitted"),
    [
        pytest.param("baltic", True, id="part of the title"),
        pytest.param("STRASSE", True, id="any case of it"),
        pytest.param("TREATY.pdf", True, id="file name"),
        pytest.param("eat", True, id="part of the file name"),
        pytest.param("papers", False, id="a folder"),
        pytest.param("/Papers/treaty.pdf", True, id="whole source"),
        pytest.param("papers/treaty.pdf", False, id="part of the source"),
        pytest.param("01234567", True, id="beginning of the id"),
        pytest.param("0123456789ABCDEF", True, id="more of the id"),
        pytest.param("0123456", False, id="too little of the id"),
        pytest.param("12345678", False, id="middle of the id"),
        pytest.param("atlantic", False, id="something else"),
    ],
)
def test_in_selects_a_document_by_name(name: str, admitted: bool) -> None:
    """A part of the title or file name matches, as do the source and the beginning of the id."""
    assert parse(f"x in:{name}").admits(a_document("The Baltic Straße")) is admitted


def test_in_matches_accents_in_any_normal_form() -> None:
    """A composed and a decomposed `é` match each other, both ways."""
    assert parse("x in:r\u00e9sum\u00e9").admits(a_document(source="/re\u0301sume\u0301.pdf"))
    assert parse("x in:re\u0301sume\u0301").admits(a_document(source="/r\u00e9sum\u00e9.pdf"))


@cases(
    ("kind", "source", "media_type", "admitted"),
    [
        ("pdf", "/a", "application/pdf", True),
        ("PDF", "/a.txt", "application/pdf", True),
        ("pdf", "/a.pdf", "text/plain", False),
        ("docx", "/a.docx", DOCX, True),
        ("doc", "/a.docx", DOCX, True),
        ("word", "/a.docx", DOCX, True),
        ("md", "/a.md", "text/markdown", True),
        ("markdown", "/a.md", "text/markdown", True),
        ("md", "/a.txt", "text/plain", False),
        ("htm", "/a.html", "text/html", True),
        ("html", "/a", "text/html", True),
        ("txt", "/a.log", "text/plain", True),
        ("text", "/a.md", "text/markdown", False),
        ("org", "/a.org", "text/org", True),
        ("csv", "/a.CSV", "text/plain", True),
        (".log", "/a.log", "text/plain", True),
        ("csv", "/csv.txt", "text/plain", False),
        ("text/html", "/a", "text/html", True),
        ("wordprocessing", "/a", DOCX, True),
    ],
)
def test_type_selects_a_kind_of_file(kind: str, source: str, media_type: str, admitted: bool) -> None:
    """Usual names mean the format that was read; others match the file extension or part of the media type."""
    assert parse(f"x type:{kind}").admits(a_document(source=source, media_type=media_type)) is admitted


@cases(
    ("question", "date", "admitted"),
    [
        ("after:2020", "2020-01-01", True),
        ("after:2020", "2020", True),
        ("after:2020", "2019-12-31", False),
        ("before:2020", "2019-12-31", True),
        ("before:2020", "2020", False),
        ("before:2020", "2020-01-01", False),
        ("after:2020-06", "2020", False),
        ("after:2020-06", "2020-06", True),
        ("before:2020-06", "2020", True),
        ("before:2020-06-02", "2020-06", True),
        ("after:2020-06-02", "2020-06", False),
        ("after:2020 before:2021", "2020-12-31", True),
        ("after:2020 before:2021", "2021", False),
        ("after:2021 before:2020", "2020-06", False),
        ("after:2020", "", False),
        ("before:2020", "", False),
        ("x", "", True),
    ],
)
def test_date_operators_compare_with_the_first_possible_day(question: str, date: str, admitted: bool) -> None:
    """`after` includes its first day and `before` does not; a vague date counts as its first possible day."""
    query = parse(question)
    assert query.admits_date(date) is admitted
    assert query.admits(a_document(date=date)) is admitted


DATES = st.dates().flatmap(lambda day: st.sampled_from([f"{day}", f"{day}"[:7], f"{day}"[:4]]))


@given(DATES, DATES)
def test_after_and_before_split_dated_documents(limit: str, stated: str) -> None:
    """A dated document is on exactly one side of any date, an undated one on neither."""
    sides = parse(f"x after:{limit}"), parse(f"x before:{limit}")
    assert [side.admits_date(stated) for side in sides].count(True) == 1
    assert not any(side.admits_date("") for side in sides)


def test_document_must_match_every_operator_by_one_of_its_values() -> None:
    """Several values of an operator are alternatives; all operators must match; without one, every document does."""
    query = parse("x in:treaty in:letter type:pdf type:md after:1890")
    assert query.admits(a_document("The Letter", date="1890"))
    assert query.admits(a_document(source="/treaty.md", media_type="text/markdown", date="1891-02"))
    assert not query.admits(a_document("The Letter", date="1889"))
    assert not query.admits(a_document("The Diary", source="/diary.pdf", date="1890"))
    assert not query.admits(a_document("The Letter", media_type="text/html", date="1890"))
    assert parse('"treaty" -war').admits(a_document())


@cases(
    "piece",
    [
        '"', "“", "„", "«", "„«“", '-"', ' -"', 'in:"', " in:“", '"a', '" a', '" "a', "“a”b ", "-", " -a", " after:",
        "in:.",
    ],
)  # fmt: skip
def test_parsing_takes_linear_time(piece: str) -> None:
    """Unclosed quotes or half operators must not take quadratic time: hours for a megabyte, as in the nightly run."""
    text = piece * (length(100_000, 1_000_000) // len(piece))
    start = time.thread_time()
    parse(text)
    parse(f"in:{text}x")
    assert time.thread_time() - start < 10


FRAGMENTS = (
    '"', "“", "”", "„", "«", "»", "-", " ", "in:", "After:", "before:", "type:", "2020", "-03", "war", "é", ".", "\n",
)  # fmt: skip
QUESTIONS = st.one_of(
    st.text(st.characters(codec=None)),
    st.text(st.characters(categories=["Cs", "Cc", "Zs", "Pi", "Pf", "Pd", "Nd", "No", "Mn"])),
    st.text('" “”„«»-:inafterbefotype0123456789'),
    st.lists(st.sampled_from(FRAGMENTS)).map("".join),
)
OPERATOR = re.compile('["“„«]|-|(?:in|type|after|before):', re.IGNORECASE)


@settings(max_examples=length(300, 3_000), deadline=None)
@given(QUESTIONS)
@example('\ud800\x00 -\udfff "\ud800 a" in:\x00')
def test_any_question_can_be_parsed(question: str) -> None:
    """No input raises an error or adds a word, and a question without operators stays unchanged."""
    query = parse(question)
    words = spaced(question)
    assert all(
        part in words and part == spaced(part) != "" for part in (*query.phrases, *query.excluded, *query.titles)
    )
    assert all(phrase in query.text for phrase in query.phrases)
    assert all(kind in words.lower() for kind in query.types)
    assert all(not date or date in words for date in (query.after, query.before))
    assert query.text == spaced(query.text)
    if not OPERATOR.search(question):
        assert query == Query(words)
    if query == Query(query.text):
        assert query.text == words
        assert parse(query.text) == query
    query.admits(a_document(question, question, question, "2020"))


# The files that a question names as the place to look


INFOS = {
    1: a_document(source="/papers/simple.doc"),
    2: a_document(source="/papers/treaty-of-1890.pdf"),
    3: a_document(source="/other/simple.doc"),
    4: a_document(source="C:/Letters/Übersicht.odt"),
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
        ("Do simple.doc and the treaty in treaty-of-1890.pdf agree?", "Do simple.doc and the treaty in it agree?", [2]),
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
