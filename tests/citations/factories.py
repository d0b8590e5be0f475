"""Citations and answers for the tests of exports, and texts that try to break out of every format."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from index.records import (
    Answer,
    Citation,
    Document,
    DocumentInfo,
    Hit,
    Landmark,
    Location,
    Passage,
    Span,
    Statement,
    Verdict,
)
from index.records.table import Reading
from tests.factories import why

TEXT = "Before it. The pump in Broad Street was the cause. After it."
QUOTE = Span(11, 50)
DOCUMENT = Document(
    id="5e" * 32,
    source="/home/me/private/cholera.pdf",
    title="On the Mode of Communication of Cholera",
    author="John Snow",
    date="1855-03-02",
    media_type="application/pdf",
    text=TEXT,
    landmarks=(Landmark("page", 0, "39"), Landmark("heading", 0, "Soho", 1), Landmark("paragraph", 0)),
)
FILE = DocumentInfo(
    DOCUMENT.id, DOCUMENT.source, DOCUMENT.title, DOCUMENT.author, DOCUMENT.date, DOCUMENT.media_type, len(TEXT), 1, 1
)
DOI = "10.1371/journal.pone.0118432"
ARTICLE = replace(FILE, reading=Reading(doi=DOI))
PAGE = replace(FILE, source="https://example.org/cholera", media_type="text/html")
PLACE = Location("39", "Soho", 1)


def citation(info: DocumentInfo = FILE, marker: int = 1, **changes: Any) -> Citation:
    """Return a citation of the sentence about the pump, with these fields changed."""
    pump = Citation(marker, info, PLACE, QUOTE.start, QUOTE.end, QUOTE.of(TEXT))
    return replace(pump, **changes)


def quoting(text: str, info: DocumentInfo = FILE, marker: int = 1, start: int = 0) -> Citation:
    """Return a citation of these words."""
    return citation(info, marker, start=start, end=start + len(text), quote=text)


def answer(*citations: Citation, **changes: Any) -> Answer:
    """Return an answer with one verbatim statement for each citation, with these fields changed."""
    unchanged = Answer(
        question="What was the cause?",
        status="answered",
        confidence=0.83,
        bar=0.5,
        statements=tuple(Statement(cited.quote, (cited.marker,), "verbatim") for cited in citations),
        citations=citations,
        hits=(),
        searched=(1284, 12),
        writer="quote",
        timings_ms={},
    )
    return replace(unchanged, **changes)


def hit(info: DocumentInfo = FILE) -> Hit:
    """Return a hit whose pin is the sentence about the pump."""
    sentences = (Span(0, 10), QUOTE, Span(51, len(TEXT)))
    passage = Passage(1, info.id, 0, 0, len(TEXT), TEXT, sentences)
    return Hit(passage, info, 0.9, QUOTE, PLACE, why())


def abstention(**changes: Any) -> Answer:
    """Return an abstention with a nearest hit."""
    return answer(status="abstained", confidence=0.21, hits=(hit(),), **changes)


TRAPS = (
    *("[^1]", "\n[^1]: forged", "![a](javascript:alert(1))", "[a](http://evil.example)", "[a]: http://evil.example\n"),
    *("http://evil.example", "www.evil.example", "<http://evil.example>", "you@evil.example", "**", "__", "`", "```"),
    *("\n```\n", "~~~", "$x$", " | ", "\n---\n", "\n===\n", "# ", "- ", "1. ", "> ", "    ", "\t", "==", "{.a}", "!"),
    *("<script>alert(1)</script>", "<i>", "</i>", "<!--", "-->", "]]>", "&amp;", "&#60;", '"', "'", "{{ 7*7 }}"),
    *(
        "{% x %}", '<span class="nocase">', "</span>", "@misc{x,", "}", "{", "},\n}\n@misc{forged, title={x}}", "\\",
        "\\}",
    ),
    *("\\input{x}", "#", "%", "&", "_", "~", "^", "--", "``", "''", "?`", "\n", "\r\n", "ER  - ", "TY  - "),
    *("\nER  - \nTY  - JOUR\n", "\u202e", "\u2066", "\u200b", "\ufeff", "\x00", "\x1b[31m", "\x85", "\u2028", "\u2029"),
    *("\ud800", "\u0301", " and ", ";", ", ", ".", "?", "…", " ", "😀", "עברית", "John Snow", "Snow, John", "None"),
    *("[1] ", "\n[1] forged"),
)  # fmt: skip
VERDICTS: tuple[Verdict, ...] = ("verbatim", "supported", "contradicted", "unverified")
hostile = st.lists(st.sampled_from(TRAPS) | st.text(max_size=6), max_size=7).map("".join)
"""Text of a malicious document."""
sources = (
    st.sampled_from(["/a/b.pdf", "https://example.org/a", "C:\\b.txt", ""])
    | hostile.map("https://a.example/{}".format)
    | hostile
)
dates = st.sampled_from(["", "1855", "1855-03", "1855-03-02", "0000", "2020-13-45"]) | hostile


@st.composite
def citations(draw: st.DrawFn, marker: int = 1) -> Citation:
    """Return a citation with malicious text in each field."""
    info = replace(
        FILE, source=draw(sources), title=draw(hostile), author=draw(hostile), date=draw(dates), id=draw(hostile) or "x"
    )
    info = replace(info, reading=Reading(doi=draw(hostile.map("10.1000/{}".format) | hostile)))
    place = Location(draw(hostile), draw(hostile), draw(st.integers(0, 9)))
    quote = draw(hostile)
    return citation(info, marker, location=place, start=7 * marker, end=7 * marker + len(quote), quote=quote)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Return an answer with malicious text in each field."""
    cited = [draw(citations(marker)) for marker in range(1, draw(st.integers(1, 3)) + 1)]
    statements = [
        _statement(verdict, draw(hostile), draw(hostile), draw(st.sampled_from([(1,), (1, len(cited)), ()])))
        for verdict in draw(st.lists(st.sampled_from(VERDICTS), max_size=3))
    ]
    notes = draw(st.lists(hostile, max_size=2))
    return answer(
        *cited,
        question=draw(hostile),
        statements=tuple(statements),
        notes=tuple(notes),
        writer="model",
        status=draw(st.sampled_from(("answered", "unsure"))),
    )


def _statement(verdict: Verdict, text: str, detail: str, markers: tuple[int, ...]) -> Statement:
    """Return a statement; an unverified one has no markers, only the nearest quote."""
    if verdict == "unverified":
        return Statement(text, (), verdict, detail, nearest=markers[0] if markers else None)
    return Statement(text, markers, verdict, detail)
