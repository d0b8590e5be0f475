"""The contents of a library: documents, texts, pages, the map, and questions to begin with.

Questions are made from headings only: a heading names the topic of the text below it, so the document says something
about it. The same documents always give the same questions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.views.library_map import place_question, unplaced
from index.views.map_file import Maps
from index.views.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.library.models import Models
    from index.library.session import Lookup, Session
    from index.loading.pdf.page_cuts import PageMark, Rectangle
    from index.records import Document, DocumentInfo, Hit, Location, Span
    from index.storage.catalog.passage_queries import PassageRow
    from index.views.library_map import LibraryMap, Placement
    from index.views.windows import OpenOriginal, Original, View

MOST_WORDS = 9
LONGEST = 60
"""The longest heading, in characters."""
LONE_WORD = 12
"""A single word names a topic if it has at least this many letters, as compound words do; 4 in scripts without spaces
between words."""
LONGEST_TITLE = 48
_ROUNDS = 3
_GENERIC = re.compile(
    r"(?:table of )?(?:contents|figures|tables)|introduction|preface|foreword|abstract|summary|conclusions?|discussion"
    r"|results|methods?|background|references|bibliography|notes?|appendix.*|index|glossary|acknowledge?ments?|overview"
    r"|about (?:this|the) .*|how to (?:read|use) .*|conventions\b.*|.* and abbreviations|frequently asked questions"
    r"|(?:chapter|part|section) \w+|sources|further reading|changelog|licen[cs]e|untitled.*",
    re.IGNORECASE,
)
"""Headings that documents give to their parts, whatever they are about."""
_NUMBER = re.compile(
    r"(?:(?:§|chapter|part|section)\s*)?(?:(?:[ivxlc]{1,5}|[a-z]|\d+(?:\.\d+)*)[.):]|\d+(?:\.\d+)*)\s+", re.I
)
_SMALL = re.compile(r"(?:The|A|An|How|Why|What|Who|When|Where|Which|Whether|From|On|In)\b")
_NAMES_SOMETHING = re.compile(r"\d|\s\w*[^\W\d_a-z]")
"""Contains a number, or a capital letter after the first word."""
_LATIN = re.compile(r"[A-Za-z]")
_OPERATOR = re.compile(r"[\"“”„«»]|(?:^|\s)-\S|\b(?:in|type|after|before):")
"""A question with one of these would be parsed as an operator."""


def spread_evenly(documents: Sequence[DocumentInfo], number: int) -> list[DocumentInfo]:
    """Return up to three times `number` documents, evenly spread over their order; so is their first third."""
    wanted = min(_ROUNDS * number, len(documents))
    chosen = [documents[n * len(documents) // wanted] for n in range(wanted)]
    return [info for begin in range(_ROUNDS) for info in chosen[begin::_ROUNDS]]


def suggest_questions(
    documents: Sequence[DocumentInfo], headings: Mapping[str, Sequence[str]]
) -> list[tuple[str, ...]]:
    """Return a question for each document with a useful heading, in one or two forms, the better one first.

    `headings` are in order, by the document's id.
    """
    asked = (_question_about(info, headings.get(info.id, ())) for info in documents)
    return [*dict.fromkeys(forms for forms in asked if forms)]


def _question_about(info: DocumentInfo, headings: Sequence[str]) -> tuple[str, ...]:
    """Return the question about the first heading with a name, else about the first useful one; empty without one."""
    topics = [topic for heading in headings if _is_distinctive(topic := _bare(heading), info.title)]
    topic = min(topics, key=lambda topic: not _NAMES_SOMETHING.search(topic), default="")
    if topic.endswith(("?", "？")) or not _LATIN.search(topic):
        return (topic,) if topic else ()
    topic = _SMALL.sub(lambda word: word[0].lower(), topic, count=1) if _SMALL.match(topic) else topic
    title = _short(info.title)
    forms = (f"What does {title} say about {topic}?", f"What is said about {topic}?")
    return forms if title else forms[1:]


def _bare(heading: str) -> str:
    """Return a heading without its number, and not in capitals."""
    line = " ".join(heading.split())
    numbered = _NUMBER.match(line)
    bare = line[numbered.end() if numbered else 0 :].strip(" :.–—-")
    return bare.lower() if bare.isupper() and " " in bare else bare


def _is_distinctive(topic: str, title: str) -> bool:
    words = len(topic.split())
    return (
        (1 < words <= MOST_WORDS or (words == 1 and len(topic) >= (LONE_WORD if _LATIN.search(topic) else 4)))
        and len(topic) <= LONGEST
        and topic.casefold() not in title.casefold()
        and not _GENERIC.fullmatch(topic)
        and not _OPERATOR.search(topic)
    )


def _short(title: str) -> str:
    """Return a title up to its colon or dash; empty if it does not fit into a sentence."""
    head = re.split(r"[:–—]\s|\s-\s", " ".join(title.split()), maxsplit=1)[0].rstrip(" .–—")
    usable = 0 < len(head) <= LONGEST_TITLE and _LATIN.search(head) and not _OPERATOR.search(head)
    return head if usable else ""


class Contents:
    """Reads documents, shows spans of them, and keeps the map."""

    def __init__(self, session: Session, lookup: Lookup, models: Models) -> None:
        self._store = session.store
        self._catalog = session.catalog
        self._lookup = lookup
        self._models = models
        self._maps = Maps(session.catalog, session.folder, read_only=session.store.read_only)
        self._viewer = Viewer(session.store, max_bytes=session.max_bytes)

    def close(self) -> None:
        """Finish the map that is being made, if any."""
        self._maps.close()

    def documents(self) -> list[DocumentInfo]:
        """Return all documents, ordered by source."""
        return self._catalog.documents()

    def sources(self) -> dict[str, str]:
        """Return every source with the id of its document: several files with the same bytes are one document."""
        return dict(self._catalog.sources())

    def added_at(self, name: str) -> str:
        """Return when a document was added, as ISO 8601 in UTC; empty if it was added by an earlier version."""
        return self._catalog.added_at(self._lookup.find(name).id)

    def successor_of(self, identity: str) -> str:
        """Return the id of the newer version of a document that is no longer here; empty if none is known."""
        return self._catalog.successor_of(identity.lower())

    def document(self, name: str) -> Document:
        """Return a document with its text. Raises DocumentNotFound, AmbiguousDocument."""
        document = self._catalog.document(self._lookup.number(self._lookup.find(name).id))
        if document is None:
            raise DocumentNotFound(name)
        return document

    def passages(self, name: str) -> list[PassageRow]:
        """Return the passages of a document in order, each with its vectors as they are stored."""
        return [row for row, _ in self._catalog.rows_of(self._lookup.number(self._lookup.find(name).id))]

    def locate(self, name: str, span: Span) -> Location:
        """Return the page, headings and paragraph where a span begins. Raises SpanError if it is not in the text."""
        number = self._lookup.number(self._lookup.having(name, span).id)
        return self._store.locate([(number, span.start)])[0]

    def text(self, name: str, span: Span) -> str:
        """Return the words of a span; faster than `document(name).text` for long documents. Raises SpanError."""
        return self._viewer.text(self._lookup.having(name, span), span)

    def view(self, name: str, span: Span | None = None) -> View:
        """Return about 6,000 characters of text around a span, as headings and paragraphs; without a span, the first.

        An empty span shows what follows it: `view(name, Span(view.end, view.end))` is the next window.
        Raises SpanError if the span is not in the document.
        """
        return self._viewer.view(self._lookup.having(name, span), span)

    def page_marks(self, name: str, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of a PDF that hold a span, with rectangles around its words.

        The tuple is empty for other formats, and if the file is gone. Raises SpanError if the span is not in the text.
        """
        return self._viewer.page_marks(self._lookup.having(name, span), span)

    def page_image(
        self, name: str, number: int, span: Span | None = None, *, width: int = 1200, part: Rectangle | None = None
    ) -> bytes:
        """Return page `number` (from 1) of a PDF as PNG, `width` (200 to 3,000) pixels wide, with the span highlighted.

        With `part`, the picture shows this part of the page. Raises PageError for a page or width that does not exist
        or a page that takes too long to draw, OriginalMissing if the file is gone, SpanError.
        """
        return self._viewer.page_image(self._lookup.having(name, span), number, span, width=width, part=part)

    def original(self, name: str) -> Original:
        """Return the file that a document was read from. Raises OriginalMissing if it is gone or its bytes changed."""
        return self._viewer.original(self._lookup.find(name))

    def open_original(self, name: str) -> OpenOriginal:
        """Return the same file, open, without reading it into memory. Close its `file`."""
        return self._viewer.open_original(self._lookup.find(name))

    def has_original(self, name: str) -> bool:
        """Return whether `original` would succeed. A file is read again only if it looks changed."""
        return self._viewer.has_original(self._lookup.find(name))

    def map(self, *, wait: bool = False) -> LibraryMap:
        """Return a sample of all passages as dots in the plane; near dots say similar things.

        After a change, the older map (or an empty one) is returned while a new one is made in the background; `wait`
        waits for the new one, well under a second for any size of library.
        """
        return self._maps.newest(wait=wait)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placement:
        """Return where a question, given with its operators, and its hits are on the map. Waits for the first map.

        A question that was asked recently is not encoded again.
        """
        from index.text import query

        known = self._maps.first()
        if not known.shapes:
            return unplaced(known, hits)
        vector = self._models.question_encoder().recall(query.parse(question).text)
        return place_question(known, vector, hits, self._catalog)
