"""An answer as markup: statements with their numbers, the evidence as cards, and where in the library it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from index import remarks
from index.exporting import export
from index.exporting.describing import described
from index.records import Citation, Span
from index.web.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Answer, CoverageReport, DocumentInfo, Hit, Location

COPIES = 3
"""How many copies of a passage are named before the rest becomes a number."""
RELATED = 4
"""How many passages that the answer did not use are shown before the rest is folded away."""
RAIL_LENGTH = 8
"""How many documents stand beside the answer before the rest becomes a number."""
COVERED = 200
"""How many rows the coverage of a question has before the rest becomes a number."""
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
"""What an answer can be exported to, by the names that readers use."""
_ITEM = re.compile(r"^\s*(?:[-–•*·‣]|\(?\d{1,2}[.)])\s+")
"""What makes a line an item of a list, and is in the way once it stands alone."""
_OPERATOR = re.compile(r'\w:\S|(?:^|\s)-[\w"]|"')
"""What a question has that may have been understood as an operator."""
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Card:
    """A passage as evidence: the span that is marked in it, and what stands around the span."""

    number: int
    hit: Hit
    span: Span
    location: Location
    cited: bool
    same_as: int = 0
    """The number of the card that shows the same passage; this one then shows the span and its neighbours."""
    role: str = ""
    """What its words are to the answer, where they bear out no sentence of it."""

    @property
    def quote(self) -> str:
        """The marked words."""
        return self.hit.words(self.span)

    @property
    def parts(self) -> dict[str, str]:
        """The passage, cut: `far_before`, `before`, `marked`, `after`, `far_after`; headings that begin it left out."""
        start, first, last = self._neighbourhood()
        places = (start, first, *self.span, last, self.hit.passage.end)
        texts = [_BLANK_LINES.sub("\n\n", self.hit.words(Span(a, b))) for a, b in pairwise(places)]
        texts[0], texts[-1] = texts[0].lstrip(), texts[-1].rstrip()
        return dict(zip(("far_before", "before", "marked", "after", "far_after"), texts, strict=True))

    def _neighbourhood(self) -> tuple[int, int, int]:
        """Where the text begins below its headings; where the sentences next to the span's begin and end."""
        passage = self.hit.passage
        sentences = passage.sentences or (Span(passage.start, passage.end),)
        within = [n for n, each in enumerate(sentences) if each.end > self.span.start and each.start < self.span.end]
        body = next((n for n, claim in enumerate(self.hit.claims) if claim > float("-inf")), 0)
        body = min(body, within[0])
        first, last = max(body, within[0] - 1), min(len(sentences) - 1, within[-1] + 1)
        start = sentences[body].start if body else passage.start
        return start, min(sentences[first].start, self.span.start), max(sentences[last].end, self.span.end)

    @property
    def place(self) -> str:
        """Where it stands, in a line."""
        return place(self.hit.document, self.location)

    @property
    def reference(self) -> str:
        """What to write below a quote: `John Snow, On the Mode of Communication of Cholera (1855), p. 39, ¶ 2`."""
        return described(Citation(self.number, self.hit.document, self.location, *self.span, self.quote)).reference


def place(info: DocumentInfo, location: Location) -> str:
    """`p. 3, § Trade, ¶ 2`, less the document's own name above the other headings."""
    heading = location.heading
    if heading == info.name or heading.startswith(f"{info.name} > "):
        heading = heading[len(info.name) :].removeprefix(" > ")
    return replace(location, heading=heading).label


def cards(answer: Answer) -> list[Card]:
    """A card for each citation, by its marker, then one for each passage that the answer did not use."""
    roles = _roles(answer)
    made: list[Card] = []
    first: dict[int, int] = {}
    for each in answer.citations:
        hit = _holding(each, answer.hits)
        same = first.setdefault(hit.passage.id, each.marker)
        span = Span(each.start, each.end)
        again = same if same != each.marker else 0
        role = roles.get(each.marker, "")
        made.append(Card(each.marker, hit, span, each.location, cited=True, same_as=again, role=role))
    unused = (hit for hit in answer.hits if hit.passage.id not in first)
    return made + [
        Card(number, hit, hit.pin, hit.location, cited=False) for number, hit in enumerate(unused, len(made) + 1)
    ]


def _roles(answer: Answer) -> dict[int, str]:
    """By marker: that the words contradict a sentence, or only come nearest to one, and bear out none."""
    roles: dict[int, str] = {}
    for each in answer.statements:
        if each.nearest is not None:
            roles.setdefault(each.nearest, "nearest words, not found to say the same")
    for each in answer.statements:
        if not each.is_supported:
            roles |= dict.fromkeys(each.markers, "says otherwise")
    borne_out = {marker for each in answer.statements if each.is_supported for marker in each.markers}
    return {marker: role for marker, role in roles.items() if marker not in borne_out}


def _holding(citation: Citation, hits: Sequence[Hit]) -> Hit:
    return next(
        hit
        for hit in hits
        if hit.document.id == citation.document.id
        and hit.passage.start <= citation.start
        and citation.end <= hit.passage.end
    )


def answer(answer: Answer, made: Sequence[Card], milliseconds: float, key: str, *, narrowed: bool) -> str:
    """The answer with its evidence, the cards, or what may be one; or a state without: no answer, nothing found.

    `key` is what `page/export` knows the answer by; `narrowed` says that some documents were left out on purpose.
    """
    given = answer.status != "abstained"
    template = "answered.html" if given else "abstained.html" if answer.hits else "nothing.html"
    return render(
        template,
        answer=answer,
        statements=list(_statements(answer, made)),
        cited=[card for card in made if card.cited],
        related=[card for card in made if not card.cited],
        documents=len({hit.document.id for hit in answer.hits}),
        milliseconds=milliseconds,
        key=key,
        narrowed=narrowed,
        has_operators=bool(_OPERATOR.search(answer.question)),
        text=export(answer, "text") if given else "",
        copies=COPIES,
        shown=RELATED,
        forms=FORMS,
    )


def _statements(answer: Answer, made: Sequence[Card]) -> Iterator[dict[str, Any]]:
    """Each statement with its verdict, and with the cards that decided it or come nearest."""
    by_marker = {card.number: card for card in made}
    for each in answer.statements:
        beside = each.markers if each.nearest is None else (each.nearest,)
        yield {
            "text": _ITEM.sub("", each.text),
            "supported": each.is_supported,
            "verdict": each.verdict,
            "mark": each.verdict if each.is_claim else "unchecked",
            "name": remarks.name(each),
            "proven": remarks.PROVEN[each.verdict],
            "reason": "" if each.is_supported else remarks.reason(each),
            "cards": [by_marker[marker] for marker in beside],
        }


def writing(text: str) -> str:
    """What a model has written so far."""
    return render("writing.html", paragraphs=[line for line in text.splitlines() if line.strip()])


def strips(documents: Sequence[DocumentInfo], made: Sequence[Card] = ()) -> str:
    """The documents in brief, with a tick wherever a passage or a copy of it was found."""
    ticks: dict[str, list[dict[str, Any]]] = {}
    for card in made:
        places = [(card.hit, card.span, False), *((copy, copy.pin, True) for copy in card.hit.also if not card.same_as)]
        for hit, span, again in places:
            percent = round(100 * span.start / max(1, hit.document.characters), 1)
            tick = {"number": card.number, "percent": percent, "again": again, "cited": card.cited}
            ticks.setdefault(hit.document.id, []).append(tick)
    rows = sorted(documents, key=lambda info: info.id not in ticks)[:RAIL_LENGTH]
    rows.sort(key=lambda info: info.source)
    return render("strips.html", rows=rows, ticks=ticks, more=len(documents) - len(rows))


def coverage(report: CoverageReport) -> str:
    """What each document has to say to a question: its best passage, or that there is no mention."""
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
