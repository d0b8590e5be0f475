"""Answers and citations as plain text, Markdown and HTML. Only templates make markup; Jinja2 escapes what they insert.

No text of a document, file name or question may become markup in another way. Above all, none may become part of a
Gradio template (`html_template`), which runs in the browser as code.

Plain text has no escape. Our own marks are recognised by their place: a marker begins a line, and text from outside has
no line breaks, so it cannot begin one.

Every link begins with `http:`, `https:` or `pincite:`, as `index.citations.entries` makes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index.citations.entries import Entry, QuoteContext, context_in, describe_citation, nearest_entry
from index.records import texts
from index.records.remarks import plain, remark
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.records import Answer, Citation, Statement

INDENT = "    "
_ACTIVE = re.compile(
    r"""[\\`*_{}\[\]<#~^$|]     # emphasis, code, links, tags, attributes, templates, formulas, tables
    | ==                        # marked words
    | &(?=\#?\w+;)              # character references
    | @(?=\w)                   # mentions, pandoc's citations, addresses that become links
    | :(?=//) | (?<=\bwww)\.    # addresses that become links
    | !$                        # would make an image of a link that follows
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AT_THE_BEGINNING = re.compile(r"[-+:%>=]|\d+(?=[.)])")


def environment(*folders: Path) -> Environment:
    """Return the environment for the templates of some folders. A variable without a value is an error."""
    templates = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["count"] = texts.count
    templates.globals["texts"] = texts
    return templates


@dataclass(frozen=True, slots=True)
class Line:
    """A statement as a single line."""

    text: str
    markers: tuple[int, ...]
    """The markers of its evidence."""
    remark: str
    """What a reader must know about it: that nothing supports it, or what differs; empty if it is supported."""
    beside: tuple[int, ...] = ()
    """The markers of quotes that do not support it: they contradict it, or come nearest."""
    beside_as: Literal["", "see", "nearest"] = ""
    """The label of these quotes."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An answer, with all text from outside as single lines."""

    question: str
    lines: tuple[Line, ...]
    entries: tuple[Entry, ...]
    caution: str
    """A sentence with the confidence that says that there is no answer or an unsure one; empty for a clear answer."""
    nearest: Entry | None
    """The nearest text if there is no answer."""
    notes: tuple[str, ...]
    """Notes for the reader."""


def make_outline(answer: Answer, contexts: Mapping[int, QuoteContext] | None = None, *, site: str = "") -> Outline:
    """Return the outline of an answer. `contexts`, by marker, has the text around each quote; default: its passage.

    `site` as in `entries.deep_link`.
    """
    contexts = contexts or {}
    entries = tuple(
        describe_citation(citation, contexts.get(citation.marker) or context_in(citation, answer.hits), site=site)
        for citation in answer.citations
    )
    abstained = answer.status == "abstained"
    quotes = answer.writer == "quote"
    cautions = {
        "answered": "",
        "unsure": f"{texts.MAY_BE}. {texts.UNCLEAR}{_distance(answer)}.",
        "abstained": _refusal(answer),
    }
    return Outline(
        question=one_line(answer.question),
        lines=tuple(_line(statement, answer.citations, quotes=quotes) for statement in answer.statements),
        entries=entries,
        caution=cautions[answer.status],
        nearest=nearest_entry(answer.hits[0], site=site) if abstained and answer.hits else None,
        notes=tuple(one_line(plain(note)) for note in answer.notes),
    )


def _line(statement: Statement, citations: Sequence[Citation], *, quotes: bool) -> Line:
    """Return the line of a statement; `quotes` if the statements are quotations and not a model's sentences."""
    text = one_line(statement.text)
    if statement.is_supported:
        shown = f"“{text}”" if quotes and statement.verdict == "verbatim" else text
        return Line(shown, statement.markers, remark(statement, citations))
    text_of_remark = one_line(remark(statement, citations))
    if statement.markers:
        return Line(text, (), text_of_remark, statement.markers, "see")
    if statement.nearest is not None:
        return Line(text, (), text_of_remark, (statement.nearest,), "nearest")
    return Line(text, (), text_of_remark)


def _refusal(answer: Answer) -> str:
    return abstention(answer) if answer.searched[0] else f"{texts.NOTHING_SEARCHED}."


def abstention(answer: Answer) -> str:
    """Return the sentence that says that there is no answer, and the confidence."""
    passages, documents = answer.searched
    return (
        f"The documents hold no answer: nothing in {passages:,} passages of {documents:,} documents supports one"
        f"{_distance(answer)}."
    )


def _distance(answer: Answer) -> str:
    bar = f", from {answer.bar:.0%} on an answer is given" if answer.confidence < answer.bar else ""
    return f" (confidence {answer.confidence:.0%}{bar})"


def prose_citation(entry: Entry) -> str:
    """Return quote, reference and link, one a line."""
    return f"“{entry.words}”\n{entry.reference}\n{entry.link}\n"


def prose_answer(outline: Outline) -> str:
    """Return the question, the statements with their markers, and the sources with theirs."""
    sources = [f"[{entry.marker}] {_indented(entry)}" for entry in outline.entries]
    return numbered(outline, "Sources", sources)


def numbered(outline: Outline, heading: str, sources: Sequence[str]) -> str:
    """Return question and statements, and below a heading the sources in any style."""
    lines = [outline.caution] if outline.caution else []
    lines += map(_prose_statement, outline.lines)
    lines += [f"Note: {note}" for note in outline.notes]
    if outline.nearest:
        lines.append(f"Nearest: {_indented(outline.nearest)}")
    listed = [f"{heading}\n", *sources] if sources else []
    return "\n".join([f"Question: {outline.question}\n", *lines, *(["", *listed] if listed else [])]) + "\n"


def _prose_statement(line: Line) -> str:
    beside = f"; {line.beside_as} {_markers(line.beside)}" if line.beside else ""
    remark = f" ({line.remark}{beside})" if line.remark else ""
    return f"{_markers(line.markers) or '[-]'} {line.text}{remark}"


def _markers(markers: Iterable[int]) -> str:
    return "".join(f"[{marker}]" for marker in markers)


def _indented(entry: Entry) -> str:
    return f"{entry.reference}\n{INDENT}“{entry.words}”\n{INDENT}{entry.link}"


def escape_markdown(words: str) -> str:
    """Return a line of text that Markdown shows unchanged, at the beginning of a line and within it.

    It escapes everything with a meaning in CommonMark or in the extensions of GitHub and pandoc.
    """
    words = _ACTIVE.sub(r"\\\g<0>", words)
    if begun := _AT_THE_BEGINNING.match(words):
        at = begun.end() if begun.group()[0].isdigit() else 0
        words = f"{words[:at]}\\{words[at:]}"
    return words


def markdown_citation(entry: Entry) -> str:
    """Return a quotation with its source below."""
    return f"> “{escape_markdown(entry.words)}”\n>\n> — {escape_markdown(entry.reference)} <{entry.link}>\n"


def markdown_answer(outline: Outline) -> str:
    """Return the question as a heading, and the statements with footnotes of reference, quote and link."""
    blocks = [f"## {escape_markdown(outline.question)}"]
    blocks += [outline.caution] if outline.caution else []
    blocks += map(_markdown_statement, outline.lines)
    blocks += [f"Note: {escape_markdown(note)}" for note in outline.notes]
    blocks += [f"Nearest:\n\n{markdown_citation(outline.nearest).rstrip()}"] if outline.nearest else []
    blocks += [f"[^{entry.marker}]: {source(entry)}" for entry in outline.entries]
    return "\n\n".join(blocks) + "\n"


def source(entry: Entry) -> str:
    """Return reference, quote and link, or the name of the file, on one line."""
    place = f"<{entry.shared_link}>" if entry.shared_link else f"({escape_markdown(entry.file)})"
    return f"{escape_markdown(entry.reference)}: “{escape_markdown(entry.words)}” {place}"


def _markdown_statement(line: Line) -> str:
    remark = f" *({escape_markdown(line.remark)})*" if line.remark else ""
    beside = f" {line.beside_as}{_footnotes(line.beside)}" if line.beside else ""
    return f"{escape_markdown(line.text)}{_footnotes(line.markers)}{remark}{beside}"


def _footnotes(markers: Iterable[int]) -> str:
    return "".join(f"[^{marker}]" for marker in markers)


_environment = environment(Path(__file__).parent / "templates")


def html_citation(entry: Entry) -> str:
    """Return a block quote with its reference as the link."""
    return _environment.get_template("citation.html").render(entry=entry)


def html_answer(outline: Outline) -> str:
    """Return an article: the question, the statements, and the sources they link to."""
    keys = {entry.marker: entry.key for entry in outline.entries}
    return _environment.get_template("answer.html").render(outline=outline, keys=keys)
