"""The rows of a sheet are divided into tables and single lines."""

from __future__ import annotations

from index.loading.workbook import divide
from tests.cases import cases

SHEETS = {
    "a title, a table and a note": ("Cups|\nTeam|Cups\nBlues|1\nNote: won|", ["1 A", "2-3 A-B", "4 A"]),
    "a blank row ends a table": ("Team|Cups\nBlues|1\n\nTown|Port\nHull|yes", ["1-2 A-B", "4-5 A-B"]),
    "values after a blank row continue it": ("Team|Cups\n\nBlues|1\nFlyers|2\n\nTotal|3", ["1-6 A-B"]),
    "values under a line of their own continue it": ("Team|Cups\nBlues|1\n\nWest\nKings|2", ["1-5 A-B"]),
    "a header after a blank row begins a table": ("Team|Cups\nBlues|1\n\nTeam|Cups\nKings|2", ["1-2 A-B", "4-5 A-B"]),
    "many blank rows end a table": ("Team|Cups\nBlues|1\n\n\n\nTotal|3", ["1-2 A-B", "6-6 A-B"]),
    "a spanner belongs to its table": ("|2023|\n|won|lost\nBlues|1|2", ["1-3 A-C"]),
    "lines": ("All human beings are born free and equal.\nThey have reason.", ["1 A", "2 A"]),
    "a list": ("Hull\nLeith\nLerwick\nOban", ["1-4 A-A"]),
    "a blank column within a table": ("Team|Cups||Page\nBlues|1||4\nKings|2||5", ["1-3 A-D"]),
    "a gap between numbers": ("|won|lost||drawn|void\nBlues|1|2||3|4\nKings|5|6||7|8", ["1-3 A-F"]),
    "tables side by side": ("Team|Cups||Team|Cups\nBlues|1||Kings|2\nStars|3||Ducks|4", ["1-3 A-B", "1-3 D-E"]),
    "tables with titles side by side": (
        "Cups|||Goals|\nTeam|Cups||Team|Cups\nBlues|1||Kings|2", ["1 A", "2-3 A-B", "1 D", "2-3 D-E"],
    ),
    "tables of different heights": (
        "Team|Cups||Town|Port\nBlues|1||Hull|yes\nStars|3||Oban|no\n|||Leith|no", ["1-3 A-B", "1-4 D-E"],
    ),
    "nothing": ("\n\n", []),
}  # fmt: skip


@cases(("text", "expected"), SHEETS.values(), ids=SHEETS.keys())
def test_a_sheet_is_divided_into_tables_and_lines(text: str, expected: list[str]) -> None:
    """Blank rows and columns separate, unless the cells beyond them belong to the same table."""
    found = []
    for rows, left, right in divide([line.split("|") for line in text.split("\n")]):
        first, last = "ABCDEF"[left], "ABCDEF"[right]
        lone = len(rows) == 1 and left == right
        found.append(f"{rows[0] + 1} {first}" if lone else f"{rows[0] + 1}-{rows[-1] + 1} {first}-{last}")
    assert found == expected
