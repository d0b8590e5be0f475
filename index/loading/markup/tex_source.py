"""The source of TeX before it is read: without comments, and with the closing brace of each opening one."""

from __future__ import annotations

import re

from index.loading.line_places import source_lines

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
CODE = frozenset({"verbatim", "verbatim*", "Verbatim", "BVerbatim", "lstlisting", "minted", "alltt", "tcblisting"})
"""Environments that hold code, in which a per cent sign begins no comment."""
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def without_comments(source: str) -> str:
    """Return the source without comments; a line that is only a comment does not end a paragraph."""
    lines: list[str] = []
    code = ""
    for line in source_lines(source):
        if code:
            code = "" if f"\\end{{{code}}}" in line else code
            lines.append(line)
            continue
        shown = _COMMENT.sub(r"\1", line)
        lines.append(shown if shown.strip() or not line.strip() else r"\relax")
        code = next((name for name in CODE if f"\\begin{{{name}}}" in shown and f"\\end{{{name}}}" not in shown), "")
    return "\n".join(lines)


def closing_braces(text: str) -> dict[int, int]:
    """Return the position of the closing brace of each opening one that has one."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closing[opened.pop()] = brace.start()
    return closing
