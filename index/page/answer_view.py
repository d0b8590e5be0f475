"""Renders answers as HTML: statements with source numbers, evidence cards, and positions in the documents."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from index.citations.entries import reference
from index.citations.kept import CONTEXT, MAX_LINE_CHARACTERS, KeptQuote
from index.page.fragments import render
from index.records import Span, remarks, texts
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.records import Answer, Citation, CoverageReport, DocumentInfo, Hit, Location

COPIES = 3
"""Copies of a passage that are named; the rest is only counted."""
RELATED = 4
"""Unused passages that are shown; the rest is folded."""
RAIL_LENGTH = 8
"""Documents beside the answer; the rest is only counted."""
COVERED = 200
"""Rows of a coverage report; the rest is only counted."""
FORMS = {
    "markdown": "Markdown",
    "text": "Plain text",
    "html": "HTML",
    "bibtex": "BibTeX",
    "ris": "RIS",
    "csl": "CSL-JSON",
    "apa": "APA",
    "mla": "MLA",
    "chicago": "Chicago",
    "pack": "Evidence pack",
}
"""Export formats of an answer, with their display names."""
_ITEM = re.compile(r"^\s*(?:[-–•*·‣]|\(?\d{1,2}[.)])\s+")
"""The marker of a list item. It is removed from statements, which are shown without their list."""
_OPERATOR = re.compile(r'\w:\S|(?:^|\s)-[\w"]|"')
"""Parts of a question that may have been read as operators."""
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Card:
    """A passage as evidence, with a marked span and its surroundings.

    It has no slots, so that cached properties work: several templates show the same values.
    """

    number: int
    hit: Hit
    span: Span
    location: Location
    cited: bool
    same_as: int = 0
    """The number of an earlier card with the same passage, or 0; this card then shows the span and its neighbours."""
    role: str = ""
    """The role of its words if they support no sentence of the answer."""

    @cached_property
    def quote(self) -> str:
        """The marked text."""
        return self.hit.words(self.span)

    @cached_property
    def parts(self) -> dict[str, str]:
        """The passage in parts: `far_before`, `before`, `marked`, `after`, `far_after`, without initial headings."""
        start, first, last = self._neighbourhood()
        places = (start, first, *self.span, last, self.hit.passage.end)
        texts = self.hit.texts([Span(a, b) for a, b in pairwise(places)])
        texts = [_BLANK_LINES.sub("\n\n", text) for text in texts]
        texts[0], texts[-1] = texts[0].lstrip(), texts[-1].rstrip()
        return dict(zip(("far_before", "before", "marked", "after", "far_after"), texts, strict=True))

    def _neighbourhood(self) -> tuple[int, int, int]:
        """Return the start of the text below its headings, and the bounds of the sentences around the span."""
        passage = self.hit.passage
        sentences = passage.sentences or (Span(passage.start, passage.end),)
        within = [
            n
            for n, sentence in enumerate(sentences)
            if sentence.end > self.span.start and sentence.start < self.span.end
        ]
        body = next((n for n, claim in enumerate(self.hit.claims) if claim > float("-inf")), 0)
        body = min(body, within[0])
        first, last = max(body, within[0] - 1), min(len(sentences) - 1, within[-1] + 1)
        start = sentences[body].start if body else passage.start
        return start, min(sentences[first].start, self.span.start), max(sentences[last].end, self.span.end)

    @cached_property
    def place(self) -> str:
        """The location in one line."""
        return place(self.hit.document, self.location)

    @cached_property
    def stated(self) -> tuple[str, ...]:
        """Author, date, place, the headers of a cell, and how recognised words were read, as far as there are any."""
        info, headers = self.hit.document, " · ".join(self.location.headers)
        parts = (info.author, info.date, self.place, headers, remarks.recognition(self.location))
        return tuple(part for part in parts if part)

    @property
    def reference(self) -> str:
        """The reference on paper: `John Snow, On the Mode of Communication of Cholera (1855), p. 39, ¶ 2`."""
        return reference(self.hit.document, self.location)

    @cached_property
    def kept(self) -> str:
        """The quote as JSON, for the buttons *Keep* and *Copy quote*."""
        return _quote_json(self)


def place(info: DocumentInfo, location: Location) -> str:
    """Return a location such as `p. 3, § Trade, ¶ 2`, without the document's name as first heading."""
    return without_title(info, location).label


def without_title(info: DocumentInfo, location: Location) -> Location:
    """Return a location without the title of its document as the first heading."""
    heading, name = location.heading, info.name
    if heading == name or heading.startswith(f"{name} > "):
        heading = heading[len(name) :].removeprefix(" > ")
    return replace(location, heading=heading)


def cards(answer: Answer) -> list[Card]:
    """Return a card for each citation, by marker, then one for each unused passage."""
    roles = _roles(answer)
    evidence: list[Card] = []
    first: dict[int, int] = {}
    for citation in answer.citations:
        hit = _holding(citation, answer.hits)
        same = first.setdefault(hit.passage.id, citation.marker)
        span = Span(citation.start, citation.end)
        again = same if same != citation.marker else 0
        role = roles.get(citation.marker, "")
        evidence.append(Card(citation.marker, hit, span, citation.location, cited=True, same_as=again, role=role))
    unused = (hit for hit in answer.hits if hit.passage.id not in first)
    return evidence + [
        Card(number, hit, hit.pin, hit.location, cited=False) for number, hit in enumerate(unused, len(evidence) + 1)
    ]


def _roles(answer: Answer) -> dict[int, str]:
    """Return the roles, by marker, of citations that support no sentence: contradicting or nearest words."""
    roles: dict[int, str] = {}
    for statement in answer.statements:
        if statement.nearest is not None:
            roles.setdefault(statement.nearest, "nearest words, not confirmed to say the same")
    for statement in answer.statements:
        if not statement.is_supported:
            roles |= dict.fromkeys(statement.markers, "says the opposite")
    supporting = {marker for statement in answer.statements if statement.is_supported for marker in statement.markers}
    return {marker: role for marker, role in roles.items() if marker not in supporting}


def _holding(citation: Citation, hits: Sequence[Hit]) -> Hit:
    return next(
        hit
        for hit in hits
        if hit.document.id == citation.document.id
        and hit.passage.start <= citation.start
        and citation.end <= hit.passage.end
    )


def answer(answer: Answer, evidence: Sequence[Card], milliseconds: float, key: str, *, narrowed: bool) -> str:
    """Return the answer or possible answer with its evidence, or the message for no answer or nothing found.

    `key` identifies the answer for `page/export`; `narrowed` means that the reader has excluded some documents.
    """
    has_answer = answer.status != "abstained"
    statements, cited = list(_statements(answer, evidence)), [card for card in evidence if card.cited]
    kept = _answer_json(answer, statements, cited) if has_answer else ""
    template = "answered.html" if has_answer else "abstained.html" if answer.hits else "nothing.html"
    return render(
        template,
        answer=answer,
        statements=statements,
        cited=cited,
        related=[card for card in evidence if not card.cited],
        quoted=len({citation.document.id for citation in answer.citations}),
        milliseconds=milliseconds,
        key=key,
        narrowed=narrowed,
        has_operators=bool(_OPERATOR.search(answer.question)),
        kept=kept,
        kept_id=_answer_id(kept),
        copies=COPIES,
        shown=RELATED,
        forms=FORMS,
    )


def _statements(answer: Answer, evidence: Sequence[Card]) -> Iterator[dict[str, Any]]:
    """Yield each statement with its verdict, and the cards that decided it or are nearest."""
    by_marker = {card.number: card for card in evidence}
    for statement in answer.statements:
        beside = statement.markers if statement.nearest is None else (statement.nearest,)
        yield {
            "text": without_mark(statement.text),
            "supported": statement.is_supported,
            "verdict": statement.verdict,
            "mark": statement.verdict if statement.is_claim else "unchecked",
            "name": remarks.verdict_name(statement, answer.citations),
            "proven": remarks.proven(statement, answer.citations) or remarks.PROVEN[statement.verdict],
            "reason": "" if statement.is_supported else remarks.reason(statement),
            "cards": [by_marker[marker] for marker in beside],
        }


def without_mark(words: str) -> str:
    """Return words without the marker of a list item, for display outside of their list."""
    return _ITEM.sub("", words)


def writing(text: str) -> str:
    """Return the text that a model has written so far."""
    return render("writing.html", paragraphs=[line for line in text.splitlines() if line.strip()])


def strips(documents: Sequence[DocumentInfo], evidence: Sequence[Card] = ()) -> str:
    """Return the documents as strips, with a tick at the position of each passage and copy.

    Documents with a passage come first, in the order of the passages. Those that the answer quotes, or that mention its
    subject as coverage counts it, stand out.
    """
    ticks: dict[str, list[dict[str, Any]]] = {}
    speaking: set[str] = set()
    for card in evidence:
        places = [(card.hit, card.span, False), *((copy, copy.pin, True) for copy in card.hit.also if not card.same_as)]
        for hit, span, again in places:
            percent = round(100 * span.start / max(1, hit.document.characters), 1)
            tick = {"number": card.number, "percent": percent, "again": again, "cited": card.cited}
            ticks.setdefault(hit.document.id, []).append(tick)
            if card.cited or hit.why.relevant:
                speaking.add(hit.document.id)
    order = {identity: number for number, identity in enumerate(ticks)}
    rows = sorted(documents, key=lambda info: (order.get(info.id, len(order)), info.source))[:RAIL_LENGTH]
    return render("strips.html", rows=rows, ticks=ticks, speaking=speaking, more=len(documents) - len(rows))


def coverage(report: CoverageReport) -> str:
    """Return the best passage of each document for a question, or `no mention`."""
    spoken = [Card(0, row.hit, row.hit.pin, row.hit.location, cited=False) for row in report if row.hit]
    silent = [row.document for row in report if row.hit is None]
    return render(
        "coverage.html",
        spoken=spoken[:COVERED],
        silent=silent[: max(0, COVERED - len(spoken))],
        speaking=len(spoken),
        total=len(report),
        notes=report.notes,
    )


# What the page's buttons keep and copy: quotes and answers as JSON.


def _quote_json(card: Card) -> str:
    """Return what the buttons of a card keep and copy, without the question, which the page knows."""
    return json.dumps({"quotes": [_quote(card)]}, ensure_ascii=False)


def _answer_json(answer: Answer, statements: Sequence[Mapping[str, Any]], cited: Sequence[Card]) -> str:
    """Return what the buttons *Keep* and *Copy* of an answer take: its sentences, and their quotes, each once."""
    numbers = {card.number: at for at, card in enumerate(cited)}
    sentences = [
        {
            "text": one_line(said["text"]),
            "quotes": [numbers[card.number] for card in said["cards"] if card.number in numbers],
            "remark": "" if said["supported"] else _remark(said),
        }
        for said in statements
    ]
    caution = texts.BY_MODEL if answer.writer == "model" else ""
    if answer.status == "unsure":
        caution = f"{texts.MAY_BE}. {texts.UNCLEAR}."
    fields = {
        "question": answer.question[:MAX_LINE_CHARACTERS],
        "caution": caution,
        "sentences": sentences,
        "quotes": [_quote(card) for card in cited],
    }
    return json.dumps(fields, ensure_ascii=False)


def _remark(said: Mapping[str, Any]) -> str:
    """Return the verdict on a sentence that the documents do not support."""
    return one_line(remarks.plain(f"{said['name']}: {said['reason']}".strip(": ")))[:MAX_LINE_CHARACTERS]


def _answer_id(kept: str) -> str:
    """Return the id of a kept answer: the same for the same sentences and quotes."""
    return f"a-{hashlib.sha256(kept.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _quote(card: Card) -> dict[str, Any]:
    """Return a card's quote with the characters around it, as far as the passage has them."""
    info, location, passage, (start, end) = card.hit.document, card.location, card.hit.passage, card.span
    around = (Span(max(passage.start, start - CONTEXT), start), Span(end, min(passage.end, end + CONTEXT)))
    before, after = card.hit.texts(around)
    kept = KeptQuote(
        document=info.id,
        source=info.source[:MAX_LINE_CHARACTERS],
        title=info.title[:MAX_LINE_CHARACTERS],
        author=info.author[:MAX_LINE_CHARACTERS],
        date=info.date[:MAX_LINE_CHARACTERS],
        page=location.page[:MAX_LINE_CHARACTERS],
        heading=location.heading[:MAX_LINE_CHARACTERS],
        paragraph=location.paragraph,
        start=start,
        end=end,
        quote=card.quote,
        before=before,
        after=after,
        place=location.place[:MAX_LINE_CHARACTERS],
        cell=location.cell[:MAX_LINE_CHARACTERS],
        headers=tuple(header[:MAX_LINE_CHARACTERS] for header in location.headers),
        recognised=location.recognised,
    )
    return asdict(kept)
