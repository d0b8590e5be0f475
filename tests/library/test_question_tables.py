"""Tables of questions: what every format becomes, and how edited lines find their rows again."""

from __future__ import annotations

import json

import pytest

from index.errors import BatchError
from index.library.question_tables import QuestionTable, distinct, joined, questions_in

TABLE = QuestionTable(("Who?", "Where?", "When?"), ("id",), (("1",), ("2",), ("3",)))


@pytest.mark.parametrize(
    ("text", "questions", "columns", "cells"),
    [
        pytest.param(
            "id,question,topic\n1,Who?,a\n2,Where?,b\n", ("Who?", "Where?"), ("id", "topic"), (("1", "a"), ("2", "b")),
            id="in order",
        ),
        pytest.param("\ufeffQuestion;id\nWho?;1\n", ("Who?",), ("id",), (("1",),), id="byte order mark, semicolons"),
        pytest.param("sep=;\nid;question\n1;Who, me?\n", ("Who, me?",), ("id",), (("1",),), id="stated separator"),
        pytest.param("id\tquestion\n1\tWho?\n", ("Who?",), ("id",), (("1",),), id="tabs"),
        pytest.param(
            'question,note\n"Who, and\nwhere?","a ""b"""\n', ("Who, and\nwhere?",), ("note",), (('a "b"',),), id="cited"
        ),
        pytest.param("question,id\n,\nWho?,1\n\n  ,2\n", ("Who?",), ("id",), (("1",),), id="empty rows"),
        pytest.param("question,id,x\nWho?\n", ("Who?",), ("id", "x"), ((None, None),), id="short row"),
        pytest.param("question\nWho?,1\n", ("Who?",), ("column 2",), (("1",),), id="long row"),
        pytest.param(
            "id,question,id,\n1,Who?,2,3\n", ("Who?",), ("id", "id (2)", "column 4"), (("1", "2", "3"),), id="names"
        ),
        pytest.param("Who?;1\nWhere?;2\n", ("Who?", "Where?"), ("column 2",), (("1",), ("2",)), id="no head"),
        pytest.param("Who; where?\nWhen?\n", ("Who; where?", "When?"), (), ((), ()), id="semicolon in a sentence"),
    ],
)  # fmt: skip
def test_columns_of_a_csv_are_kept(text: str, questions: object, columns: object, cells: object) -> None:
    """Any usual separator is read, and cells keep their words exactly."""
    table = questions_in("a.csv", text.encode())
    assert (table.questions, table.columns, table.cells) == (questions, columns, cells)


def test_columns_of_json_lines_keep_their_types() -> None:
    """A column is every key of any line; a line without it has a gap. What JSON does not know becomes text."""
    lines = ['{"question": "Who?", "id": 7, "tags": ["a"]}', '{"n": NaN, "question": "Where?", "id": 1e999}']
    table = questions_in("a.jsonl", "\n".join(lines).encode())
    assert table.columns == ("id", "tags", "n")
    assert table.cells == ((7, ["a"], None), ("inf", None, "NaN"))
    assert QuestionTable.from_json(table.to_json()) == table


def test_line_of_json_that_is_no_record_is_refused() -> None:
    """A list has no question."""
    with pytest.raises(BatchError, match="line 2: there is no question"):
        questions_in("a.jsonl", b'{"question": "Who?"}\n["question"]\n')


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        pytest.param(["Who?", "Where?", "When?"], ["1", "2", "3"], id="unchanged"),
        pytest.param(["Who?", "Where exactly?", "When?"], ["1", "2", "3"], id="edited in place"),
        pytest.param(["Who?", "When?"], ["1", "3"], id="removed"),
        pytest.param(["Who?", "Why?", "Where?", "When?"], ["1", None, "2", "3"], id="added"),
        pytest.param(["When?", "Who?", "Where?"], ["3", "1", "2"], id="moved"),
        pytest.param(["A?", "B?"], [None, None], id="replaced by fewer"),
        pytest.param(["Who?", "Who?"], ["1", None], id="written twice"),
    ],
)
def test_lines_find_their_rows(lines: list[str], cells: list[str | None]) -> None:
    """By order and by content: the reader may edit, move, add and remove questions before asking."""
    matched = TABLE.matched(lines)
    assert matched.questions == tuple(lines)
    assert [row[0] for row in matched.cells] == cells


def test_questions_of_several_lines_are_matched_as_the_page_shows_them() -> None:
    """The box has one line for each question."""
    table = QuestionTable(("Who,\n and where?",), ("id",), (("1",),))
    assert table.matched(["Who, and where?"]).cells == (("1",),)


def test_tables_are_joined_below_each_other() -> None:
    """Columns of one name are one column; the others have gaps."""
    other = QuestionTable(("Why?",), ("topic", "id"), (("a", "4"),))
    both = joined([TABLE, other])
    assert both.columns == ("id", "topic")
    assert both.cells == (("1", None), ("2", None), ("3", None), ("4", "a"))


@pytest.mark.parametrize("text", ["", "[]", "{", "[1,2,3]", '[["a"],["b"],[]]', '[["a"],["b"],[[]]]', "[" * 5000])
def test_damaged_table_is_refused(text: str) -> None:
    """A form of the page may hold anything."""
    with pytest.raises(BatchError):
        QuestionTable.from_json(text)


def test_names_become_distinct() -> None:
    """No name is lost, and none is given twice."""
    assert distinct(["id", "id", "id (2)"]) == ("id", "id (3)", "id (2)")
    assert distinct(["answer", "answer"], ["answer"], "yours") == ("answer (yours)", "answer (yours 2)")
    assert json.dumps(distinct([])) == "[]"
